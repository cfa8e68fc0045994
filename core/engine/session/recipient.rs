//! RCPT TO: the recipient access table, whether the recipient exists, rates, harvest prevention, greylisting.

use super::{Answer, Session};
use crate::driver::Driver;
use crate::recipients::{Asker, Validity};
use crate::traffic::{Conduct, Grey, Harvest, RateKey, Triple, client_network};
use postern_policy::{Check, LocalRecipient, RatAnswer, Rate, WhenDown};
use postern_vocab::events::{IncidentKind, Stage};
use postern_vocab::refusals::{self, Refusal};
use postern_vocab::{Address, Reply};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

impl<D: Driver> Session<D> {
    pub(super) async fn may_receive(&mut self, address: Address) -> Answer {
        // Who has logged in is one of ours, wherever the address is.
        if let Some(away) = &self.turned_away
            && self.server.user().is_none()
        {
            let (reply, rule) = (away.reply.clone(), away.rule.clone());
            return self.refuse(Stage::Recipient, Some(address), (reply, &rule));
        }
        let local = match self.may_relay() {
            true => LocalRecipient::default(),
            false => match self.shard.shared.policy.load().rat.check(&address) {
                RatAnswer::Local(local) => local,
                RatAnswer::Refuse {
                    reply,
                    rule,
                    incident,
                } => {
                    if let Some(kind) = incident {
                        self.incident(kind, address.to_string());
                    }
                    return self.invalid(address, (reply, rule));
                }
            },
        };
        match self.exists(&address, &local).await {
            Validity::Valid => {}
            Validity::Unknown => {
                return self.invalid(
                    address,
                    (refusals::NO_SUCH_RECIPIENT.reply, "recipient does not exist"),
                );
            }
            Validity::Unavailable(why) => {
                let rule = format!("recipient cannot be checked: {why}");
                let reply = refusals::DIRECTORY_UNAVAILABLE.reply;
                return self.refuse(Stage::Recipient, Some(address), (reply, &rule));
            }
        }
        // Before the rates: a recipient that has to come again would count twice.
        if let Some(rule) = self.greylisted(&address) {
            let reply = refusals::GREYLISTED.reply;
            return self.refuse(Stage::Recipient, Some(address), (reply, &rule));
        }
        if let Err((refusal, rule)) = self.within_rates(&local) {
            self.incident(IncidentKind::RateExceeded, rule.clone());
            return self.refuse(Stage::Recipient, Some(address), (refusal.reply, &rule));
        }
        Answer::Yes
    }

    /// A recipient that is not here, or not ours: it counts towards harvest prevention.
    fn invalid(&mut self, address: Address, (reply, rule): (Reply, &'static str)) -> Answer {
        self.note_conduct(Conduct::UnknownRecipient);
        let flow = self.flow();
        let Some(limit) = flow.invalid_recipients_per_hour else {
            return self.refuse(Stage::Recipient, Some(address), (reply, rule));
        };
        let client = client_network(self.peer.remote.ip().to_canonical(), flow);
        let harvest = self
            .shard
            .shared
            .traffic
            .note_invalid(client, limit, self.shard.clock.now());
        match harvest {
            Harvest::Fine => self.refuse(Stage::Recipient, Some(address), (reply, rule)),
            Harvest::Over => {
                let detail = format!(
                    "{limit} invalid recipients an hour are the limit; sender group {}",
                    self.classification.sender_group
                );
                self.incident(IncidentKind::HarvestAttack, detail);
                let reply = refusals::TOO_MANY_INVALID_RECIPIENTS.reply;
                self.refuse(
                    Stage::Recipient,
                    Some(address),
                    (reply.clone(), "directory harvest prevention"),
                );
                Answer::Never(reply)
            }
        }
    }

    async fn exists(&self, address: &Address, local: &LocalRecipient) -> Validity {
        let asked = local.asked.as_ref().unwrap_or(address);
        let (shared, now) = (&self.shard.shared, self.shard.clock.now());
        let recipients = &shared.equipment.recipients;
        let (validity, when_down) = match &local.check {
            Check::None => return Validity::Valid,
            Check::Directory => {
                let when_down = shared.config.directory.as_ref().map(|one| one.when_down);
                (
                    recipients.ask_directory(asked, now).await,
                    when_down.unwrap_or_default(),
                )
            }
            Check::CallAhead(hop, when_down) => {
                let asker = Asker {
                    net: &self.shard.net,
                    dns: &self.shard.dns,
                    hello_name: shared.config.hostname.as_str(),
                    now,
                };
                (recipients.ask_hop(hop, asked, &asker).await, *when_down)
            }
        };
        match (validity, when_down) {
            (Validity::Unavailable(_), WhenDown::Accept) => Validity::Valid,
            (validity, _) => validity,
        }
    }

    fn within_rates(&self, local: &LocalRecipient) -> Result<(), (Refusal, String)> {
        if local.bypass_rates || self.sender_permitted {
            return Ok(());
        }
        let flow = self.flow();
        if let Some(count) = flow.recipients_per_hour {
            let rate = Rate {
                count,
                interval: HOUR,
            };
            let client = client_network(self.peer.remote.ip().to_canonical(), flow);
            self.take(RateKey::RecipientsOfClient(client), rate)
                .map_err(|()| {
                    (
                        refusals::RECIPIENT_RATE,
                        format!("{count} recipients an hour from {client}"),
                    )
                })?;
        }
        match (
            flow.recipients_per_sender,
            self.sender.as_ref().and_then(|one| one.mailbox()),
        ) {
            (Some(rate), Some(sender)) if !flow.exempts(sender) => {
                let rule = format!(
                    "{} recipients in {} s from {sender}",
                    rate.count,
                    rate.interval.as_secs()
                );
                let key = RateKey::RecipientsOfSender(sender.folded());
                self.take(key, rate).map_err(|()| (refusals::SENDER_RATE, rule))
            }
            _ => Ok(()),
        }
    }

    fn take(&self, key: RateKey, rate: Rate) -> Result<(), ()> {
        let now = self.shard.clock.now();
        self.shard
            .shared
            .traffic
            .rates
            .take(key, 1, rate, now)
            .map_err(drop)
    }

    /// The rule, if the client has to come again.
    fn greylisted(&self, recipient: &Address) -> Option<String> {
        let (flow, shared) = (self.flow(), &self.shard.shared);
        let settings = flow.greylist.as_ref()?;
        let reputation = self.classification.reputation.filter(|_| flow.reputation);
        let score = reputation.map_or(0, |score| score.0);
        if self.may_relay() || self.sender_permitted || score >= settings.below_tenths {
            return None;
        }
        let sender = self
            .sender
            .as_ref()
            .and_then(|one| one.mailbox())
            .map(Address::folded);
        let triple = Triple {
            network: client_network(self.peer.remote.ip().to_canonical(), flow),
            sender: sender.as_deref().unwrap_or_default(),
            recipient: &recipient.folded(),
        };
        match shared
            .traffic
            .greylist
            .check(triple, settings, self.shard.clock.now())
        {
            Grey::Pass => None,
            Grey::Wait { .. } => Some("greylisting".to_owned()),
        }
    }
}
