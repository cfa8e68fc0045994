//! Postfix, private: its own configuration, queue and port below one directory, nothing of the machine's own Postfix.
//! It relays to the same sink, without look-ups, and may have as many processes as there are sessions.

use super::started::{free_address, wait_for_greeting};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Debian's place for it.
const PROGRAM: &str = "/usr/sbin/postfix";
/// Services of master(5): name, type, private, wakeup, process limit, command.
const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// A running Postfix; dropping it ends it.
pub struct Peer {
    dir: PathBuf,
    pid: u32,
    /// Where it takes mail.
    pub address: SocketAddr,
}

impl Peer {
    /// Whether there is one on this machine that we may start.
    pub fn is_installed() -> bool {
        Path::new(PROGRAM).exists() && rustix::process::geteuid().is_root()
    }

    /// Its version, as it says it.
    pub fn version() -> Option<String> {
        let said = Command::new("/usr/sbin/postconf")
            .args(["-d", "-h", "mail_version"])
            .output()
            .ok()?;
        Some(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    }

    /// Starts it in `dir`, which its own users must be able to enter.
    pub fn start(dir: &Path, sessions: u32, hop: SocketAddr) -> io::Result<Self> {
        let address = free_address()?;
        for name in ["etc", "queue", "data"] {
            fs::create_dir_all(dir.join(name))?;
            fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o755))?;
        }
        own(&dir.join("data"))?;
        fs::write(dir.join("etc/main.cf"), main_cf(dir, sessions, hop))?;
        fs::write(
            dir.join("etc/master.cf"),
            format!("{address} inet n - n - - smtpd\n{SERVICES}"),
        )?;
        control(dir, "start")?;
        // From here on it is stopped again, whatever fails.
        let mut peer = Self {
            dir: dir.to_owned(),
            pid: 0,
            address,
        };
        wait_for_greeting(address)?;
        let pid = fs::read_to_string(dir.join("queue/pid/master.pid"))?;
        peer.pid = pid
            .trim()
            .parse()
            .map_err(|_| io::Error::other(format!("master.pid says {pid:?}")))?;
        Ok(peer)
    }

    /// The process above all others of it.
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Err(error) = control(&self.dir, "stop") {
            eprintln!("postern-bench: Postfix does not stop: {error}");
        }
    }
}

/// Gives a directory to the user that Postfix runs as.
fn own(dir: &Path) -> io::Result<()> {
    let done = Command::new("chown").arg("postfix").arg(dir).status()?;
    if done.success() {
        Ok(())
    } else {
        Err(io::Error::other("there is no user postfix"))
    }
}

fn control(dir: &Path, verb: &str) -> io::Result<()> {
    let said = Command::new(PROGRAM)
        .arg("-c")
        .arg(dir.join("etc"))
        .arg(verb)
        .stdin(Stdio::null())
        .output()?;
    // Its programs start in the background after this.
    sleep(Duration::from_millis(200));
    if said.status.success() {
        return Ok(());
    }
    let log = fs::read_to_string(dir.join("mail.log")).unwrap_or_default();
    Err(io::Error::other(format!(
        "postfix {verb}: {} {log}",
        String::from_utf8_lossy(&said.stderr)
    )))
}

fn main_cf(dir: &Path, sessions: u32, hop: SocketAddr) -> String {
    let dir = dir.display();
    format!(
        "compatibility_level = 3.6\nqueue_directory = {dir}/queue\ndata_directory = {dir}/data\n\
         maillog_file = {dir}/mail.log\nmaillog_file_prefixes = {dir}\nmyhostname = mx.example.test\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\nmydestination =\n\
         relayhost = [{}]:{}\nsmtp_dns_support_level = disabled\nsmtp_host_lookup = native\n\
         smtpd_peername_lookup = no\nsmtpd_client_connection_count_limit = 0\nsmtp_tls_security_level = none\n\
         smtpd_tls_security_level = none\ndefault_process_limit = {}\ndefault_destination_concurrency_limit = 20\n\
         alias_maps =\nalias_database =\nlocal_recipient_maps =\n",
        hop.ip(),
        hop.port(),
        sessions + 50,
    )
}
