//! Digests: who is to be told of what, and putting one on its way. The page is the portal's; what it may say it is from,
//! and to whom it goes, is decided here.

use crate::act::{Submitted, submit};
use crate::columns::{Column, Durability, Stored};
use crate::content::made_here;
use crate::held::{HeldQuery, Scope};
use crate::store::lock;
use crate::{Mail, Store, keys};
use postern_quarantine_api::{DigestContent, DigestRow, Failure, HeldFilter, HeldRow, Page};
use postern_vocab::{Address, Mid, limits};
use rocksdb::WriteBatch;

/// Mailboxes named by one answer; the next answer names the rest, when these are told.
const MAILBOXES_MAX: usize = 10_000;
/// Mailboxes of which it is remembered what the last content told.
const OFFERED_MAX: usize = 10_000;

impl Store {
    /// Mailboxes with something held that no digest has told of.
    pub(crate) fn digest_due(&self) -> Result<Vec<String>, Failure> {
        let mut mailboxes = Vec::new();
        let mut start = Vec::new();
        while mailboxes.len() < MAILBOXES_MAX {
            let next = self
                .columns
                .scan(Column::Untold, &[], &start)
                .next()
                .transpose()?;
            let Some(Stored(key, _)) = next else { break };
            let end = key.iter().position(|octet| *octet == 0).unwrap_or(key.len());
            mailboxes.push(String::from_utf8_lossy(&key[..end]).into_owned());
            // Behind every key of this mailbox: 1 follows the 0 that ends its name.
            start = key[..end].to_vec();
            start.push(1);
        }
        Ok(mailboxes)
    }

    /// What a digest for this mailbox tells now.
    pub(crate) fn digest_content(&self, mailbox: &str) -> Result<DigestContent, Failure> {
        let offered = lock(&self.shown).counts.get("quarantined").copied().unwrap_or(0);
        let first = self.held_of(mailbox, None, limits::DIGEST_ROWS_MAX)?;
        let mut more = 0;
        let mut next = first.next;
        while let Some(cursor) = next {
            let further = self.held_of(mailbox, Some(&cursor), limits::PAGE_ROWS_MAX)?;
            more += further.rows.len();
            next = further.next;
        }
        self.remember_offer(mailbox, offered);
        let rows = first
            .rows
            .into_iter()
            .map(|held| DigestRow {
                token: self.link_token(&held),
                held,
            })
            .collect();
        Ok(DigestContent {
            mailbox: mailbox.to_owned(),
            rows,
            more,
        })
    }

    /// Sends a digest, and marks what its content told of as told.
    pub(crate) fn digest_send(&self, mail: &Mail, mailbox: &str, message: Vec<u8>) -> Result<Mid, Failure> {
        let address: Address = mailbox
            .parse()
            .map_err(|why| Failure::Invalid(format!("\"{mailbox}\" is not a mailbox: {why}")))?;
        check_from(&message, &self.settings.digest_from)?;
        match submit(mail, made_here(address, message)) {
            Submitted::Yes(mid) => {
                self.mark_told(mailbox)?;
                Ok(mid)
            }
            Submitted::No(why) => Err(Failure::Unavailable(format!("the digest was not sent: {why}"))),
            Submitted::Unknown => Err(Failure::Unavailable(
                "the mail side does not answer; the digest may still be sent".to_owned(),
            )),
        }
    }

    fn held_of(&self, mailbox: &str, cursor: Option<&str>, limit: usize) -> Result<Page<HeldRow>, Failure> {
        self.held_list(&HeldQuery {
            scope: Scope::Mailbox(mailbox),
            filter: &HeldFilter::default(),
            cursor,
            limit,
        })
    }

    fn mark_told(&self, mailbox: &str) -> Result<(), Failure> {
        let offered = lock(&self.offered).remove(mailbox).unwrap_or(u64::MAX);
        let prefix = keys::mailbox(mailbox);
        let mut batch = WriteBatch::default();
        for item in self.columns.scan(Column::Untold, &prefix, &prefix) {
            let Stored(key, octets) = item?;
            let number: u64 = self.columns.decode(Column::Untold, &octets)?;
            // What came between the content and the sending was in no digest yet.
            if number <= offered {
                self.columns.delete(&mut batch, Column::Untold, &key);
            }
        }
        Ok(self.columns.write(batch, Durability::Now)?)
    }

    fn remember_offer(&self, mailbox: &str, upto: u64) {
        let mut offered = lock(&self.offered);
        if offered.len() >= OFFERED_MAX {
            offered.pop_first();
        }
        offered.insert(mailbox.to_owned(), upto);
    }
}

/// A digest's header has one From: field, and it says the appliance's address: a portal that was taken over must not be
/// able to write to people in another's name. RFC 5322 §3.6.2.
fn check_from(message: &[u8], from: &Address) -> Result<(), Failure> {
    let end = message
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or_else(|| Failure::Invalid("the digest has no header".to_owned()))?;
    let header = String::from_utf8_lossy(&message[..end])
        .replace("\r\n ", " ")
        .replace("\r\n\t", " ");
    let mut values = header.split("\r\n").filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim_end().eq_ignore_ascii_case("from").then_some(value)
    });
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Failure::Invalid(
            "a digest has exactly one From: field".to_owned(),
        ));
    };
    let value = value.trim();
    let bare = match value.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) if !name.contains(['<', '>', '@', ',', ':', ';']) => address,
        Some(_) => "",
        None => value,
    };
    let said: Option<Address> = bare.parse().ok();
    if said.is_some_and(|said| said.folded() == from.folded()) {
        return Ok(());
    }
    Err(Failure::Invalid(format!(
        "the digest says it is from {value}; by the configuration it is from {from}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_speaks_in_the_appliances_name_only() {
        let from: Address = "postern@example.com".parse().expect("valid");
        let rows = [
            ("From: postern@example.com\r\nTo: a@example.com", true, "bare"),
            (
                "From: \"Held mail\"\r\n <Postern@example.com>",
                true,
                "named and folded",
            ),
            ("From: ceo@example.com", false, "another"),
            (
                "From: postern@example.com\r\nFrom: ceo@example.com",
                false,
                "two fields",
            ),
            (
                "From: ceo@example.com, <postern@example.com>",
                false,
                "two mailboxes",
            ),
            ("Subject: x", false, "none"),
        ];
        for (header, fine, reason) in rows {
            let message = format!("{header}\r\n\r\nbody\r\n");
            assert_eq!(check_from(message.as_bytes(), &from).is_ok(), fine, "{reason}");
        }
    }
}
