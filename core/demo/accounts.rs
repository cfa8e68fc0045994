//! The people of the demo: their log-ins, and the two list entries that the samples show at work.

use super::samples::{ALICE, BLOCKED_BY_BOB, BOB, SAFE_FOR_ALICE};
use super::stop::Stop;
use crate::cli::door::Door;
use crate::cli::trouble::Trouble;
use postern_quarantine::api::{DoorError, Request, Role};
use postern_vocab::{ListKind, ListOwner};
use std::time::{Duration, Instant};

/// Everyone's password: this appliance is on loopback and holds nothing but samples.
pub const PASSWORD: &str = "postern-demo";
/// The log-ins.
pub const LOGINS: [(&str, Role); 3] = [(ALICE, Role::User), (BOB, Role::User), ("admin", Role::Admin)];

/// How long the daemon may take to open its door.
const DOOR_TIMEOUT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Makes them, or gives them their password again where the directory was used before.
pub fn make(door: &Door, stop: &Stop) -> Result<(), Trouble> {
    opened(door, stop)?;
    for (login, role) in LOGINS {
        let set = |new| {
            let (login, password) = (login.to_owned(), Some(PASSWORD.to_owned()));
            door.tell(Request::UserSet {
                login,
                password,
                role,
                new,
            })
        };
        if matches!(set(true), Err(DoorError::Failed(_))) {
            set(false)?;
        }
    }
    let entries = [
        (ALICE, ListKind::Safe, SAFE_FOR_ALICE),
        (BOB, ListKind::Block, BLOCKED_BY_BOB),
    ];
    for (owner, kind, sender) in entries {
        let owner = ListOwner::Mailbox(owner.to_owned());
        door.tell(Request::ListAdd {
            owner,
            kind,
            pattern: sender.to_owned(),
        })?;
    }
    Ok(())
}

fn opened(door: &Door, stop: &Stop) -> Result<(), Trouble> {
    let began = Instant::now();
    loop {
        match door.ask(Request::Health) {
            Ok(_) => return Ok(()),
            Err(DoorError::Unreachable { .. }) if began.elapsed() < DOOR_TIMEOUT => {}
            Err(error) => return Err(error.into()),
        }
        if stop.wait(Some(LOOK_EVERY)) {
            return Err(Trouble::Said(
                "interrupted before the daemon opened its door".to_owned(),
            ));
        }
    }
}
