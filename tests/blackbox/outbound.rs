//! Promise: our own hosts send to anywhere and nobody else does; what they send in a domain's name bears its signature.

use crate::harness::{
    Gateway, Mail, NextHop, Options, Smtp, message, openssl, openssl_missing, own_address, run_to_end,
    scratch, skip_or_fail,
};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const INSIDE: &str = "alice@example.test";
const ELSEWHERE: &str = "bob@elsewhere.example.org";
/// Debian's, whose packages `deploy/packages` installs.
const PYTHON: &str = "/usr/bin/python3";
const WITHIN: Duration = Duration::from_secs(60);

/// Verifies each signature of the message in a file, with the keys in another: a name and its TXT record a line.
const VERIFY: &str = "
import dkim, sys
message = open(sys.argv[1], 'rb').read()
records = dict(line.rstrip('\\n').split(' ', 1) for line in open(sys.argv[2]))
def txt(name, timeout=5):
    return records[name.decode().rstrip('.')].encode()
def verified(number):
    try:
        return dkim.DKIM(message).verify(number, dnsfunc=txt)
    except dkim.ValidationError:
        return False
count = sum(line.startswith(b'DKIM-Signature:') for line in message.split(b'\\r\\n'))
print(*map(verified, range(count)))
";

fn relay_group(inside: Ipv4Addr) -> String {
    format!("[[sender_group]]\nname = \"RELAYLIST\"\nhosts = [\"{inside}\"]\npolicy = \"RELAY\"\n")
}

/// What a client from this address hears to a recipient who is not ours.
#[track_caller]
fn relaying(source: Ipv4Addr, gateway: SocketAddr) -> String {
    let mut smtp = Smtp::raw_from(source, gateway);
    smtp.expect(220);
    smtp.ask("EHLO client.example.com", 250);
    smtp.ask(&format!("MAIL FROM:<{INSIDE}>"), 250);
    let heard = smtp.reply_to(&format!("RCPT TO:<{ELSEWHERE}>"));
    smtp.ask("QUIT", 221);
    heard
}

/// Sends a message from this address; its MID.
#[track_caller]
fn mail_from(source: Ipv4Addr, gateway: &Gateway, to: &str, message: &[u8]) -> u64 {
    let mut smtp = Smtp::raw_from(source, gateway.smtp());
    smtp.expect(220);
    smtp.ask("EHLO client.example.com", 250);
    let mid = smtp.accepted(INSIDE, &[to], message);
    smtp.ask("QUIT", 221);
    mid
}

#[test]
fn a_sender_group_relays_and_others_do_not() {
    let (hop, inside) = (NextHop::start(), own_address());
    let gateway = Options::new(&hop).tables(&relay_group(inside)).start();
    let heard = relaying(own_address(), gateway.smtp());
    assert!(heard.starts_with("550 5.7.1 "), "{heard}");
    assert!(relaying(inside, gateway.smtp()).starts_with("250 "));
    let mid = mail_from(inside, &gateway, ELSEWHERE, &message("going out"));
    let detail = gateway.message_is(mid, "delivered");
    assert_eq!(detail["facts"]["direction"], "outbound");
    assert_eq!(
        detail["facts"]["classification"]["sender_group"], "RELAYLIST",
        "{detail}"
    );
    assert_eq!(hop.wait_for_text("Subject: going out").to, [ELSEWHERE]);
}

#[test]
fn a_listener_relays_and_the_others_do_not() {
    let (hop, inside) = (NextHop::start(), own_address());
    let table = format!("[[listener]]\nname = \"inside\"\naddress = \"{inside}:2525\"\npolicy = \"RELAY\"\n");
    let gateway = Options::new(&hop).tables(&table).start();
    let client = own_address();
    let heard = relaying(client, gateway.smtp());
    assert!(heard.starts_with("550 5.7.1 "), "{heard}");
    assert!(relaying(client, SocketAddr::from((inside, 2525))).starts_with("250 "));
}

/// Two keys, and what the DNS would say of them.
struct Keys {
    rsa: PathBuf,
    ed25519: PathBuf,
    records: PathBuf,
}

