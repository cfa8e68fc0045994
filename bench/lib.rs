//! The load pair: an SMTP source and a sink
