//! `postern user`: portal log-ins that are kept locally.

use super::args::User;
use super::door::Door;
use super::output::Output;
use super::table::Table;
use super::trouble::Trouble;
use super::{password, status_of};
use postern_engine::policy::Config;
use postern_quarantine::api::{Account, DoorError, Reply, Request, Role};
use postern_vocab::Address;
use std::process::ExitCode;

/// Does it.
pub fn user(config: &Config, action: Option<User>, output: &mut Output) -> Result<ExitCode, Trouble> {
    let door = Door::of(config);
    match action {
        None | Some(User::List) => list(&door, output),
        Some(User::Add {
            login,
            admin,
            password_stdin,
        }) => {
            let login = name(&login, admin)?;
            let role = if admin { Role::Admin } else { Role::User };
            let password = Some(password::read(password_stdin)?);
            door.tell(Request::UserSet {
                login: login.clone(),
                password,
                role,
                new: true,
            })?;
            output.line(format_args!("added {login}"))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(User::Passwd {
            login,
            password_stdin,
        }) => {
            let known = accounts(&door)?
                .into_iter()
                .find(|one| one.login == folded(&login));
            let Some(Account { login, role }) = known else {
                return Err(Trouble::Said(format!(
                    "there is no log-in {login}; `postern user list` shows all"
                )));
            };
            let password = Some(password::read(password_stdin)?);
            door.tell(Request::UserSet {
                login: login.clone(),
                password,
                role,
                new: false,
            })?;
            output.line(format_args!("changed the password of {login}"))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(User::Remove { login }) => {
            let login = folded(&login);
            door.tell(Request::UserRemove { login: login.clone() })?;
            output.line(format_args!("removed {login}"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A user's name is their address: it is also the mailbox that they see. An administrator's may be any word.
fn name(login: &str, admin: bool) -> Result<String, Trouble> {
    match login.parse::<Address>() {
        Ok(address) => Ok(address.folded()),
        Err(_) if admin => Ok(folded(login)),
        Err(why) => Err(Trouble::Usage(format!(
            "\"{login}\" is not a mail address ({why}), and a user's log-in is the mailbox they may see; --admin takes any \
             name"
        ))),
    }
}

fn folded(login: &str) -> String {
    login
        .parse::<Address>()
        .map_or_else(|_| login.to_lowercase(), |address| address.folded())
}

fn accounts(door: &Door) -> Result<Vec<Account>, Trouble> {
    match door.ask(Request::UserList)? {
        Reply::Users(accounts) => Ok(accounts),
        _ => Err(DoorError::Unexpected.into()),
    }
}

fn list(door: &Door, output: &mut Output) -> Result<ExitCode, Trouble> {
    let accounts = accounts(door)?;
    if output.json {
        output.values(&accounts)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["LOG-IN", "MAY"]);
    for account in accounts {
        let may = match account.role {
            Role::User => "see their own quarantine and lists",
            Role::Admin => "see and do everything",
        };
        table.row([account.login, may.to_owned()]);
    }
    output.table(&table, "there are no log-ins; `postern user add` makes one")?;
    Ok(status_of(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_log_in_is_a_mailbox_and_an_administrators_any_word() {
        assert_eq!(
            name("Alice@Example.com", false).expect("an address"),
            "alice@example.com"
        );
        assert_eq!(name("Admin", true).expect("any word"), "admin");
        assert!(matches!(name("alice", false), Err(Trouble::Usage(_))));
    }
}
