//! Whether a log-in and a password belong together, for AUTH. RFC 4954. Checking is made to be slow, so it is done beside
//! the shards, a few at once, and only so many may wait.

use postern_vocab::limits;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Why nobody is logged in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoginRefused {
    /// The name or the password is wrong: 535 5.7.8. Nobody is told which.
    Wrong,
    /// It cannot be told now: 454 4.7.0. Why is for the log, not for the client.
    Unavailable(String),
}

/// Gives the log-in in the form it is known by (`None`: the name or the password is wrong), or why it cannot tell.
type Check = dyn Fn(&Attempt) -> Result<Option<String>, String> + Send + Sync;

/// One attempt to log in.
pub struct Attempt {
    /// As whom.
    pub login: String,
    /// With what.
    pub password: String,
    /// From where: whoever guesses is made to wait, and nobody else.
    pub client: IpAddr,
}

/// Who checks passwords, and how many wait for it. Shared by all shards.
pub struct Credentials {
    service: Handle,
    check: Arc<Check>,
    /// Those who are checked, and those who wait.
    admitted: Semaphore,
    /// Those who are checked.
    places: Arc<Semaphore>,
}

impl Credentials {
    /// `check` may block; it is called on the runtime of this handle.
    pub fn new(
        service: Handle,
        check: impl Fn(&Attempt) -> Result<Option<String>, String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            service,
            check: Arc::new(check),
            admitted: Semaphore::new(limits::AUTH_CHECKS_MAX + limits::AUTH_CHECKS_WAITING_MAX),
            places: Arc::new(Semaphore::new(limits::AUTH_CHECKS_MAX)),
        }
    }

    /// Who this is, in the form the account is known by.
    ///
    /// # Errors
    /// [`LoginRefused`].
    pub async fn check(&self, attempt: Attempt) -> Result<String, LoginRefused> {
        let unavailable = |why: &str| LoginRefused::Unavailable(why.to_owned());
        let _admitted = self
            .admitted
            .try_acquire()
            .map_err(|_| unavailable("too many passwords wait to be checked"))?;
        let place = Arc::clone(&self.places).acquire_owned().await;
        let check = Arc::clone(&self.check);
        let checking = self.service.spawn_blocking(move || {
            // The place is given back when the check is done, whether or not somebody still waits for it.
            let _place = place;
            check(&attempt)
        });
        match checking.await {
            Ok(Ok(Some(login))) => Ok(login),
            Ok(Ok(None)) => Err(LoginRefused::Wrong),
            Ok(Err(why)) => Err(LoginRefused::Unavailable(why)),
            Err(error) => Err(unavailable(&format!(
                "checking the password was broken off: {error}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Condvar, Mutex};

    fn attempt(login: &str, password: &str) -> Attempt {
        Attempt {
            login: login.to_owned(),
            password: password.to_owned(),
            client: Ipv4Addr::new(192, 0, 2, 1).into(),
        }
    }

    fn accounts(attempt: &Attempt) -> Result<Option<String>, String> {
        match (attempt.login.as_str(), attempt.password.as_str()) {
            ("Alice", "right") => Ok(Some("alice".to_owned())),
            ("broken", _) => Err("the index is gone".to_owned()),
            ("panics", _) => panic!("a mistake of ours"),
            _ => Ok(None),
        }
    }

    #[tokio::test]
    async fn every_outcome_has_its_answer() {
        let credentials = Credentials::new(Handle::current(), accounts);
        let unavailable = |why: &str| Err(LoginRefused::Unavailable(why.to_owned()));
        let rows = [
            ("Alice", "right", Ok("alice".to_owned()), "in the account's form"),
            ("Alice", "wrong", Err(LoginRefused::Wrong), "wrong password"),
            ("bob", "right", Err(LoginRefused::Wrong), "no such account"),
            ("broken", "", unavailable("the index is gone"), "cannot tell"),
        ];
        for (login, password, expected, reason) in rows {
            assert_eq!(
                credentials.check(attempt(login, password)).await,
                expected,
                "{reason}"
            );
        }
        let broken_off = credentials.check(attempt("panics", "")).await;
        assert!(
            matches!(broken_off, Err(LoginRefused::Unavailable(_))),
            "not wrong"
        );
        assert_eq!(
            credentials.check(attempt("Alice", "right")).await.as_deref(),
            Ok("alice"),
            "its place is free again"
        );
    }

    #[tokio::test]
    async fn only_a_few_are_checked_at_once_and_only_so_many_wait() {
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (held, counted, peak) = (Arc::clone(&gate), Arc::clone(&now), Arc::clone(&most));
        let check = move |attempt: &Attempt| {
            let at_once = counted.fetch_add(1, Ordering::SeqCst) + 1;
            peak.fetch_max(at_once, Ordering::SeqCst);
            let open = held.0.lock().expect("no check panics");
            let _open = held.1.wait_while(open, |open| !*open).expect("no check panics");
            counted.fetch_sub(1, Ordering::SeqCst);
            Ok(Some(attempt.login.clone()))
        };
        let credentials = Arc::new(Credentials::new(Handle::current(), check));
        let admitted = limits::AUTH_CHECKS_MAX + limits::AUTH_CHECKS_WAITING_MAX;
        let waiting: Vec<_> = (0..admitted)
            .map(|_| {
                let credentials = Arc::clone(&credentials);
                tokio::spawn(async move { credentials.check(attempt("alice", "right")).await })
            })
            .collect();
        while credentials.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let over = credentials.check(attempt("alice", "right")).await;
        assert!(matches!(over, Err(LoginRefused::Unavailable(_))), "{over:?}");
        *gate.0.lock().expect("no check panics") = true;
        gate.1.notify_all();
        for one in waiting {
            assert_eq!(one.await.expect("no panic").as_deref(), Ok("alice"));
        }
        assert!(most.load(Ordering::SeqCst) <= limits::AUTH_CHECKS_MAX);
        assert!(credentials.check(attempt("alice", "right")).await.is_ok());
    }
}
