//! Whether a directory or a next hop is worth asking: one that gave no answer is left alone for a while, so that not
//! every recipient waits until the time is over.

use postern_vocab::limits;
use tokio::time::Instant;

/// How asking has gone.
#[derive(Default)]
pub(super) struct Circuit {
    last_error: Option<String>,
    /// Until then nobody asks.
    rest_until: Option<Instant>,
}

impl Circuit {
    /// Whether to ask now. After a rest one may try; the others go on resting until it has come back or must have.
    ///
    /// # Errors
    /// The error that it rests for.
    pub(super) fn may_ask(&mut self, now: Instant) -> Result<(), String> {
        match self.rest_until {
            Some(until) if now < until => Err(self.last_error.clone().unwrap_or_default()),
            Some(_) => {
                self.rest_until = Some(now + limits::RECIPIENT_CHECK_TIMEOUT);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// There was an answer.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// It was there, and said that it cannot tell: worth showing, and no reason to rest.
    pub(super) fn complained(&mut self, why: &str) {
        self.last_error = Some(why.to_owned());
        self.rest_until = None;
    }

    /// There was none.
    pub(super) fn failed(&mut self, why: &str, now: Instant) {
        self.last_error = Some(why.to_owned());
        self.rest_until = Some(now + limits::RECIPIENT_CHECK_REST);
    }

    /// What went wrong the last time, if it did.
    pub(super) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn after_a_failure_it_rests_and_then_one_may_try() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut circuit = Circuit::default();
        assert_eq!(circuit.may_ask(at(0)), Ok(()));
        circuit.failed("down", at(0));
        assert_eq!(circuit.may_ask(at(4)), Err("down".to_owned()), "it rests");
        assert_eq!(circuit.may_ask(at(5)), Ok(()), "one tries");
        assert_eq!(circuit.may_ask(at(6)), Err("down".to_owned()), "only one");
        assert_eq!(
            circuit.may_ask(at(15)),
            Ok(()),
            "the one that tried never came back"
        );
        circuit.succeeded();
        assert_eq!(circuit.may_ask(at(15)), Ok(()));
        assert_eq!(circuit.last_error(), None);
        circuit.complained("no such base");
        assert_eq!(circuit.may_ask(at(15)), Ok(()), "an answer is quick");
        assert_eq!(circuit.last_error(), Some("no such base"));
    }
}
