//! AUTH: whose credentials these are. RFC 4954 §6.

use super::{Answer, Session};
use crate::credentials::LoginRefused;
use crate::driver::Driver;
use postern_smtp::Credentials;
use postern_vocab::refusals;

impl<D: Driver> Session<D> {
    /// Wrong names and wrong passwords hear the same; the protocol counts them.
    pub(super) async fn log_in(&mut self, credentials: &Credentials) -> Answer {
        let checking = self
            .shard
            .shared
            .equipment
            .credentials
            .check(&credentials.user, &credentials.password);
        match checking.await {
            Ok(_) => Answer::Yes,
            Err(LoginRefused::Wrong) => Answer::No(refusals::BAD_CREDENTIALS.reply),
            Err(LoginRefused::Unavailable(why)) => {
                eprintln!("postern: a log-in cannot be checked: {why}");
                Answer::No(refusals::CREDENTIALS_UNAVAILABLE.reply)
            }
        }
    }
}
