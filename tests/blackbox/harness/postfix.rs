//! A real Postfix, private: configuration, queue and port below one directory, nothing of the machine's own. It relays
//! whatever it is given to one place, in TLS only, as a mail server that is not ours would.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const PROGRAM: &str = "/usr/sbin/postfix";
/// Services of master(5) beside smtpd: name, type, private, wakeup, process limit, command.
const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
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
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// Running; it goes away with its value.
pub struct Postfix {
    home: TempDir,
    /// Where it takes mail.
    pub address: SocketAddr,
}

impl Postfix {
    /// Why it cannot be started here, if so.
    pub fn missing() -> Option<&'static str> {
        if !Path::new(PROGRAM).exists() {
            return Some("there is no /usr/sbin/postfix; deploy/packages test installs it");
        }
        (!rustix::process::geteuid().is_root()).then_some("only root may start a Postfix")
    }

    /// Starts one that relays everything to `next`.
    #[track_caller]
    pub fn start(next: SocketAddr) -> Self {
        let home = super::scratch();
        let address = SocketAddr::from((super::own_address(), 2525));
        let path = |name: &str| home.path().join(name);
        for name in ["", "etc", "queue", "data"] {
            fs::create_dir_all(path(name)).expect("a directory");
            // Postfix's own users go in and out here.
            fs::set_permissions(path(name), fs::Permissions::from_mode(0o755)).expect("it is ours");
        }
        let owned = Command::new("chown").arg("postfix").arg(path("data")).status();
        assert!(owned.expect("chown starts").success(), "there is no user postfix");
        fs::write(path("etc/main.cf"), main_cf(home.path(), next)).expect("a file");
        let services = format!("{address} inet n - n - - smtpd\n{SERVICES}");
        fs::write(path("etc/master.cf"), services).expect("a file");
        let postfix = Self { home, address };
        let said = postfix.control("start");
        assert!(
            said.status.success(),
            "postfix start: {said:?}\n{}",
            postfix.log()
        );
        postfix
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("mail.log")).unwrap_or_default()
    }

    fn control(&self, verb: &str) -> std::process::Output {
        let mut command = Command::new(PROGRAM);
        command.arg("-c").arg(self.home.path().join("etc")).arg(verb);
        command.stdin(Stdio::null()).output().expect("postfix starts")
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.control("stop");
        if std::thread::panicking() {
            eprintln!("--- Postfix's log:\n{}---", self.log());
        }
    }
}

/// What it is given it passes on octet by octet (`smtp_line_length_limit`), to nobody whom a certificate would have to name.
fn main_cf(home: &Path, next: SocketAddr) -> String {
    let (home, ip, port) = (home.display(), next.ip(), next.port());
    format!(
        "compatibility_level = 3.6\nqueue_directory = {home}/queue\ndata_directory = {home}/data\n\
         maillog_file = {home}/mail.log\nmaillog_file_prefixes = {home}\nmyhostname = relay.example.com\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\nmydestination =\n\
         relayhost = [{ip}]:{port}\nsmtp_dns_support_level = disabled\nsmtp_host_lookup = native\n\
         smtpd_peername_lookup = no\nsmtp_tls_security_level = encrypt\nsmtp_tls_loglevel = 1\n\
         smtpd_tls_security_level = none\nsmtp_line_length_limit = 0\nalias_maps =\nalias_database =\n\
         local_recipient_maps =\n"
    )
}
