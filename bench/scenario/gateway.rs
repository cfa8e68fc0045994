//! The gateway as a scenario runs it: the smallest configuration, scanning as it is by default.

use super::started::{Started, free_address, wait_for, wait_for_greeting};
use crate::args::Accept;
use crate::process;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

/// A running gateway.
pub struct Gateway {
    started: Started,
    /// Where it takes mail.
    pub address: SocketAddr,
}

impl Gateway {
    /// Starts `postern run` in a directory of its own, and waits until it takes mail.
    pub fn start(wishes: &Accept, dir: &Path, hop: SocketAddr) -> io::Result<Self> {
        let address = free_address()?;
        let file = dir.join("postern.toml");
        fs::write(&file, configuration(wishes, dir, [address, hop, free_address()?]))?;
        let mut command = Command::new(&wishes.postern);
        command
            .arg("run")
            .arg("--config")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command.stderr(File::create(dir.join("stderr"))?);
        let started = Started::new(&mut command)?;
        wait_for_greeting(address)
            .map_err(|error| io::Error::other(format!("{error}; it said: {}", last_words(dir))))?;
        Ok(Self { started, address })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.started.pid()
    }

    /// The portal's process, which the gateway starts by itself, a moment after it takes mail.
    pub fn portal(&self) -> io::Result<u32> {
        wait_for("the gateway has no portal process", || {
            process::children(self.pid()).map(|children| children.first().copied())
        })
    }
}

fn configuration(wishes: &Accept, dir: &Path, [address, hop, portal]: [SocketAddr; 3]) -> String {
    // TOML reads these strings as Rust writes them: a path with a quote or a backslash is all that they escape. Without
    // [dns], clients on loopback have no name that is asked for, and all others are addresses.
    let conversation = match wishes.conversation_lines {
        Some(lines) => format!("\n[limits]\nconversation_lines = {lines}\n"),
        None => String::new(),
    };
    format!(
        "hostname = \"mx.example.test\"\ndata_dir = {:?}\ndriver = \"{}\"\n\n[[listener]]\nname = \"inbound\"\n\
         address = \"{address}\"\n\n[[domain]]\nname = \"example.test\"\nroute = \"{hop}\"\n\n[[route]]\n\
         domain = \"*\"\nto = \"{hop}\"\n\n[portal]\naddress = \"{portal}\"\n{conversation}",
        dir.join("data").display().to_string(),
        wishes.driver.key(),
    )
}

fn last_words(dir: &Path) -> String {
    fs::read_to_string(dir.join("stderr"))
        .unwrap_or_default()
        .trim()
        .to_owned()
}
