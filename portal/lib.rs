//! The web portal: a user's quarantine, lists, digests, and the administrators' tracking
