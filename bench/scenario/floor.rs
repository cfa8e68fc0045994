//! The floor: the bare sink under the same load. What is above it is the gateway's own.

use super::started::{Started, free_address, wait_for_greeting};
use std::io;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

/// A sink in a process of its own.
pub struct Floor {
    started: Started,
    /// Where it takes mail.
    pub address: SocketAddr,
}

impl Floor {
    /// Starts it.
    pub fn start() -> io::Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["sink", "--listen", &address.to_string()]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let started = Started::new(&mut command)?;
        wait_for_greeting(address)?;
        Ok(Self { started, address })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.started.pid()
    }
}
