//! What may be asked, by whom, and what comes back.

use crate::gateway::{GreylistFilter, Greylisted, ServiceHealth};
use crate::held::{HeldAction, HeldFilter, HeldKey, HeldMessage, HeldOutcome, HeldRow};
use crate::tracking::{Detail, Subject, TrackQuery, TrackRow};
use postern_vocab::{ListEntry, ListKind, ListOwner, Mid, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One request with who asks it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// Who.
    pub who: Who,
    /// What.
    pub request: Request,
}

/// Who asks, as far as they can prove it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The command line; refused on the portal's socket.
    Operator,
    /// A portal session, by its token.
    Session(String),
    /// Nobody yet: log-in, digest links, health.
    Anyone,
}

/// Everything that can be asked. The comment says who may.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Anyone. [`Reply::LoggedIn`]; a wrong name and a wrong password get the same answer after the same work.
    LogIn {
        /// The account's name: for users, their address.
        login: String,
        /// As typed.
        password: String,
    },
    /// A session: ends it.
    LogOut,
    /// A session: [`Reply::Account`].
    WhoAmI,

    /// A user: what is held for their mailbox. Operator, administrator: what is held for anyone. [`Reply::Held`].
    HeldList {
        /// Which.
        filter: HeldFilter,
        /// From the page before; `None` for the newest.
        cursor: Option<String>,
        /// Rows wanted, at most `limits::PAGE_ROWS_MAX`.
        limit: usize,
    },
    /// The recipient, operator, administrator: one held message with its content. [`Reply::HeldMessage`].
    HeldShow(HeldKey),
    /// The recipient, operator, administrator: [`Reply::HeldDone`], one outcome a key, in order.
    HeldAct {
        /// Which.
        keys: Vec<HeldKey>,
        /// What to do.
        action: HeldAction,
    },

    /// The owner, operator, administrator: [`Reply::List`], both kinds.
    ListShow {
        /// Whose; `None` is the asker's own for a user, and all for operator and administrator.
        owner: Option<ListOwner>,
    },
    /// The owner, operator, administrator. In force when the reply is there.
    ListAdd {
        /// Whose.
        owner: ListOwner,
        /// Which list.
        kind: ListKind,
        /// The sender, as typed.
        pattern: String,
    },
    /// The owner, operator, administrator. In force when the reply is there.
    ListRemove {
        /// Whose.
        owner: ListOwner,
        /// Which list.
        kind: ListKind,
        /// The sender, as typed or shown.
        pattern: String,
    },

    /// Operator, administrator: [`Reply::Tracked`].
    Track(TrackQuery),
    /// Operator, administrator: [`Reply::Detail`].
    Show(Subject),

    /// Operator, administrator; a user for their own mailbox: [`Reply::Digest`] with fresh links.
    DigestContent {
        /// Whose, folded.
        mailbox: String,
    },
    /// Operator, administrator: mailboxes with something held that no digest has told of. [`Reply::Mailboxes`].
    DigestDue,
    /// Operator, administrator; a user for their own mailbox: puts a digest on its way, by the normal delivery path, to
    /// `mailbox` and nowhere else. [`Reply::Submitted`].
    DigestSend {
        /// To whom, folded.
        mailbox: String,
        /// The whole mail, CRLF line ends.
        message: Vec<u8>,
    },
    /// Anyone with the link's token: what it stands for, changing nothing. [`Reply::Link`].
    LinkView {
        /// From the link.
        token: String,
    },
    /// Anyone with the link's token: does it; a second time it tells what was done. [`Reply::Link`].
    LinkAct {
        /// From the link.
        token: String,
        /// What to do; one of the view's `actions`.
        action: HeldAction,
    },

    /// Operator: new account, or a new password for one. [`Reply::Done`].
    UserSet {
        /// Its name; for users, their address.
        login: String,
        /// As typed; `None` keeps the present one.
        password: Option<String>,
        /// What it may do.
        role: Role,
        /// Whether it must be new (`add`) or must exist (`passwd`).
        new: bool,
    },
    /// Operator: [`Reply::Done`]. Its sessions end.
    UserRemove {
        /// Its name.
        login: String,
    },
    /// Operator: [`Reply::Users`].
    UserList,
    /// Operator: who waits by greylisting, oldest first. [`Reply::Greylisted`].
    GreylistShow {
        /// Rows wanted, at most `limits::PAGE_ROWS_MAX`.
        limit: usize,
    },
    /// Operator: lets those that fit in at their next attempt. [`Reply::Admitted`].
    GreylistAdmit(GreylistFilter),
    /// Anyone: [`Reply::Health`].
    Health,
}

