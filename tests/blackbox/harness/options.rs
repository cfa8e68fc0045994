//! What a gateway's configuration says.

use super::{Gateway, NameServer, NextHop};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A configuration under construction.
pub struct Options {
    hop: SocketAddr,
    recipients: Option<Vec<String>>,
    domain: String,
    top: String,
    tables: String,
    listener: String,
    data_dir: Option<PathBuf>,
    address: Ipv4Addr,
    name_server: SocketAddr,
}

impl Options {
    /// Mail for example.test, and all other mail too, goes to this next hop. Retries come quickly.
    pub fn new(hop: &NextHop) -> Self {
        Self {
            hop: hop.address,
            recipients: None,
            domain: String::new(),
            top: String::new(),
            tables: String::new(),
            listener: String::new(),
            data_dir: None,
            address: super::own_address(),
            name_server: refusing(),
        }
    }

    /// The only recipients of example.test.
    pub fn recipients(mut self, recipients: &[&str]) -> Self {
        self.recipients = Some(recipients.iter().map(|one| (*one).to_owned()).collect());
        self
    }

    /// A further key of example.test.
    pub fn domain(mut self, line: &str) -> Self {
        self.domain.push_str(&format!("{line}\n"));
        self
    }

    /// A further key above the tables.
    pub fn top(mut self, line: &str) -> Self {
        self.top.push_str(&format!("{line}\n"));
        self
    }

    /// A further key of the listener.
    pub fn listener(mut self, line: &str) -> Self {
        self.listener.push_str(&format!("{line}\n"));
        self
    }

    /// Further tables.
    pub fn tables(mut self, text: &str) -> Self {
        self.tables.push_str(&format!("\n{text}\n"));
        self
    }

    /// Another directory than a fresh one.
    pub fn data_dir(mut self, path: &Path) -> Self {
        self.data_dir = Some(path.to_owned());
        self
    }

    /// A name server other than the one that knows nothing.
    pub fn name_server(mut self, server: &NameServer) -> Self {
        self.name_server = server.address;
        self
    }

    /// The address of another gateway.
    pub fn address_of(mut self, other: &Gateway) -> Self {
        self.address = other.address;
        self
    }

    /// Writes the configuration and starts the daemon.
    #[track_caller]
    pub fn start(self) -> Gateway {
        let mut gateway = self.prepare();
        gateway.launch();
        gateway.wait_until_ready();
        gateway
    }

    /// Writes the configuration only.
    pub fn prepare(self) -> Gateway {
        let home = super::scratch();
        let data_dir = self.data_dir.clone().unwrap_or_else(|| home.path().join("data"));
        let config = home.path().join("postern.toml");
        fs::write(&config, self.text(&data_dir)).expect("the configuration is written");
        Gateway {
            home,
            config,
            data_dir,
            address: self.address,
            child: None,
            lives: 0,
        }
    }

    fn text(&self, data_dir: &Path) -> String {
        let Self {
            hop,
            recipients,
            domain,
            top,
            listener,
            tables,
            address,
            name_server,
            ..
        } = self;
        let recipients = recipients
            .as_ref()
            .map_or_else(String::new, |all| format!("recipients = {all:?}"));
        // The route for all the rest is what keeps bounces to made-up senders on this machine, and the test's own name
        // server keeps look-ups there.
        format!(
            r#"hostname = "mx.example.test"
data_dir = "{data_dir}"
{top}
[[listener]]
name = "inbound"
address = "{address}:2525"
{listener}

[[domain]]
name = "example.test"
route = "{hop}"
{recipients}
{domain}

[[route]]
domain = "*"
to = "{hop}"

[dns]
servers = ["{name_server}"]

[portal]
address = "{address}:8025"
{tables}"#,
            data_dir = data_dir.display(),
        )
    }
}

/// One name server for all tests that do not care: it says at once that it cannot say. One that is not there would cost
/// each connection the banner's second.
fn refusing() -> SocketAddr {
    static SERVER: OnceLock<NameServer> = OnceLock::new();
    let start = || NameServer::start(super::own_address(), "* REFUSED");
    SERVER.get_or_init(start).address
}
