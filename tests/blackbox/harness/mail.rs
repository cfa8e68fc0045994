//! Sample messages, and what the gateway puts in front of them.

/// A message under construction.
pub struct Mail {
    head: String,
    body: Vec<u8>,
}

impl Mail {
    /// A plain one with this subject.
    pub fn about(subject: &str) -> Self {
        let head = format!(
            "From: Carol <carol@partner.example.com>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
             Date: Thu, 01 Jan 2026 10:00:00 +0000\r\nMessage-ID: <{}@partner.example.com>\r\n",
            subject.replace(|c: char| !c.is_ascii_alphanumeric(), ".")
        );
        Self {
            head,
            body: b"Hello Alice,\r\n\r\nthe minutes of our meeting follow tomorrow.\r\n\r\nCarol\r\n"
                .to_vec(),
        }
    }

    /// With one more header field.
    pub fn field(mut self, field: &str) -> Self {
        self.head.push_str(field);
        self.head.push_str("\r\n");
        self
    }

    /// With this body.
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// With a line end behind the body.
    pub fn crlf(mut self) -> Self {
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// The whole.
    pub fn whole(&self) -> Vec<u8> {
        [self.head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

/// A clean message.
pub fn message(subject: &str) -> Vec<u8> {
    Mail::about(subject).whole()
}

/// The test string of spam filters.
pub const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/// A message that any spam filter calls spam.
pub fn gtube(subject: &str) -> Vec<u8> {
    Mail::about(subject)
        .body(format!("Buy now!\r\n{GTUBE}\r\n").as_bytes())
        .whole()
}

/// The test string of virus scanners, in two halves: whole, it would make scanners delete this file.
pub fn eicar() -> String {
    [
        r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR",
        "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat()
}

/// Takes the fields that the gateway puts in front of received mail off a delivered message: the field names in order,
/// their text, and what follows. Panics when there is anything else in front.
#[track_caller]
pub fn trace_and_rest(delivered: &[u8]) -> (String, &[u8]) {
    let mut at = 0;
    let mut names = Vec::new();
    while names.last().is_none_or(|name| name != "received") {
        let name = delivered[at..]
            .split(|octet| *octet == b':')
            .next()
            .unwrap_or_default();
        names.push(String::from_utf8_lossy(name).to_lowercase());
        at += field_bytes(&delivered[at..]);
        assert!(names.len() <= 3, "the trace fields end with Received: {names:?}");
    }
    assert_eq!(
        names,
        ["x-postern-verdict", "authentication-results", "received"],
        "in front of the message"
    );
    (
        String::from_utf8(delivered[..at].to_vec()).expect("trace fields are ASCII"),
        &delivered[at..],
    )
}

/// One field with its continuation lines.
fn field_bytes(octets: &[u8]) -> usize {
    let mut at = 0;
    while let Some(end) = octets[at..].iter().position(|octet| *octet == b'\n') {
        at += end + 1;
        if !matches!(octets.get(at), Some(b' ' | b'\t')) {
            return at;
        }
    }
    octets.len()
}
