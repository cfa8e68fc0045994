//! MAIL FROM: lists, exceptions, verification of the sender's domain, and room for a message.

use super::{Answer, Session};
use crate::driver::Driver;
use postern_policy::{SenderAnswer, SenderListing, verify_domain};
use postern_vocab::events::Stage;
use postern_vocab::{Reply, ReversePath};

impl<D: Driver> Session<D> {
    /// A permitted sender beats a blocked one; an exception beats verification (semantics of the host access table).
    pub(super) async fn may_send(&mut self, path: ReversePath) -> Answer {
        self.mid = None;
        self.sender_permitted = false;
        self.sender = Some(path);
        if let Err(reply) = self.has_room() {
            return self.refuse(Stage::Sender, None, (reply, "no room for another message"));
        }
        if let Err((reply, rule)) = self.judge_sender().await {
            return self.refuse(Stage::Sender, None, (reply, &rule));
        }
        self.mid = Some(self.shard.shared.ids.next_mid());
        Answer::Yes
    }

    async fn judge_sender(&mut self) -> Result<(), (Reply, String)> {
        let path = self.sender.clone().unwrap_or_default();
        self.sender_permitted = matches!(self.policy.senders.check(&path), SenderListing::Permitted(_));
        if self.may_relay() {
            return Ok(());
        }
        let domain = match self.policy.sender(self.flow(), &path) {
            SenderAnswer::Take => return Ok(()),
            SenderAnswer::Refuse(refusal) => return Err((refusal.reply, refusal.rule)),
            SenderAnswer::LookUp(domain) => domain,
        };
        let found = self.shard.dns.sender_domain(&domain).await;
        match verify_domain(self.flow(), found) {
            Some((reply, rule)) => Err((reply, rule.to_owned())),
            None => Ok(()),
        }
    }
}
