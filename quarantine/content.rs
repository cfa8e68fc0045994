//! What the mail side gets back when a held message is released.

use crate::columns::{Column, Stored};
use crate::record::{ContentRecord, JudgedRecord, PendingRecord};
use crate::{Store, StoreError, keys};
use bytes::Bytes;
use postern_quarantine_api::HeldKey;
use postern_vocab::Submission;
use postern_vocab::events::Origin;
use postern_vocab::{
    Address, BodyKind, Decision, Disposition, Envelope, Mid, RecipientDecision, ReversePath, Rid, TrailStep,
};

impl Store {
    /// The releases that a person was told of and no journal is known to have: the mail side is given them again at
    /// start, after every journal is fed. Should it have had one after all, that one is delivered twice and not lost.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unconfirmed_releases(&self) -> Result<Vec<Submission>, StoreError> {
        let mut submissions = Vec::new();
        for item in self.columns.scan(Column::Pending, &[], &[]) {
            let Stored(key, octets) = item?;
            let pending: PendingRecord = self.columns.decode(Column::Pending, &octets)?;
            let Some(key) = keys::held_key(&key) else {
                continue;
            };
            submissions.extend(self.submission(key, &pending.by)?);
        }
        Ok(submissions)
    }

    /// A held message for the mail side, for the one recipient it is held for; `None` when its content is gone.
    pub(crate) fn submission(&self, key: HeldKey, by: &str) -> Result<Option<Submission>, StoreError> {
        let Some(content) = self.content(key.mid)? else {
            return Ok(None);
        };
        let judged = self.judged(key.mid)?;
        let step = TrailStep {
            rule: "release from quarantine".to_owned(),
            saw: by.to_owned(),
            outcome: "deliver".to_owned(),
            rids: vec![key.rid],
            decided: vec![key.rid],
        };
        let decision = Decision {
            recipients: vec![RecipientDecision {
                rid: key.rid,
                disposition: Disposition::Deliver,
                reason: format!("released by {by}"),
            }],
            trail: vec![step],
            score: judged.as_ref().map_or(0, |judged| judged.decision.score),
            verdict: judged.map(|judged| judged.decision.verdict).unwrap_or_default(),
        };
        Ok(Some(Submission {
            mid: Some(key.mid),
            origin: Origin::Release { by: by.to_owned() },
            envelope: content.envelope,
            decision,
            trace_header: content.trace_header,
            cuts: content.cuts,
            content: content.body,
        }))
    }

    /// What is stored of a held message.
    pub(crate) fn content(&self, mid: Mid) -> Result<Option<ContentRecord>, StoreError> {
        self.columns.read(Column::Content, &mid.0.to_be_bytes())
    }

    /// What was known and decided about a message.
    pub(crate) fn judged(&self, mid: Mid) -> Result<Option<JudgedRecord>, StoreError> {
        self.columns.read(Column::Judged, &mid.0.to_be_bytes())
    }
}

/// A digest: made here, for one mailbox.
pub(crate) fn made_here(mailbox: Address, message: Vec<u8>) -> Submission {
    let body = match message.is_ascii() {
        true => BodyKind::SevenBit,
        false => BodyKind::EightBitMime,
    };
    Submission {
        mid: None,
        origin: Origin::Digest,
        envelope: Envelope {
            // A digest that cannot be delivered must not be bounced to anyone. RFC 5321 §4.5.5.
            sender: ReversePath::Null,
            recipients: vec![mailbox],
            body,
            ..Envelope::default()
        },
        decision: Decision {
            recipients: vec![RecipientDecision {
                rid: Rid(0),
                disposition: Disposition::Deliver,
                reason: "digest".to_owned(),
            }],
            ..Decision::default()
        },
        trace_header: Bytes::new(),
        cuts: Vec::new(),
        content: message.into(),
    }
}
