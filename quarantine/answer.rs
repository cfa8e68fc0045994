//! One request, one reply. What a request is worth is decided here, on the store's side, for each one: by the socket it
//! came by and by what it proves. The comments in the door's own room say who may ask what.

use crate::account::{Wish, shown};
use crate::act::Actor;
use crate::held::{HeldQuery, Scope};
use crate::{Mail, Store, lists};
use postern_quarantine_api::{
    Account, Call, Failure, HeldAction, HeldKey, HeldOutcome, Reply, Request, Role, Who,
};
use postern_vocab::{ListOwner, limits};

/// Which socket a request came by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Socket {
    /// The command line's: whoever can open it is the appliance's own user or root.
    Operator,
    /// The portal's: believed in nothing.
    Portal,
}

/// Who asks, proven.
enum Asker {
    Operator,
    Account(Account, String),
}

/// Answers one call.
pub(crate) fn answer(store: &Store, mail: &Mail, socket: Socket, call: Call) -> Reply {
    open(store, mail, &call.request)
        .unwrap_or_else(|| {
            let asker = prove(store, socket, &call.who)?;
            asked(store, mail, &asker, call.request)
        })
        .unwrap_or_else(Reply::Failed)
}

/// What anyone may ask; `None` for everything else.
fn open(store: &Store, mail: &Mail, request: &Request) -> Option<Result<Reply, Failure>> {
    Some(match request {
        Request::LogIn { login, password } => store
            .log_in(login, password)
            .map(|(token, account)| Reply::LoggedIn { token, account }),
        Request::LinkView { token } => store.link_view(token).map(|view| Reply::Link(Box::new(view))),
        Request::LinkAct { token, action } => store
            .link_act(mail, token, *action)
            .map(|view| Reply::Link(Box::new(view))),
        Request::Health => Ok(Reply::Health(store.health(mail.gateway.health()))),
        _ => return None,
    })
}

fn prove(store: &Store, socket: Socket, who: &Who) -> Result<Asker, Failure> {
    match (who, socket) {
        (Who::Operator, Socket::Operator) => Ok(Asker::Operator),
        (Who::Operator, Socket::Portal) => Err(Failure::Forbidden(
            "the operator's requests are not taken on the portal's socket".to_owned(),
        )),
        (Who::Session(token), _) => {
            let record = store.session(token)?;
            Ok(Asker::Account(shown(&record), token.clone()))
        }
        (Who::Anyone, _) => Err(Failure::NotLoggedIn("log in first".to_owned())),
    }
}

impl Asker {
    /// Whose held mail they may see.
    fn scope(&self) -> Scope<'_> {
        match self {
            Self::Account(account, _) if account.role == Role::User => Scope::Mailbox(&account.login),
            Self::Operator | Self::Account(..) => Scope::All,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Operator => "operator",
            Self::Account(account, _) => &account.login,
        }
    }

    fn is_administrator(&self) -> Result<(), Failure> {
        match self.scope() {
            Scope::All => Ok(()),
            Scope::Mailbox(_) => Err(Failure::Forbidden("only an administrator may do this".to_owned())),
        }
    }

    fn is_operator(&self) -> Result<(), Failure> {
        match self {
            Self::Operator => Ok(()),
            Self::Account(..) => Err(Failure::Forbidden(
                "this is done with the postern command, not from the portal".to_owned(),
            )),
        }
    }

    /// Whether a mailbox, or a list, is theirs to see and change.
    fn owns(&self, owner: &ListOwner) -> Result<(), Failure> {
        match (self.scope(), owner) {
            (Scope::All, _) => Ok(()),
            (Scope::Mailbox(own), ListOwner::Mailbox(mailbox)) if own == mailbox => Ok(()),
            (Scope::Mailbox(_), _) => Err(Failure::Forbidden(
                "only your own can be seen and changed".to_owned(),
            )),
        }
    }

    fn session(&self) -> Result<(&Account, &str), Failure> {
        match self {
            Self::Account(account, token) => Ok((account, token)),
            Self::Operator => Err(Failure::Invalid("the operator has no session".to_owned())),
        }
    }
}

fn asked(store: &Store, mail: &Mail, asker: &Asker, request: Request) -> Result<Reply, Failure> {
    match request {
        Request::LogOut => store.session_end(asker.session()?.1).map(|()| Reply::Done),
        Request::WhoAmI => Ok(Reply::Account(asker.session()?.0.clone())),
        Request::HeldList { .. } | Request::HeldShow(_) | Request::HeldAct { .. } => {
            held(store, mail, asker, request)
        }
        Request::ListShow { .. } | Request::ListAdd { .. } | Request::ListRemove { .. } => {
            list(store, mail, asker, request)
        }
        Request::Track(query) => {
            asker.is_administrator()?;
            store.track(&query).map(Reply::Tracked)
        }
        Request::Show(subject) => {
            asker.is_administrator()?;
            store.show(subject).map(|detail| Reply::Detail(Box::new(detail)))
        }
        Request::DigestContent { .. } | Request::DigestDue | Request::DigestSend { .. } => {
            digest(store, mail, asker, request)
        }
        Request::GreylistShow { limit } => {
            asker.is_operator()?;
            Ok(Reply::Greylisted(
                mail.gateway.greylisted(limit.min(limits::PAGE_ROWS_MAX)),
            ))
        }
        Request::GreylistAdmit(filter) => {
            asker.is_operator()?;
            let admitted = mail.gateway.admit(&filter).map_err(Failure::Invalid)?;
            Ok(Reply::Admitted { count: admitted })
        }
        Request::UserSet { .. } | Request::UserRemove { .. } | Request::UserList => {
            asker.is_operator()?;
            user(store, request)
        }
        Request::LogIn { .. } | Request::LinkView { .. } | Request::LinkAct { .. } | Request::Health => {
            Err(Failure::Invalid("this needs no log-in".to_owned()))
        }
    }
}

