//! What of a client's octets may be kept. Passwords are said behind AUTH (RFC 4954 §9), and clients say them also when
//! AUTH was refused; base64 hides nothing.

use super::commands;
use std::borrow::Cow;

/// What stands in a record in a secret's place.
pub(super) const SECRET: &[u8] = b"[secret]";

/// Knows which of the client's lines hold secrets.
#[derive(Default)]
pub(super) struct Secrets {
    /// AUTH was sent: a client that did not hear our no goes on with user name and password.
    after_auth: bool,
}

impl Secrets {
    /// The line as it may be recorded, which was read as a command.
    pub(super) fn shown<'a>(&mut self, line: &'a [u8]) -> Cow<'a, [u8]> {
        if let Some(shown) = auth_line(line) {
            self.after_auth = true;
            return shown;
        }
        self.after_auth = self.after_auth && !commands::is_command(line);
        match self.after_auth && !line.is_empty() {
            true => SECRET.into(),
            false => line.into(),
        }
    }
}

/// Octets as they may be recorded that were not read as lines at all: up to the first AUTH.
pub(super) fn shown_in_mass(octets: &[u8]) -> Cow<'_, [u8]> {
    let at = octets
        .windows(4)
        .position(|window| window.eq_ignore_ascii_case(b"AUTH"));
    match at {
        Some(at) => [&octets[..at + 4], b" ", SECRET].concat().into(),
        None => octets.into(),
    }
}

/// `AUTH PLAIN [secret]`; `None` for any other command.
fn auth_line(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut words = line
        .split(|octet| octet.is_ascii_whitespace())
        .filter(|word| !word.is_empty());
    let verb = words.next()?;
    if !verb.eq_ignore_ascii_case(b"AUTH") {
        return None;
    }
    let known = |word: &&[u8]| {
        [&b"PLAIN"[..], b"LOGIN"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(word))
    };
    Some(match (words.next(), words.next()) {
        (None, _) => line.into(),
        (Some(mechanism), None) if known(&mechanism) => line.into(),
        (Some(mechanism), _) if known(&mechanism) => [verb, b" ", mechanism, b" ", SECRET].concat().into(),
        // A mechanism that we do not know may be a secret in the wrong place.
        (Some(_), _) => [verb, b" ", SECRET].concat().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let rows: [(&[u8], &[u8], &str); 10] = [
            (
                b"AUTH PLAIN AGEAYg==",
                b"AUTH PLAIN [secret]",
                "an initial response",
            ),
            (
                b" auth\tlogin  YQ== YQ==",
                b"auth login [secret]",
                "however it is written",
            ),
            (b"AUTH LOGIN", b"AUTH LOGIN", "nothing secret yet"),
            (b"AUTH AGEAYg==", b"AUTH [secret]", "in the mechanism's place"),
            (b"YQ==", b"[secret]", "a user name after an AUTH that was refused"),
            (b"cGFzcw==", b"[secret]", "and the password"),
            (b"", b"", "an empty line tells nothing"),
            (b"Yg==", b"[secret]", "still"),
            (b"NOOP", b"NOOP", "a command ends it"),
            (b"YQ==", b"YQ==", "an unknown command like any other"),
        ];
        let mut secrets = Secrets::default();
        for (line, expected, reason) in rows {
            assert_eq!(&*secrets.shown(line), expected, "{reason}");
        }
        assert_eq!(
            &*shown_in_mass(b"EHLO x\r\nauth plain AGEAYg=="),
            b"EHLO x\r\nauth [secret]"
        );
        assert_eq!(&*shown_in_mass(b"EHLO x\r\n"), b"EHLO x\r\n");
    }
}
