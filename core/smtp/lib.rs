//! SMTP without I/O: the server machine, the client machine, the body scanner
