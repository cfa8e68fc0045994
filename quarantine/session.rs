//! Portal sessions. The token is 32 random octets that only its holder has: the store keeps its digest.

use crate::columns::{Column, Columns, Durability, Stored};
use crate::record::{AccountRecord, SessionRecord};
use crate::{Store, StoreError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postern_quarantine_api::Failure;
use postern_vocab::limits;
use rocksdb::WriteBatch;
use std::time::Duration;

/// Octets of a token.
const TOKEN_OCTETS: usize = 32;
/// How exactly the last use of a session is kept: not every request is a write.
const USED_STEP: Duration = Duration::from_secs(60);

impl Store {
    /// A new session; gives its token.
    pub(crate) fn session_begin(&self, login: &str) -> Result<String, Failure> {
        let mut token = [0; TOKEN_OCTETS];
        getrandom::fill(&mut token)
            .map_err(|_| Failure::Unavailable("the system gives no random numbers".to_owned()))?;
        let token = URL_SAFE_NO_PAD.encode(token);
        self.put_session(&token, login, Durability::Now)?;
        Ok(token)
    }

    /// Whose session this is. The account is read anew each time: what was removed or changed since counts at once.
    pub(crate) fn session(&self, token: &str) -> Result<AccountRecord, Failure> {
        let ended = || Failure::NotLoggedIn("the session has ended; log in again".to_owned());
        let record: Option<SessionRecord> = self.columns.read(Column::Sessions, &key(token))?;
        let record = record.ok_or_else(ended)?;
        let idle = self.now().since(record.used_at);
        if idle >= limits::SESSION_IDLE {
            self.session_end(token)?;
            return Err(ended());
        }
        if idle >= USED_STEP {
            self.put_session(token, &record.login, Durability::Later)?;
        }
        self.account(&record.login)?.ok_or_else(ended)
    }

    /// Ends a session.
    pub(crate) fn session_end(&self, token: &str) -> Result<(), Failure> {
        let mut batch = WriteBatch::default();
        self.columns.delete(&mut batch, Column::Sessions, &key(token));
        Ok(self.columns.write(batch, Durability::Now)?)
    }

    fn put_session(&self, token: &str, login: &str, durability: Durability) -> Result<(), Failure> {
        let record = SessionRecord {
            login: login.to_owned(),
            used_at: self.now(),
        };
        let mut batch = WriteBatch::default();
        self.columns
            .put(&mut batch, (Column::Sessions, &key(token)), &record);
        Ok(self.columns.write(batch, durability)?)
    }
}

/// Ends all sessions for which `over` holds.
pub(crate) fn sweep(columns: &Columns, over: impl Fn(&SessionRecord) -> bool) -> Result<(), StoreError> {
    let mut batch = WriteBatch::default();
    for item in columns.scan(Column::Sessions, &[], &[]) {
        let Stored(key, octets) = item?;
        if over(&columns.decode(Column::Sessions, &octets)?) {
            columns.delete(&mut batch, Column::Sessions, &key);
        }
    }
    if batch.is_empty() {
        return Ok(());
    }
    columns.write(batch, Durability::Now)
}

fn key(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}
