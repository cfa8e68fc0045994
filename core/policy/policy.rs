//! The immutable snapshot of the rules that one message is judged by. A reload makes a new one; a message keeps the
//! one it began with.

use crate::config::ListenerRules;
use crate::hat::Hat;
use crate::rat::Rat;
use crate::routes::Routes;
use postern_vocab::Domain;
use std::collections::BTreeMap;

/// Everything the rules need of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Sixteen hexadecimal digits made of the configuration's text: the same text, the same version. It names a
    /// configuration in a decision's trail; it protects nothing.
    pub version: String,
    /// The name this gateway gives itself.
    pub hostname: Domain,
    /// Who may connect, and what for.
    pub hat: Hat,
    /// What holds for the connections of each listener, by its name.
    pub listeners: BTreeMap<String, ListenerRules>,
    /// Which recipients are ours.
    pub rat: Rat,
    /// Where mail goes.
    pub routes: Routes,
    /// Thresholds of the spam score and what follows.
    pub antispam: AntiSpam,
    /// What happens to a message with a virus; never [`Action::Deliver`].
    pub antivirus_action: Action,
    /// What happens to a message that could not be looked into fully.
    pub unscannable_action: Action,
}

/// Thresholds of the spam score and what follows from reaching them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AntiSpam {
    /// Suspected from this score on; from 25 up to `positive`.
    pub suspect: u8,
    /// Spam from this score on; from 50 to 99.
    pub positive: u8,
    /// What happens to suspected spam.
    pub suspect_action: Action,
    /// What happens to spam.
    pub positive_action: Action,
}

impl Default for AntiSpam {
    fn default() -> Self {
        Self {
            suspect: 50,
            positive: 90,
            suspect_action: Action::Deliver,
            positive_action: Action::Quarantine,
        }
    }
}

/// What an administrator can choose to do with a message that a scanner objects to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Delivered; the verdict header says what was found.
    Deliver,
    /// Held in the quarantine that belongs to the verdict.
    Quarantine,
    /// Accepted and thrown away.
    Drop,
    /// Refused at the end of data.
    Refuse,
}

impl Action {
    /// All of them, in the order in which pages list them.
    pub const ALL: [Self; 4] = [Self::Deliver, Self::Quarantine, Self::Drop, Self::Refuse];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Quarantine => "quarantine",
            Self::Drop => "drop",
            Self::Refuse => "refuse",
        }
    }
}
