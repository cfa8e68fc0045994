//! The sample mail: what is fed, from whom to whom, and what must become of it. All names are reserved ones (RFC 2606).

/// One sample.
pub struct Sample {
    /// The file's name.
    pub file: &'static str,
    /// Its content, with LF line ends.
    pub content: &'static [u8],
    /// MAIL FROM; empty for the null sender. Each sample but that one has its own, so that tracking finds it by it.
    pub sender: &'static str,
    /// RCPT TO, with what must become of the mail for each.
    pub recipients: &'static [(&'static str, Expected)],
    /// Why, for a person.
    pub because: &'static str,
}

/// What must become of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// Handed to the next hop.
    Delivered,
    /// Held in a quarantine.
    Quarantined,
    /// Refused in the conversation.
    Refused,
}

/// A user of the demo.
pub const ALICE: &str = "alice@example.test";
/// Another one.
pub const BOB: &str = "bob@example.test";
/// On Alice's safelist.
pub const SAFE_FOR_ALICE: &str = "raffle@friends.example.com";
/// On Bob's blocklist.
pub const BLOCKED_BY_BOB: &str = "shop.example.com";

use Expected::{Delivered, Quarantined, Refused};

macro_rules! sample {
    ($file:literal, $sender:expr, $recipients:expr, $because:literal) => {
        Sample {
            file: $file,
            content: include_bytes!(concat!("samples/", $file)),
            sender: $sender,
            recipients: &$recipients,
            because: $because,
        }
    };
}

/// All of them, in the order in which they are fed.
pub const SAMPLES: &[Sample] = &[
    sample!(
        "clean-text.eml",
        "carol@partner.example.com",
        [(ALICE, Delivered)],
        "an ordinary mail"
    ),
    sample!(
        "newsletter.eml",
        "letter@news.example.org",
        [(BOB, Delivered)],
        "a newsletter with HTML that was wanted"
    ),
    sample!(
        "attachment.eml",
        "accounts@supplier.example.com",
        [(ALICE, Delivered)],
        "a harmless attachment"
    ),
    sample!(
        "utf8.eml",
        "juergen@werk.example.com",
        [(BOB, Delivered)],
        "other scripts, 8-bit"
    ),
    sample!(
        "advance-fee.eml",
        "barrister@lawoffice.example.net",
        [(ALICE, Quarantined)],
        "advance-fee fraud"
    ),
    sample!(
        "pharmacy.eml",
        "deals@pills.example.net",
        [(BOB, Quarantined)],
        "pharmacy spam"
    ),
    sample!(
        "phish-link.eml",
        "security@bank-alerts.example.net",
        [(ALICE, Quarantined)],
        "a link that shows one address and leads to another"
    ),
    sample!(
        "gtube.eml",
        "gtube@test.example.com",
        [(ALICE, Quarantined)],
        "the test string of spam filters"
    ),
    sample!(
        "eicar.eml",
        "eicar@test.example.com",
        [(BOB, Quarantined)],
        "the test string of virus scanners, as a file"
    ),
    sample!(
        "two-recipients.eml",
        "both@partner.example.com",
        [(ALICE, Delivered), (BOB, Delivered)],
        "one message, two recipients; lines that begin with a dot"
    ),
    sample!(
        "relay.eml",
        "relayer@abuse.example.net",
        [("victim@elsewhere.example.org", Refused)],
        "a stranger who wants mail relayed to a stranger"
    ),
    sample!(
        "unknown-user.eml",
        "eve@harvest.example.net",
        [("nobody.of.that.name@example.test", Refused)],
        "a recipient who does not exist"
    ),
    sample!(
        "malformed-mime.eml",
        "reports@legacy.example.com",
        [(ALICE, Delivered)],
        "broken MIME without harm"
    ),
    sample!(
        "safelisted.eml",
        SAFE_FOR_ALICE,
        [(ALICE, Delivered)],
        "looks like spam, but Alice safelisted the sender"
    ),
    sample!(
        "blocklisted.eml",
        "offers@shop.example.com",
        [(ALICE, Delivered), (BOB, Quarantined)],
        "harmless, but Bob blocklisted the sender's domain"
    ),
    sample!(
        "bounce.eml",
        "",
        [(ALICE, Delivered)],
        "a bounce: it has no sender, and is never bounced itself"
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use postern_vocab::{Address, Domain};
    use std::collections::BTreeSet;

    #[test]
    fn tracking_can_tell_the_samples_apart() {
        let senders: BTreeSet<&str> = SAMPLES.iter().map(|sample| sample.sender).collect();
        let files: BTreeSet<&str> = SAMPLES.iter().map(|sample| sample.file).collect();
        assert_eq!((senders.len(), files.len()), (SAMPLES.len(), SAMPLES.len()));
    }

    #[test]
    fn every_address_is_valid_and_reserved() {
        let reserved = ["example.com", "example.net", "example.org", "test"];
        for sample in SAMPLES {
            let recipients = sample.recipients.iter().map(|(address, _)| *address);
            for text in recipients.chain([sample.sender]).filter(|text| !text.is_empty()) {
                let address: Address = text.parse().expect(text);
                let inside = |parent: &&str| {
                    let parent: Domain = parent.parse().expect("valid");
                    *address.domain() == parent || address.domain().is_below(&parent)
                };
                assert!(reserved.iter().any(inside), "{text}");
            }
        }
    }

    #[test]
    fn the_samples_hold_what_they_are_for() {
        for sample in SAMPLES {
            let content = sample.content;
            assert!(
                content.ends_with(b"\n") && !content.contains(&b'\r'),
                "{}: LF line ends",
                sample.file
            );
            assert!(
                content.windows(2).any(|pair| pair == b"\n\n"),
                "{}: a header and a body",
                sample.file
            );
            assert!(
                !sample.recipients.is_empty() && !sample.because.is_empty(),
                "{}",
                sample.file
            );
        }
        let expected = |wanted| {
            SAMPLES
                .iter()
                .flat_map(|one| one.recipients)
                .filter(|(_, what)| *what == wanted)
                .count()
        };
        assert!(expected(Delivered) > 5 && expected(Quarantined) > 5 && expected(Refused) > 1);
    }
}
