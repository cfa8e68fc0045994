//! Digest links: a token that stands for one message held for one recipient, until a time. It is signed by a key that
//! never leaves the index, so nobody else makes one; looking at it changes nothing; acting is idempotent.

use crate::act::{Actor, done_before, is_administrators};
use crate::held::Scope;
use crate::login::same;
use crate::record::HeldRecord;
use crate::time::when;
use crate::{Mail, Store};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postern_quarantine_api::{Failure, HeldAction, HeldKey, HeldRow, LinkView};
use postern_vocab::{Mid, Rid, Timestamp, limits};

/// What the first octet of a token says: its layout.
const VERSION: u8 = 1;
/// `version | mid | rid | expiry`.
const PAYLOAD_OCTETS: usize = 1 + 8 + 2 + 8;
/// Octets of the signature behind it: 128 bits of keyed BLAKE3.
const SIGNATURE_OCTETS: usize = 16;

impl Store {
    /// The token for a held row: good until the row expires, and not longer than a link lives.
    pub(crate) fn link_token(&self, row: &HeldRow) -> String {
        let until = row.expires_at.min(self.now().plus(limits::DIGEST_LINK_LIFETIME));
        let mut octets = vec![VERSION];
        octets.extend(row.mid.0.to_be_bytes());
        octets.extend(row.rid.0.to_be_bytes());
        octets.extend(until.0.to_be_bytes());
        octets.extend(self.signature(&octets));
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// What a token stands for.
    pub(crate) fn link_view(&self, token: &str) -> Result<LinkView, Failure> {
        let key = self.link_key_of(token)?;
        let record = self.held_in_scope(key, Scope::All)?;
        Ok(view(record))
    }

    /// Does what the link's holder wants, if it was not done before; tells what was done.
    pub(crate) fn link_act(&self, mail: &Mail, token: &str, action: HeldAction) -> Result<LinkView, Failure> {
        let key = self.link_key_of(token)?;
        let record = self.held_in_scope(key, Scope::All)?;
        let mailbox = crate::changes::mailbox_of(&record.row);
        let before = view(record);
        if before.done.is_some() {
            return Ok(before);
        }
        if !before.actions.contains(&action) {
            return Err(Failure::Forbidden(
                "this message can only be released or deleted by an administrator; ask them".to_owned(),
            ));
        }
        let actor = Actor {
            scope: Scope::Mailbox(&mailbox),
            name: "digest link",
            on_lists: "digest",
        };
        let outcome = self.act(mail, &actor, (key, action))?;
        let mut after = view(self.held_in_scope(key, Scope::All)?);
        if !outcome.done && after.done.is_none() {
            return Err(Failure::Unavailable(outcome.text));
        }
        if outcome.done {
            after.done = Some(outcome.text);
        }
        Ok(after)
    }

    fn link_key_of(&self, token: &str) -> Result<HeldKey, Failure> {
        let foreign =
            || Failure::Invalid("this is not a link of ours, or a part of it is missing".to_owned());
        let octets = URL_SAFE_NO_PAD.decode(token).map_err(|_| foreign())?;
        if octets.len() != PAYLOAD_OCTETS + SIGNATURE_OCTETS {
            return Err(foreign());
        }
        let (payload, signature) = octets.split_at(PAYLOAD_OCTETS);
        if !same(&self.signature(payload), signature) || payload[0] != VERSION {
            return Err(foreign());
        }
        let number = |at: usize| u64::from_be_bytes(payload[at..at + 8].try_into().unwrap_or_default());
        let until = Timestamp(number(11));
        if self.now() >= until {
            return Err(Failure::NotFound(format!(
                "this link was good until {}; log in to see what is held for you",
                when(until)
            )));
        }
        Ok(HeldKey {
            mid: Mid(number(1)),
            rid: Rid(u16::from_be_bytes([payload[9], payload[10]])),
        })
    }

    fn signature(&self, payload: &[u8]) -> [u8; SIGNATURE_OCTETS] {
        let digest = blake3::keyed_hash(&self.link_key, payload);
        let mut signature = [0; SIGNATURE_OCTETS];
        signature.copy_from_slice(&digest.as_bytes()[..SIGNATURE_OCTETS]);
        signature
    }
}

fn view(record: HeldRecord) -> LinkView {
    let done = done_before(&record).map(|text| text.trim_start_matches("already ").to_owned());
    let actions = if done.is_some() || is_administrators(&record.row) {
        Vec::new()
    } else {
        HeldAction::ALL.to_vec()
    };
    LinkView {
        held: record.row,
        actions,
        done,
    }
}
