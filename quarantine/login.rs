//! Passwords: argon2id, and how often one may be guessed. RFC 9106; the parameters are OWASP's smallest recommendation.

use crate::record::AccountRecord;
use crate::store::lock;
use argon2::{Algorithm, Argon2, Params, Version};
use bytes::Bytes;
use postern_quarantine_api::Failure;
use postern_vocab::{Timestamp, limits};
use std::collections::HashMap;
use std::sync::Mutex;

/// Memory of one hash.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over it.
const PASSES: u32 = 2;
/// Octets of a hash.
const HASH_OCTETS: usize = 32;
/// Octets of a salt.
const SALT_OCTETS: usize = 16;

/// Failures by log-in, and the one place where hashes are made.
#[derive(Default)]
pub(crate) struct Attempts {
    failures: Mutex<HashMap<String, Failures>>,
    /// One hash at a time: a flood of log-ins gets one core and 19 MiB, and mail keeps the rest.
    hashing: Mutex<()>,
}

struct Failures {
    since: Timestamp,
    count: u32,
}

impl Attempts {
    /// Counts an attempt as failed before its password is looked at, so that guesses made side by side count too.
    pub(crate) fn begin(&self, login: &str, now: Timestamp) -> Result<(), Failure> {
        let mut failures = lock(&self.failures);
        let over = |one: &Failures| now.since(one.since) >= limits::LOGIN_WINDOW;
        if failures.len() >= limits::LOGIN_FAILURES_REMEMBERED_MAX && !failures.contains_key(login) {
            failures.retain(|_, one| !over(one));
            let oldest = failures
                .iter()
                .min_by_key(|(_, one)| one.since)
                .map(|(login, _)| login.clone());
            if let Some(oldest) = oldest.filter(|_| failures.len() >= limits::LOGIN_FAILURES_REMEMBERED_MAX) {
                failures.remove(&oldest);
            }
        }
        let one = failures
            .entry(login.to_owned())
            .or_insert(Failures { since: now, count: 0 });
        if over(one) {
            *one = Failures { since: now, count: 0 };
        }
        if one.count >= limits::LOGIN_FAILURES_MAX {
            let minutes = limits::LOGIN_WINDOW.as_secs() / 60;
            return Err(Failure::TooMany(format!(
                "too many wrong passwords for this log-in; try again in {minutes} minutes"
            )));
        }
        one.count += 1;
        Ok(())
    }

    /// The password was right.
    pub(crate) fn succeeded(&self, login: &str) {
        lock(&self.failures).remove(login);
    }

    /// Whether the password is the account's. For a log-in without an account the same work is done.
    pub(crate) fn is_right(&self, account: Option<&AccountRecord>, password: &str) -> Result<bool, Failure> {
        let salt = account.map_or(&[0; SALT_OCTETS][..], |account| &account.salt);
        let hash = self.hash(password, salt)?;
        let stored = account.map_or(&[][..], |account| &account.hash);
        Ok(same(&hash, stored))
    }

    /// A fresh salt and the password's hash with it.
    pub(crate) fn fresh(&self, password: &str) -> Result<(Bytes, Bytes), Failure> {
        let mut salt = [0; SALT_OCTETS];
        getrandom::fill(&mut salt)
            .map_err(|_| Failure::Unavailable("the system gives no random numbers".to_owned()))?;
        let hash = self.hash(password, &salt)?;
        Ok((Bytes::copy_from_slice(&salt), Bytes::copy_from_slice(&hash)))
    }

    fn hash(&self, password: &str, salt: &[u8]) -> Result<[u8; HASH_OCTETS], Failure> {
        let _one = lock(&self.hashing);
        let mut hash = [0; HASH_OCTETS];
        let failed = |error| Failure::Unavailable(format!("the password cannot be checked: {error}"));
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(HASH_OCTETS)).map_err(failed)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), salt, &mut hash)
            .map_err(failed)?;
        Ok(hash)
    }
}

/// Whether two secrets are the same, in a time that tells nothing of where they differ.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differences == 0
}
