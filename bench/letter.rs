//! The messages that are sent: plain text of a wanted size, each with an id of its own. RFC 5322 §3.6.

use bytes::Bytes;
use postern_vocab::Address;

/// A line of the text, without its line end.
const LINE: &str = "The quarterly figures are attached as agreed; please have a look by Friday.";

/// What all messages of a run share.
pub struct Letter {
    before_id: String,
    after_id: Bytes,
}

impl Letter {
    /// A letter of `octets` octets in all, or a little more if that is less than its header needs.
    pub fn new(from: &Address, to: &Address, octets: usize) -> Self {
        let date = jiff::fmt::rfc2822::to_string(&jiff::Zoned::now()).unwrap_or_default();
        let before_id = format!(
            "From: <{from}>\r\nTo: <{to}>\r\nDate: {date}\r\nSubject: Quarterly figures\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nMessage-ID: <"
        );
        let after = format!("@{}>\r\n\r\n", from.domain());
        let room = octets.saturating_sub(before_id.len() + Self::id(0).len() + after.len());
        Self {
            before_id,
            after_id: Bytes::from(after + &text(room)),
        }
    }

    /// The message of this number. The text is shared, not copied.
    pub fn pieces(&self, number: u64) -> Vec<Bytes> {
        vec![
            Bytes::from(format!("{}{}", self.before_id, Self::id(number))),
            self.after_id.clone(),
        ]
    }

    /// Of one length, so that all messages are of one size.
    fn id(number: u64) -> String {
        format!("{:08x}.{number:016x}", std::process::id())
    }
}

/// Lines of text, so many octets in all; the last line is cut or padded to fit.
fn text(octets: usize) -> String {
    let mut text = String::with_capacity(octets + LINE.len() + 2);
    while text.len() + LINE.len() + 2 <= octets {
        text.push_str(LINE);
        text.push_str("\r\n");
    }
    let left = octets - text.len();
    if left >= 2 {
        text.push_str(&LINE[..left - 2]);
        text.push_str("\r\n");
    } else if left == 1 {
        text.insert(0, '.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_the_size_that_was_asked_for() {
        let (from, to): (Address, Address) = (
            "a@example.com".parse().expect("valid"),
            "b@example.test".parse().expect("valid"),
        );
        for octets in (400..600).chain([10_240, 1_048_576]) {
            let letter = Letter::new(&from, &to, octets);
            for number in [0, 7, u64::MAX] {
                let whole = letter.pieces(number).concat();
                assert_eq!(whole.len(), octets, "number {number}");
                assert!(octets == 1 || whole.ends_with(b"\r\n"), "it ends with a line end");
            }
        }
        assert_ne!(
            Letter::new(&from, &to, 500).pieces(1),
            Letter::new(&from, &to, 500).pieces(2)
        );
        assert!(
            Letter::new(&from, &to, 1)
                .pieces(0)
                .concat()
                .ends_with(b"\r\n\r\n")
        );
    }
}
