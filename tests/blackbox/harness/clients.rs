//! SMTP clients that are not ours: Python's smtplib, which is wherever the tests run, and swaks.

use super::program::{Ran, run_to_end};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(120);

/// In front of every script: a client that takes any certificate, as mail servers do.
const PRELUDE: &str = "\
import email.message, smtplib, ssl, sys
anyone = ssl.create_default_context()
anyone.check_hostname = False
anyone.verify_mode = ssl.CERT_NONE
host, port = sys.argv[1], int(sys.argv[2])
";

/// Runs a script with the gateway's address in `host` and `port`, and further arguments from `sys.argv[3]` on. It must end
/// well.
#[track_caller]
pub fn python(script: &str, address: std::net::SocketAddr, arguments: &[&str]) -> Ran {
    let mut command = Command::new("python3");
    let whole = format!("{PRELUDE}{script}");
    command.args([
        "-c",
        &whole,
        &address.ip().to_string(),
        &address.port().to_string(),
    ]);
    run_to_end(command.args(arguments), "", WITHIN).ended(0)
}

/// Why there is no swaks, if so.
pub fn swaks_missing() -> Option<&'static str> {
    (!Path::new("/usr/bin/swaks").exists()).then_some("there is no swaks; deploy/packages test installs it")
}

/// Runs swaks; its output is the conversation.
#[track_caller]
pub fn swaks(address: std::net::SocketAddr, arguments: &[&str]) -> Ran {
    let mut command = Command::new("swaks");
    command.args([
        "--server",
        &address.to_string(),
        "--helo",
        "client.example.com",
        "--timeout",
        "30",
    ]);
    run_to_end(command.args(arguments), "", WITHIN)
}