/// What an account may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Their own quarantine and lists.
    User,
    /// Everything the portal has.
    Admin,
}

/// A log-in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Its name; for users, their address, folded: it is also their mailbox.
    pub login: String,
    /// What it may do.
    pub role: Role,
}

/// Some rows of a longer list, newest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// What a digest for one mailbox tells.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DigestContent {
    /// Whose, folded.
    pub mailbox: String,
    /// At most `limits::DIGEST_ROWS_MAX`, newest first.
    pub rows: Vec<DigestRow>,
    /// How many more are held.
    pub more: usize,
}

/// One held message in a digest.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DigestRow {
    /// The message.
    pub held: HeldRow,
    /// What the link to it carries: signed, for this message and recipient only, expiring with it.
    pub token: String,
}

/// What a digest link stands for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LinkView {
    /// The message.
    pub held: HeldRow,
    /// What the link's holder may do now; empty when something was done already.
    pub actions: Vec<HeldAction>,
    /// What has been done, in words: `released at ... by digest link`.
    pub done: Option<String>,
}

/// How the appliance is.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Health {
    /// The daemon's version.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// Messages held now.
    pub held: u64,
    /// Messages with a recipient not yet delivered, bounced, dropped or held.
    pub queued: u64,
    /// Counts since the index began: `accepted`, `refused`, `delivered`, `bounced`, `deferred`, `quarantined`, ...
    pub counts: std::collections::BTreeMap<String, u64>,
    /// Journal records not yet in the index.
    pub index_behind: u64,
    /// Connections open now, one number a shard.
    pub connections: Vec<u64>,
    /// What receiving depends on.
    pub services: Vec<ServiceHealth>,
}

/// What comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done.
    Done,
    /// To [`Request::LogIn`].
    LoggedIn {
        /// For [`Who::Session`].
        token: String,
        /// Whose.
        account: Account,
    },
    /// To [`Request::WhoAmI`].
    Account(Account),
    /// To [`Request::HeldList`].
    Held(Page<HeldRow>),
    /// To [`Request::HeldShow`].
    HeldMessage(Box<HeldMessage>),
    /// To [`Request::HeldAct`].
    HeldDone(Vec<HeldOutcome>),
    /// To [`Request::ListShow`].
    List(Vec<ListEntry>),
    /// To [`Request::Track`].
    Tracked(Page<TrackRow>),
    /// To [`Request::Show`].
    Detail(Box<Detail>),
    /// To [`Request::DigestContent`].
    Digest(DigestContent),
    /// To [`Request::DigestDue`].
    Mailboxes(Vec<String>),
    /// To [`Request::DigestSend`].
    Submitted {
        /// The digest's own id.
        mid: Mid,
    },
    /// To the two link requests.
    Link(Box<LinkView>),
    /// To [`Request::UserList`].
    Users(Vec<Account>),
    /// To [`Request::GreylistShow`].
    Greylisted(Vec<Greylisted>),
    /// To [`Request::GreylistAdmit`].
    Admitted {
        /// How many.
        count: u64,
    },
    /// To [`Request::Health`].
    Health(Health),
    /// It was not done.
    Failed(Failure),
}

/// Why something was not done. The text names the cause and the remedy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// No session, an ended one, or a wrong name or password.
    NotLoggedIn(String),
    /// Known, and not allowed.
    Forbidden(String),
    /// There is no such thing, or it is not theirs to know of.
    NotFound(String),
    /// The request makes no sense.
    Invalid(String),
    /// Too often; try later.
    TooMany(String),
    /// The store cannot do it now.
    Unavailable(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoggedIn(text)
            | Self::Forbidden(text)
            | Self::NotFound(text)
            | Self::Invalid(text)
            | Self::TooMany(text)
            | Self::Unavailable(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}
