//! The decision while it is being made: what would happen to each recipient so far, which step said so, and the steps.

use crate::policy::Action;
use postern_vocab::{Decision, Disposition, Envelope, RecipientDecision, Reply, Rid, TrailStep, refusals};

/// What a rule objects to. It names the quarantine that holds the mail and the reply that refuses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Objection {
    Loop,
    Header,
    Fragment,
    Spam,
    Virus,
    Unscannable,
    Ambiguity,
}

/// What one rule wants to happen to a recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ruling {
    pub(crate) disposition: Disposition,
    pub(crate) reason: String,
    /// Where the mail is held if it cannot be refused for one recipient alone.
    held_in: &'static str,
}

/// A step that was taken; the recipients it decided are known at the end.
pub(crate) struct Step {
    pub(crate) rule: String,
    pub(crate) saw: String,
    pub(crate) outcome: String,
    /// Ascending; empty means the message as a whole.
    pub(crate) rids: Vec<Rid>,
}

/// The rulings on all recipients of one message, and the steps that led to them.
pub(crate) struct Rulings {
    steps: Vec<Step>,
    recipients: Vec<(Rid, Option<(Ruling, usize)>)>,
}

impl Objection {
    fn quarantine(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Virus => "virus",
            Self::Loop | Self::Header | Self::Fragment | Self::Unscannable | Self::Ambiguity => "unscannable",
        }
    }

    fn refusal(self) -> Reply {
        let refusal = match self {
            Self::Loop => refusals::MESSAGE_LOOP,
            Self::Header => refusals::MESSAGE_HEADER_TOO_LARGE,
            Self::Fragment => refusals::MESSAGE_FRAGMENT,
            Self::Spam => refusals::MESSAGE_SPAM,
            Self::Virus => refusals::MESSAGE_VIRUS,
            Self::Unscannable => refusals::MESSAGE_UNSCANNABLE,
            Self::Ambiguity => refusals::MESSAGE_AMBIGUOUS,
        };
        refusal.reply
    }
}

impl Ruling {
    pub(crate) fn new(action: Action, objection: Objection, reason: String) -> Self {
        let disposition = match action {
            Action::Deliver => Disposition::Deliver,
            Action::Quarantine => Disposition::Quarantine(objection.quarantine().to_owned()),
            Action::Drop => Disposition::Drop,
            Action::Refuse => Disposition::Refuse(objection.refusal()),
        };
        Self {
            disposition,
            reason,
            held_in: objection.quarantine(),
        }
    }

    pub(crate) fn deliver(reason: String) -> Self {
        Self::new(Action::Deliver, Objection::Spam, reason)
    }
}

impl Rulings {
    pub(crate) fn new(envelope: &Envelope) -> Self {
        Self {
            steps: Vec::new(),
            recipients: envelope.numbered().map(|(rid, _)| (rid, None)).collect(),
        }
    }

    /// A step that decides nothing.
    pub(crate) fn note(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// A step that decides for the recipients it was consulted for; what an earlier one said for them is replaced.
    pub(crate) fn rule(&mut self, step: Step, ruling: &Ruling) {
        let by = self.steps.len();
        for (rid, current) in &mut self.recipients {
            if step.rids.is_empty() || step.rids.binary_search(rid).is_ok() {
                *current = Some((ruling.clone(), by));
            }
        }
        self.steps.push(step);
    }

    /// The recipients for whom no step has decided yet.
    pub(crate) fn undecided(&self) -> Vec<Rid> {
        self.recipients
            .iter()
            .filter(|(_, ruling)| ruling.is_none())
            .map(|(rid, _)| *rid)
            .collect()
    }

    /// Holds the message for those who would refuse it, unless all would: SMTP has one reply at the end of data.
    pub(crate) fn settle_mixed_refusals(&mut self) {
        let refusing = |(_, ruling): &&(Rid, Option<(Ruling, usize)>)| {
            ruling
                .as_ref()
                .is_some_and(|(ruling, _)| matches!(ruling.disposition, Disposition::Refuse(_)))
        };
        let rids: Vec<Rid> = self
            .recipients
            .iter()
            .filter(refusing)
            .map(|(rid, _)| *rid)
            .collect();
        if rids.is_empty() || rids.len() == self.recipients.len() {
            return;
        }
        let by = self.steps.len();
        let (held, all) = (rids.len(), self.recipients.len());
        for (rid, ruling) in &mut self.recipients {
            if let Some((ruling, decided_by)) = ruling
                && rids.contains(rid)
            {
                ruling.disposition = Disposition::Quarantine(ruling.held_in.to_owned());
                ruling
                    .reason
                    .push_str("; held, since other recipients take the message");
                *decided_by = by;
            }
        }
        self.steps.push(Step {
            rule: "one reply for all recipients".into(),
            saw: format!("{held} of {all} recipients would refuse the message"),
            outcome: "held for them".into(),
            rids,
        });
    }

    /// The decision, without score and verdict. Whoever no rule objected to gets the mail.
    pub(crate) fn into_decision(self) -> Decision {
        let mut trail: Vec<TrailStep> = self.steps.into_iter().map(trail_step).collect();
        let mut recipients = Vec::with_capacity(self.recipients.len());
        for (rid, ruling) in self.recipients {
            let (ruling, by) = ruling.expect("the anti-spam step rules on every recipient left to it");
            trail[by].decided.push(rid);
            recipients.push(RecipientDecision {
                rid,
                disposition: ruling.disposition,
                reason: ruling.reason,
            });
        }
        Decision {
            recipients,
            trail,
            ..Decision::default()
        }
    }
}

fn trail_step(step: Step) -> TrailStep {
    TrailStep {
        rule: step.rule,
        saw: step.saw,
        outcome: step.outcome,
        rids: step.rids,
        decided: Vec::new(),
    }
}