impl Keys {
    #[track_caller]
    fn make(home: &Path) -> Self {
        let path = |name: &str| home.join(name);
        let (rsa, ed25519, records) = (path("rsa.key"), path("ed25519.key"), path("records"));
        let made = |arguments: &[&str], key: &Path| {
            let (key, public) = (key.display().to_string(), path("public").display().to_string());
            openssl(&[&["genpkey", "-out", &key], arguments].concat());
            openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]);
            let pem = fs::read_to_string(&public).expect("just made");
            let base64 = pem.lines().filter(|line| !line.starts_with('-'));
            base64.collect::<String>()
        };
        let of_rsa = made(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], &rsa);
        let of_ed25519 = made(&["-algorithm", "ED25519"], &ed25519);
        // RFC 8463 section 4: without the twelve octets that X.509 puts in front.
        let text = format!(
            "rsa._domainkey.example.test v=DKIM1; k=rsa; p={of_rsa}\n\
             ed._domainkey.example.test v=DKIM1; k=ed25519; p={}\n",
            &of_ed25519[16..]
        );
        fs::write(&records, text).expect("a file");
        Self {
            rsa,
            ed25519,
            records,
        }
    }

    fn tables(&self) -> String {
        let table = |selector: &str, key: &Path| {
            format!("[[dkim]]\ndomain = \"example.test\"\nselector = \"{selector}\"\nkey = {key:?}\n")
        };
        table("rsa", &self.rsa) + &table("ed", &self.ed25519)
    }

    /// What an independent verifier says of each signature.
    #[track_caller]
    fn verify(&self, message: &[u8]) -> String {
        let file = self.records.with_extension("message");
        fs::write(&file, message).expect("a file");
        let mut command = Command::new(PYTHON);
        command.args(["-c", VERIFY]).arg(&file).arg(&self.records);
        run_to_end(&mut command, "", WITHIN)
            .ended(0)
            .out
            .trim()
            .to_owned()
    }
}

/// Why nobody can verify here, if so.
fn verifier_missing() -> Option<&'static str> {
    let found = Command::new(PYTHON).args(["-c", "import dkim, nacl"]).output();
    match found.is_ok_and(|found| found.status.success()) {
        true => openssl_missing(),
        false => Some("there is no dkimpy for /usr/bin/python3; deploy/packages test installs it"),
    }
}

#[test]
fn outbound_mail_is_signed_and_inbound_mail_is_not() {
    if let Some(why) = verifier_missing() {
        return skip_or_fail("DKIM", why);
    }
    let (hop, inside, home) = (NextHop::start(), own_address(), scratch());
    let keys = Keys::make(home.path());
    let tables = relay_group(inside) + &keys.tables();
    let gateway = Options::new(&hop).tables(&tables).start();
    let by_alice = |subject: &str| {
        let body = "Grüße  aus \t dem Haus \r\n\r\n.\r\nAlice\r\n\r\n\r\n";
        let text = String::from_utf8(Mail::about(subject).body(body.as_bytes()).whole()).expect("it is text");
        text.replace("Carol <carol@partner.example.com>", "Alice <alice@example.test>")
    };

    mail_from(inside, &gateway, ELSEWHERE, by_alice("signed").as_bytes());
    let signed = hop.wait_for_text("Subject: signed");
    assert_eq!(keys.verify(&signed.octets), "True True", "{}", signed.text());
    for forged in [
        signed.text().replace("Alice\r\n\r\n", "Mallory\r\n"),
        signed.text().replace("Subject: signed", "Subject: forged"),
        signed
            .text()
            .replace("\r\nFrom: ", "\r\nFrom: <mallory@abuse.example.net>\r\nFrom: "),
    ] {
        assert_ne!(forged, signed.text());
        assert_eq!(keys.verify(forged.as_bytes()), "False False", "{forged}");
    }

    let rows = [
        (own_address(), INSIDE, by_alice("inbound"), "from outside"),
        (
            inside,
            ELSEWHERE,
            String::from_utf8(message("foreign")).expect("it is text"),
            "of a domain without a key",
        ),
    ];
    for (source, to, text, reason) in rows {
        mail_from(source, &gateway, to, text.as_bytes());
        let subject = text
            .lines()
            .find(|line| line.starts_with("Subject: "))
            .expect("a subject");
        let delivered = hop.wait_for_text(subject);
        assert!(
            !delivered.text().contains("DKIM-Signature"),
            "{reason}: {}",
            delivered.text()
        );
    }
}
