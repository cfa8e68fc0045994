//! Accounts of the portal, kept here.

use crate::columns::{Column, Durability};
use crate::record::AccountRecord;
use crate::{Store, session};
use postern_quarantine_api::{Account, Failure, Role};
use postern_vocab::{Address, limits};
use rocksdb::WriteBatch;
use std::net::IpAddr;

/// Shortest password that is taken.
const PASSWORD_CHARS_MIN: usize = 8;
/// Longest: what is hashed has a bound.
const PASSWORD_OCTETS_MAX: usize = 1_024;
/// Longest log-in: an address.
const LOGIN_OCTETS_MAX: usize = limits::LOCAL_PART_OCTETS_MAX + 1 + limits::DOMAIN_OCTETS_MAX;

/// What `UserSet` asks for.
pub(crate) struct Wish {
    pub login: String,
    pub password: Option<String>,
    pub role: Role,
    pub new: bool,
}

impl Store {
    /// Makes an account, or changes one. Its sessions end when its password or role changes.
    pub(crate) fn user_set(&self, wish: &Wish) -> Result<(), Failure> {
        let login = checked(wish)?;
        let present = self.account(&login)?;
        let (salt, hash) = match (&wish.password, present) {
            (_, Some(_)) if wish.new => {
                return Err(Failure::Invalid(format!("there is a user {login} already")));
            }
            (_, None) if !wish.new => return Err(unknown(&login)),
            (None, None) => return Err(Failure::Invalid("a new user needs a password".to_owned())),
            (None, Some(account)) => (account.salt, account.hash),
            (Some(password), _) => self.attempts.fresh(password)?,
        };
        self.put_account(&AccountRecord {
            login,
            role: wish.role,
            salt,
            hash,
        })
    }

    /// Removes an account; its sessions end.
    pub(crate) fn user_remove(&self, login: &str) -> Result<(), Failure> {
        let login = folded(login);
        if self.account(&login)?.is_none() {
            return Err(unknown(&login));
        }
        let mut batch = WriteBatch::default();
        self.columns
            .delete(&mut batch, Column::Accounts, login.as_bytes());
        self.columns.write(batch, Durability::Now)?;
        session::sweep(&self.columns, |session| session.login == login)?;
        Ok(())
    }

    /// All accounts, by name.
    pub(crate) fn user_list(&self) -> Result<Vec<Account>, Failure> {
        let mut accounts = Vec::new();
        for item in self.columns.scan(Column::Accounts, &[], &[]) {
            let record: AccountRecord = self.columns.decode(Column::Accounts, &item?.1)?;
            accounts.push(shown(&record));
        }
        Ok(accounts)
    }

    /// Checks a password; gives the account and a new session's token.
    pub(crate) fn log_in(&self, login: &str, password: &str) -> Result<(String, Account), Failure> {
        let account = self
            .check_password(login, password, None)?
            .ok_or_else(|| Failure::NotLoggedIn("the name or the password is wrong".to_owned()))?;
        let token = self.session_begin(&account.login)?;
        Ok((token, account))
    }

    /// Whose account this is; `None` when the name or the password is wrong. Wrong ones count, wherever they were tried.
    /// With a client's address they count for this client only: whoever guesses there locks nobody else out.
    /// Slow by intent: it keeps a core busy for some milliseconds, and waits for others who do.
    ///
    /// # Errors
    /// It is not said whether the password is right: too many were wrong, or one of the two is too long.
    pub fn check_password(
        &self,
        login: &str,
        password: &str,
        client: Option<IpAddr>,
    ) -> Result<Option<Account>, Failure> {
        let login = folded(login);
        if login.len() > LOGIN_OCTETS_MAX || password.len() > PASSWORD_OCTETS_MAX {
            return Err(Failure::Invalid(
                "the name or the password is too long".to_owned(),
            ));
        }
        let whose = client.map_or_else(|| login.clone(), |client| format!("{login} from {client}"));
        self.attempts.begin(&whose, self.now())?;
        let record = self.account(&login)?;
        let right = self.attempts.is_right(record.as_ref(), password)?;
        let Some(record) = record.filter(|_| right) else {
            return Ok(None);
        };
        self.attempts.succeeded(&whose);
        Ok(Some(shown(&record)))
    }

    /// One account.
    pub(crate) fn account(&self, login: &str) -> Result<Option<AccountRecord>, Failure> {
        Ok(self.columns.read(Column::Accounts, login.as_bytes())?)
    }

    fn put_account(&self, record: &AccountRecord) -> Result<(), Failure> {
        let mut batch = WriteBatch::default();
        self.columns
            .put(&mut batch, (Column::Accounts, record.login.as_bytes()), record);
        self.columns.write(batch, Durability::Now)?;
        session::sweep(&self.columns, |session| session.login == record.login)?;
        self.attempts.succeeded(&record.login);
        Ok(())
    }
}

/// What the door shows of an account.
pub(crate) fn shown(record: &AccountRecord) -> Account {
    Account {
        login: record.login.clone(),
        role: record.role,
    }
}

fn checked(wish: &Wish) -> Result<String, Failure> {
    let login = folded(&wish.login);
    let plain = login.chars().all(|c| !c.is_control() && !c.is_whitespace());
    if login.is_empty() || login.len() > LOGIN_OCTETS_MAX || !plain {
        return Err(Failure::Invalid(format!(
            "\"{login}\" is not a log-in: it is empty, too long, or has spaces"
        )));
    }
    if wish.role == Role::User
        && let Err(why) = login.parse::<Address>()
    {
        return Err(Failure::Invalid(format!(
            "\"{login}\" is not a mailbox, and a user's log-in is theirs: {why}"
        )));
    }
    if let Some(password) = &wish.password
        && (password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_OCTETS_MAX)
    {
        return Err(Failure::Invalid(format!(
            "a password has at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_OCTETS_MAX} octets"
        )));
    }
    Ok(login)
}

/// The form in which names compare: a mailbox as lists have it, anything else in lower case.
fn folded(login: &str) -> String {
    let login = login.trim();
    let address: Result<Address, _> = login.parse();
    address.map_or_else(|_| login.to_lowercase(), |address| address.folded())
}

fn unknown(login: &str) -> Failure {
    Failure::NotFound(format!("there is no user {login}"))
}
