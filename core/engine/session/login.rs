//! AUTH: whose credentials these are. RFC 4954 §6.

use super::{Answer, Session};
use crate::credentials::{Attempt, LoginRefused};
use crate::driver::Driver;
use postern_smtp::Credentials;
use postern_vocab::events::IncidentKind;
use postern_vocab::refusals;
use postern_vocab::text::escaped;

impl<D: Driver> Session<D> {
    /// Wrong names and wrong passwords hear the same; the protocol counts them.
    pub(super) async fn log_in(&mut self, credentials: &Credentials) -> Answer {
        let checking = self.shard.shared.equipment.credentials.check(Attempt {
            login: credentials.user.clone(),
            password: credentials.password.clone(),
            client: self.peer.remote.ip().to_canonical(),
        });
        match checking.await {
            Ok(_) => Answer::Yes,
            Err(LoginRefused::Wrong) => Answer::No(refusals::BAD_CREDENTIALS.reply),
            Err(LoginRefused::Unavailable(why)) => {
                let detail = format!("log-in of {} not checked: {why}", credentials.user);
                self.incident(IncidentKind::AuthFailed, escaped(detail.as_bytes()));
                Answer::No(refusals::CREDENTIALS_UNAVAILABLE.reply)
            }
        }
    }
}
