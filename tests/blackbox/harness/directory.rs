//! A real directory: Debian's slapd, with a few people in it, run as whoever runs the tests from a scratch directory. The
//! engine's own tests start the same one, so it knows nothing of the rest of this harness.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SLAPD: &str = "/usr/sbin/slapd";
const SLAPADD: &str = "/usr/sbin/slapadd";
const PORT: u16 = 3890;
const TLS_PORT: u16 = 6360;
const START: Duration = Duration::from_secs(20);

/// Where everybody is.
pub const BASE: &str = "ou=people,dc=example,dc=test";
/// What is above, and has a part that is in another directory.
pub const ROOT: &str = "dc=example,dc=test";
/// Who may read it; nobody else may.
pub const BIND_DN: &str = "cn=gateway,dc=example,dc=test";
/// Their password.
pub const PASSWORD: &str = "let me look";

/// Alice has two addresses, Bob has one; who else there may be, another directory knows.
const PEOPLE: &str = "\
dn: dc=example,dc=test
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=gateway,dc=example,dc=test
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: gateway
userPassword: let me look

dn: ou=people,dc=example,dc=test
objectClass: organizationalUnit
ou: people

dn: cn=alice,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
cn: alice
sn: Alice
mail: alice@example.test
mail: sales@example.test

dn: cn=bob,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
cn: bob
sn: Bob
mail: bob@example.test

dn: ou=elsewhere,dc=example,dc=test
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://other.example.test/ou=elsewhere,dc=example,dc=test
";

/// The directory, running or stopped. It goes away with its value.
pub struct Slapd {
    home: TempDir,
    address: Ipv4Addr,
    child: Option<Child>,
}

impl Slapd {
    /// Why it cannot be started here, if so.
    pub fn missing() -> Option<&'static str> {
        let here = Path::new(SLAPD).exists() && Path::new(SLAPADD).exists();
        (!here).then_some("there is no /usr/sbin/slapd; deploy/packages test installs it")
    }

    /// Starts it on a loopback address that nobody else has.
    #[track_caller]
    pub fn start(address: Ipv4Addr) -> Self {
        let home = tempfile::Builder::new()
            .prefix("postern-slapd-")
            .tempdir()
            .expect("a temporary directory");
        fs::create_dir(home.path().join("db")).expect("an empty directory");
        make_certificate(home.path(), address);
        fs::write(home.path().join("slapd.conf"), configuration(home.path())).expect("a file");
        fs::write(home.path().join("people.ldif"), PEOPLE).expect("a file");
        let loaded = Command::new(SLAPADD)
            .arg("-f")
            .arg(home.path().join("slapd.conf"))
            .arg("-l")
            .arg(home.path().join("people.ldif"))
            .output()
            .expect("slapadd starts");
        let said = String::from_utf8_lossy(&loaded.stderr);
        assert!(loaded.status.success(), "slapadd: {said}");
        let mut directory = Self {
            home,
            address,
            child: None,
        };
        directory.start_again();
        directory
    }

    /// Starts it with the same people, and waits until it answers.
    #[track_caller]
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let (plain, tls) = (self.url(), self.tls_url());
        let log = fs::File::create(self.home.path().join("log")).expect("a file");
        let child = Command::new(SLAPD)
            .arg("-f")
            .arg(self.home.path().join("slapd.conf"))
            .args(["-h", &format!("{plain}/ {tls}/"), "-d", "0"])
            .stdin(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("slapd starts"));
        let begun = Instant::now();
        for port in [PORT, TLS_PORT] {
            while TcpStream::connect(SocketAddr::from((self.address, port))).is_err() {
                let said = || fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
                assert!(begun.elapsed() < START, "slapd does not answer: {}", said());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Ends it; its port refuses connections when this returns.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended by itself is just as gone.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// `ldap://...`
    pub fn url(&self) -> String {
        format!("ldap://{}:{PORT}", self.address)
    }

    /// `ldaps://...`
    pub fn tls_url(&self) -> String {
        format!("ldaps://{}:{TLS_PORT}", self.address)
    }

    /// `[directory]` with StartTLS and a log-in; more keys may follow.
    pub fn table(&self) -> String {
        let (url, authorities) = (self.url(), self.authorities());
        let (authorities, password) = (authorities.display(), self.password_file(PASSWORD));
        let password = password.display();
        format!(
            r#"[directory]
url = "{url}"
start_tls = true
authorities = "{authorities}"
bind_dn = "{BIND_DN}"
bind_password_file = "{password}"
base = "{BASE}"
"#
        )
    }

    /// Who vouches for its certificate.
    pub fn authorities(&self) -> PathBuf {
        self.home.path().join("certificate.pem")
    }

    /// A file with this on its first line, for `bind_password_file`.
    pub fn password_file(&self, password: &str) -> PathBuf {
        let file = self.home.path().join(format!("password-{password}"));
        fs::write(&file, format!("{password}\nnot this line\n")).expect("a file");
        file
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Self-signed, and so its own authority.
fn make_certificate(home: &Path, address: Ipv4Addr) {
    let made = rcgen::generate_simple_self_signed([address.to_string()]).expect("a certificate");
    fs::write(home.join("certificate.pem"), made.cert.pem()).expect("a file");
    fs::write(home.join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
}

fn configuration(home: &Path) -> String {
    let home = home.display();
    format!(
        r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {home}/pid
TLSCertificateFile {home}/certificate.pem
TLSCertificateKeyFile {home}/key.pem
database mdb
suffix "{ROOT}"
directory {home}/db
maxsize 10485760
index objectClass,mail eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{BIND_DN}" read by * none
"#
    )
}
