//! The one door to the store: requests, replies, who asks, and a client over a Unix socket
