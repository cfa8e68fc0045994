//! OpenSSL, whose command line makes certificates as administrators do, and whose s_client speaks TLS as strangers do.

use super::wait::{soon, until};
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// An OpenSSL that does not end is broken.
const COMMAND: Duration = Duration::from_secs(60);

/// Why OpenSSL cannot be used here, if so.
pub fn openssl_missing() -> Option<&'static str> {
    let ran = Command::new("openssl").arg("version").output();
    ran.is_err()
        .then_some("there is no openssl; deploy/packages test installs it")
}

/// Runs the command, which must succeed.
#[track_caller]
pub fn openssl(arguments: &[&str]) {
    let mut command = Command::new("openssl");
    super::run_to_end(command.args(arguments), "", COMMAND).ended(0);
}

/// The keys that certificates are made with.
pub const ECDSA: &str = "ec";
/// See [`ECDSA`].
pub const RSA: &str = "rsa:2048";

/// Makes a self-signed certificate for a host name; the file has the certificate and its key.
#[track_caller]
pub fn certificate(directory: &Path, name: &str, key: &str) -> PathBuf {
    let file = directory.join(format!("{name}-{}.pem", key.replace(':', "-")));
    let key_file = file.with_extension("key");
    let path = |path: &Path| path.to_str().expect("a path of ours").to_owned();
    let (subject, host) = (format!("/CN={name}"), format!("subjectAltName=DNS:{name}"));
    let mut arguments = vec!["req", "-x509", "-nodes", "-days", "30", "-subj", &subject];
    arguments.extend(["-addext", &host, "-newkey", key]);
    if key == ECDSA {
        arguments.extend(["-pkeyopt", "ec_paramgen_curve:P-256"]);
    }
    let (out, key_out) = (path(&file), path(&key_file));
    arguments.extend(["-out", &out, "-keyout", &key_out]);
    openssl(&arguments);
    let both = [fs::read(&file), fs::read(&key_file)].map(|read| read.expect("just made"));
    fs::write(&file, both.concat()).expect("a file");
    file
}

/// Makes a certificate that this authority vouches for, as [`certificate`] makes one that nobody does.
#[track_caller]
pub fn signed_certificate(directory: &Path, name: &str, authority: &Path) -> PathBuf {
    let path = |end: &str| directory.join(format!("{name}-signed.{end}"));
    let [file, key, request] = ["pem", "key", "csr"].map(path);
    let [out, key_out, request_out, by] =
        [&*file, &*key, &*request, authority].map(|path| path.to_str().expect("a path of ours"));
    let (subject, host) = (format!("/CN={name}"), format!("subjectAltName=DNS:{name}"));
    // Without an extension it would be of version 1, which is older than checking.
    let asking = [
        "req", "-new", "-nodes", "-newkey", RSA, "-subj", &subject, "-addext", &host,
    ];
    openssl(&[&asking[..], &["-keyout", key_out, "-out", request_out]].concat());
    let signing = [
        "x509",
        "-req",
        "-copy_extensions",
        "copy",
        "-in",
        request_out,
        "-CA",
        by,
        "-CAkey",
        by,
    ];
    openssl(&[&signing[..], &["-CAcreateserial", "-days", "30", "-out", out]].concat());
    let both = [fs::read(&file), fs::read(&key)].map(|read| read.expect("just made"));
    fs::write(&file, both.concat()).expect("a file");
    file
}

/// `openssl s_client` in conversation with the gateway.
pub struct SClient {
    child: Child,
    input: ChildStdin,
    /// What it printed: about TLS, and what the gateway said in it.
    printed: Arc<Mutex<String>>,
    /// How much of that was taken.
    taken: usize,
}

impl SClient {
    /// Connects, asks for TLS by STARTTLS, and waits until it is there.
    #[track_caller]
    pub fn starttls(address: SocketAddr, arguments: &[&str]) -> Self {
        Self::connect(address, &[&["-starttls", "smtp"], arguments].concat())
    }

