//! Key layouts. Numbers are big-endian, so that keys order as numbers do; times and ids that are shown newest first are
//! stored inverted. A mailbox ends with a zero octet, which no address has.

use postern_quarantine_api::HeldKey;
use postern_vocab::{ListEntry, ListKind, ListOwner, ListPattern, Mid, Rid, Timestamp};

/// Octets of a row's key in `tracking`.
pub(crate) const TRACKING_OCTETS: usize = 17;
/// Octets of a row's place in `held_by_time`, and behind the mailbox in `held_by_mailbox`.
pub(crate) const HELD_PLACE_OCTETS: usize = 18;
/// Octets of the digest in front of a key in `message_ids`.
const MESSAGE_ID_OCTETS: usize = 16;

/// What a row of `tracking` stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tracked {
    /// A connection, by its number.
    Connection(u64),
    /// A message, by its number.
    Message(u64),
}

/// `inverted time | 'c' or 'm' | inverted id`.
pub(crate) fn tracking(at: Timestamp, what: Tracked) -> Vec<u8> {
    let (tag, id) = match what {
        Tracked::Connection(id) => (b'c', id),
        Tracked::Message(id) => (b'm', id),
    };
    let mut key = inverted(at.0).to_vec();
    key.push(tag);
    key.extend(inverted(id));
    key
}

/// The first key of `tracking` that is not newer than `at`.
pub(crate) fn tracking_from(at: Timestamp) -> [u8; 8] {
    inverted(at.0)
}

/// The time in a key of `tracking`.
pub(crate) fn tracking_time(key: &[u8]) -> Option<Timestamp> {
    let octets = key.get(..8)?.try_into().ok()?;
    Some(Timestamp(!u64::from_be_bytes(octets)))
}

/// What all keys of one Message-ID begin with. Texts compare in any case.
pub(crate) fn message_id_prefix(message_id: &str) -> Vec<u8> {
    let digest = blake3::hash(message_id.to_lowercase().as_bytes());
    digest.as_bytes()[..MESSAGE_ID_OCTETS].to_vec()
}

/// `digest of the Message-ID | key of tracking`.
pub(crate) fn message_id(message_id: &str, tracking: &[u8]) -> Vec<u8> {
    let mut key = message_id_prefix(message_id);
    key.extend(tracking);
    key
}

/// `mid | rid`: one message held for one recipient.
pub(crate) fn held(key: HeldKey) -> Vec<u8> {
    let mut octets = key.mid.0.to_be_bytes().to_vec();
    octets.extend(key.rid.0.to_be_bytes());
    octets
}

/// [`held`], read.
pub(crate) fn held_key(octets: &[u8]) -> Option<HeldKey> {
    let (mid, rid) = octets.split_at_checked(8)?;
    Some(HeldKey {
        mid: Mid(u64::from_be_bytes(mid.try_into().ok()?)),
        rid: Rid(u16::from_be_bytes(rid.try_into().ok()?)),
    })
}

/// `inverted time | inverted mid | rid`.
pub(crate) fn held_place(at: Timestamp, key: HeldKey) -> Vec<u8> {
    let mut octets = inverted(at.0).to_vec();
    octets.extend(inverted(key.mid.0));
    octets.extend(key.rid.0.to_be_bytes());
    octets
}

/// The message in a place.
pub(crate) fn held_key_of_place(octets: &[u8]) -> Option<HeldKey> {
    let octets = octets.get(8..HELD_PLACE_OCTETS)?;
    let (mid, rid) = octets.split_at(8);
    Some(HeldKey {
        mid: Mid(!u64::from_be_bytes(mid.try_into().ok()?)),
        rid: Rid(u16::from_be_bytes(rid.try_into().ok()?)),
    })
}

/// `time | mid | rid`: soonest first.
pub(crate) fn held_expiry(at: Timestamp, key: HeldKey) -> Vec<u8> {
    let mut octets = at.0.to_be_bytes().to_vec();
    octets.extend(held(key));
    octets
}

/// [`held_expiry`], read.
pub(crate) fn held_expiry_parts(octets: &[u8]) -> Option<(Timestamp, HeldKey)> {
    let (at, key) = octets.split_at_checked(8)?;
    Some((Timestamp(u64::from_be_bytes(at.try_into().ok()?)), held_key(key)?))
}

/// `mailbox | 0`.
pub(crate) fn mailbox(mailbox: &str) -> Vec<u8> {
    let mut octets = mailbox.as_bytes().to_vec();
    octets.push(0);
    octets
}

/// `mailbox | 0 | rest`.
pub(crate) fn in_mailbox(name: &str, rest: &[u8]) -> Vec<u8> {
    let mut octets = mailbox(name);
    octets.extend(rest);
    octets
}

/// `'e'` or `'m' mailbox`, then `0 | 's' or 'b'`: one owner's list.
pub(crate) fn list(owner: &ListOwner, kind: ListKind) -> Vec<u8> {
    let mut octets = list_owner(owner);
    octets.push(match kind {
        ListKind::Safe => b's',
        ListKind::Block => b'b',
    });
    octets
}

/// What all keys of one owner's two lists begin with.
pub(crate) fn list_owner(owner: &ListOwner) -> Vec<u8> {
    match owner {
        ListOwner::Everyone => mailbox("e"),
        ListOwner::Mailbox(name) => mailbox(&format!("m{name}")),
    }
}

/// [`list`], then the pattern.
pub(crate) fn list_entry(owner: &ListOwner, kind: ListKind, pattern: &ListPattern) -> Vec<u8> {
    let mut octets = list(owner, kind);
    octets.extend(pattern.to_string().as_bytes());
    octets
}

/// The key of an entry.
pub(crate) fn of_list_entry(entry: &ListEntry) -> Vec<u8> {
    list_entry(&entry.owner, entry.kind, &entry.pattern)
}

/// In `meta`: how far a shard is fed.
pub(crate) fn fed(shard: u16) -> Vec<u8> {
    let mut octets = b"fed/".to_vec();
    octets.extend(shard.to_be_bytes());
    octets
}

fn inverted(number: u64) -> [u8; 8] {
    (!number).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_rows_come_first_and_read_back() {
        let older = tracking(Timestamp(1_000), Tracked::Message(9));
        let newer = tracking(Timestamp(1_001), Tracked::Message(1));
        assert!(newer < older);
        assert_eq!(older.len(), TRACKING_OCTETS);
        assert_eq!(tracking_time(&older), Some(Timestamp(1_000)));
        assert!(tracking_from(Timestamp(1_000)).as_slice() < older.as_slice());
    }

    #[test]
    fn held_keys_read_back_from_every_index() {
        let key = HeldKey {
            mid: Mid(1_042),
            rid: Rid(3),
        };
        assert_eq!(held_key(&held(key)), Some(key));
        let place = held_place(Timestamp(5), key);
        assert_eq!(place.len(), HELD_PLACE_OCTETS);
        assert_eq!(held_key_of_place(&place), Some(key));
        assert_eq!(
            held_expiry_parts(&held_expiry(Timestamp(7), key)),
            Some((Timestamp(7), key))
        );
        assert_eq!(held_key(b"short"), None);
    }

    #[test]
    fn one_mailbox_is_never_the_prefix_of_another() {
        let long = in_mailbox("bob@example.com.au", &[1]);
        assert!(!long.starts_with(&mailbox("bob@example.com")));
    }
}