fn held(store: &Store, mail: &Mail, asker: &Asker, request: Request) -> Result<Reply, Failure> {
    match request {
        Request::HeldList {
            filter,
            cursor,
            limit,
        } => {
            let query = HeldQuery {
                scope: asker.scope(),
                filter: &filter,
                cursor: cursor.as_deref(),
                limit,
            };
            store.held_list(&query).map(Reply::Held)
        }
        Request::HeldShow(key) => store
            .held_show(key, asker.scope())
            .map(|message| Reply::HeldMessage(Box::new(message))),
        Request::HeldAct { keys, action } => act(store, mail, asker, (keys, action)).map(Reply::HeldDone),
        _ => Err(Failure::Invalid("this is not about held mail".to_owned())),
    }
}

fn act(
    store: &Store,
    mail: &Mail,
    asker: &Asker,
    (keys, action): (Vec<HeldKey>, HeldAction),
) -> Result<Vec<HeldOutcome>, Failure> {
    if keys.len() > limits::PAGE_ROWS_MAX {
        let most = limits::PAGE_ROWS_MAX;
        return Err(Failure::Invalid(format!("at most {most} messages at once")));
    }
    let actor = Actor {
        scope: asker.scope(),
        name: asker.name(),
        on_lists: asker.name(),
    };
    let single = keys.len() == 1;
    let mut outcomes = Vec::new();
    for key in keys {
        outcomes.push(match store.act(mail, &actor, (key, action)) {
            Ok(outcome) => outcome,
            Err(failure @ Failure::Forbidden(_)) if single => return Err(failure),
            Err(failure) => HeldOutcome {
                key,
                done: false,
                text: failure.to_string(),
            },
        });
    }
    Ok(outcomes)
}

fn list(store: &Store, mail: &Mail, asker: &Asker, request: Request) -> Result<Reply, Failure> {
    match request {
        Request::ListShow { owner } => {
            let owner = match (owner, asker.scope()) {
                (Some(owner), _) => Some(lists::folded(owner)?),
                (None, Scope::Mailbox(own)) => Some(ListOwner::Mailbox(own.to_owned())),
                (None, Scope::All) => None,
            };
            let Some(owner) = owner else {
                return Ok(Reply::List(store.lists()?));
            };
            asker.owns(&owner)?;
            Ok(Reply::List(store.lists_of(&owner)?))
        }
        Request::ListAdd { owner, kind, pattern } => {
            let owner = lists::folded(owner)?;
            asker.owns(&owner)?;
            store
                .list_add(mail, (owner, kind, &pattern), asker.name())
                .map(|()| Reply::Done)
        }
        Request::ListRemove { owner, kind, pattern } => {
            let owner = lists::folded(owner)?;
            asker.owns(&owner)?;
            store
                .list_remove(mail, (owner, kind, &pattern))
                .map(|()| Reply::Done)
        }
        _ => Err(Failure::Invalid("this is not about lists".to_owned())),
    }
}

fn digest(store: &Store, mail: &Mail, asker: &Asker, request: Request) -> Result<Reply, Failure> {
    match request {
        Request::DigestContent { mailbox } => {
            let mailbox = own_mailbox(asker, mailbox)?;
            store.digest_content(&mailbox).map(Reply::Digest)
        }
        Request::DigestSend { mailbox, message } => {
            let mailbox = own_mailbox(asker, mailbox)?;
            let mid = store.digest_send(mail, &mailbox, message)?;
            Ok(Reply::Submitted { mid })
        }
        Request::DigestDue => {
            asker.is_administrator()?;
            store.digest_due().map(Reply::Mailboxes)
        }
        _ => Err(Failure::Invalid("this is not about digests".to_owned())),
    }
}

fn own_mailbox(asker: &Asker, mailbox: String) -> Result<String, Failure> {
    let owner = lists::folded(ListOwner::Mailbox(mailbox))?;
    asker.owns(&owner)?;
    Ok(owner.to_string())
}

fn user(store: &Store, request: Request) -> Result<Reply, Failure> {
    match request {
        Request::UserSet {
            login,
            password,
            role,
            new,
        } => {
            let wish = Wish {
                login,
                password,
                role,
                new,
            };
            store.user_set(&wish).map(|()| Reply::Done)
        }
        Request::UserRemove { login } => store.user_remove(&login).map(|()| Reply::Done),
        Request::UserList => store.user_list().map(Reply::Users),
        _ => Err(Failure::Invalid("this is not about users".to_owned())),
    }
}