    /// Connects in TLS from the first octet, and takes the banner.
    #[track_caller]
    pub fn implicit(address: SocketAddr, arguments: &[&str]) -> Self {
        let mut client = Self::connect(address, arguments);
        client.expect(220);
        client
    }

    fn connect(address: SocketAddr, arguments: &[&str]) -> Self {
        let mut command = Command::new("openssl");
        command
            .args(["s_client", "-ign_eof", "-connect", &address.to_string()])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("openssl starts");
        let input = child.stdin.take().expect("it is a pipe");
        let mut output = child.stdout.take().expect("it is a pipe");
        let printed = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&printed);
        thread::spawn(move || {
            let mut piece = [0; 16 * 1024];
            while let Ok(octets @ 1..) = output.read(&mut piece) {
                let text = String::from_utf8_lossy(&piece[..octets]);
                kept.lock().expect("nothing panics with it").push_str(&text);
            }
        });
        let mut client = Self {
            child,
            input,
            printed,
            taken: 0,
        };
        client.await_tls();
        client
    }

    #[track_caller]
    fn await_tls(&mut self) {
        let end = "Verify return code:";
        self.taken = soon("s_client is in TLS", || {
            let printed = self.printed();
            let at = printed.find(end)?;
            printed[at..].find("\n---\n").map(|more| at + more + 5)
        });
    }

    /// What it printed so far: `New, TLSv1.3, Cipher is ...`, `Peer signature type: ECDSA`.
    pub fn printed(&self) -> String {
        self.printed.lock().expect("nothing panics with it").clone()
    }

    /// Sends octets.
    #[track_caller]
    pub fn send(&mut self, octets: &[u8]) {
        self.input.write_all(octets).expect("s_client listens");
        self.input.flush().expect("s_client listens");
    }

    /// Sends a line, and takes the reply, which must have this code; its last line.
    #[track_caller]
    pub fn ask(&mut self, line: &str, code: u16) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.expect(code)
    }

    /// The last line of the next reply, which must have this code.
    #[track_caller]
    pub fn expect(&mut self, code: u16) -> String {
        let reply = soon(&format!("a reply with {code} to s_client"), || {
            let printed = self.printed();
            let mut at = self.taken;
            for line in printed[self.taken..].split_inclusive('\n') {
                at += line.len();
                if is_end_of_reply(line) {
                    self.taken = at;
                    return Some(line.trim_end().to_owned());
                }
            }
            None
        });
        assert!(reply.starts_with(&code.to_string()), "{}", self.printed());
        reply
    }

    /// A whole message that must be taken; its MID.
    #[track_caller]
    pub fn accepted(&mut self, from: &str, to: &str, message: &[u8]) -> u64 {
        self.ask(&format!("MAIL FROM:<{from}>"), 250);
        self.ask(&format!("RCPT TO:<{to}>"), 250);
        self.ask("DATA", 354);
        self.send(&super::stuffed(message));
        let reply = self.expect(250);
        let mid = reply.rsplit(' ').next().and_then(|mid| mid.parse().ok());
        mid.unwrap_or_else(|| panic!("no MID: {reply}"))
    }

    /// Says goodbye, and waits for its end; all that it printed.
    #[track_caller]
    pub fn quit(mut self) -> String {
        self.ask("QUIT", 221);
        self.ended()
    }

    /// Waits until the gateway has closed; all that it printed.
    #[track_caller]
    pub fn ended(mut self) -> String {
        until("s_client ends", COMMAND, || {
            self.child.try_wait().expect("a child can be waited for")
        });
        self.printed()
    }
}

impl Drop for SClient {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `250 ...`, and not `250-...` or what s_client prints of itself.
fn is_end_of_reply(line: &str) -> bool {
    let (code, rest) = line.split_at_checked(3).unwrap_or_default();
    code.bytes().all(|octet| octet.is_ascii_digit()) && rest.starts_with(' ') && line.ends_with('\n')
}
