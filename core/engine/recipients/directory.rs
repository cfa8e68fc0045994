//! Asking the directory: a few connections that are kept, each look-up within its time, and a rest after a failure. The
//! work is done beside the shards, on the runtime whose handle is given.

use super::Validity;
use super::circuit::Circuit;
use super::connection::{Connection, Failure};
use super::filter::filter_for;
use postern_policy::Directory;
use postern_vocab::{Address, limits};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// The directory as it is configured, and how asking it has gone.
pub(super) struct AskedDirectory {
    settings: Directory,
    service: Handle,
    circuit: Mutex<Circuit>,
    /// One for each look-up under way, and so for each connection.
    places: Semaphore,
    /// Connections that nobody uses now, the last used at the end.
    unused: Mutex<Vec<Connection>>,
}

impl AskedDirectory {
    pub(super) fn new(settings: Directory, service: Handle) -> Arc<Self> {
        Arc::new(Self {
            settings,
            service,
            circuit: Mutex::default(),
            places: Semaphore::new(limits::DIRECTORY_CONNECTIONS_MAX),
            unused: Mutex::default(),
        })
    }

    /// Whether it knows an address, within `limits::RECIPIENT_CHECK_TIMEOUT`.
    pub(super) async fn ask(self: &Arc<Self>, address: &Address) -> Validity {
        if let Err(why) = lock(&self.circuit).may_ask(Instant::now()) {
            return Validity::Unavailable(why);
        }
        let filter = filter_for(&self.settings.filter, address);
        let directory = Arc::clone(self);
        let looking = self.service.spawn(async move {
            let found = timeout(limits::RECIPIENT_CHECK_TIMEOUT, directory.look_up(&filter)).await;
            found.unwrap_or_else(|_| Err(directory.too_late()))
        });
        let found = looking.await.unwrap_or_else(|error| {
            let why = format!("asking the directory was broken off: {error}");
            Err(Failure::NoAnswer(why))
        });
        self.note(found)
    }

    /// Its name, and what went wrong the last time.
    pub(super) fn health(&self) -> (String, Option<String>) {
        let last_error = lock(&self.circuit).last_error().map(str::to_owned);
        (format!("directory {}", self.settings.url), last_error)
    }

    async fn look_up(&self, filter: &str) -> Result<bool, Failure> {
        let _place = self.places.acquire().await;
        if let Some(mut kept) = self.kept() {
            let found = kept.has_entry(&self.settings, filter).await;
            // The directory may have closed it meanwhile, or have been started again: a fresh one decides.
            if !matches!(found, Err(Failure::NoAnswer(_))) {
                lock(&self.unused).push(kept);
                return found;
            }
        }
        let mut fresh = Connection::open(&self.settings).await?;
        let found = fresh.has_entry(&self.settings, filter).await;
        if !matches!(found, Err(Failure::NoAnswer(_))) {
            lock(&self.unused).push(fresh);
        }
        found
    }

    /// The connection used last, if it is still good; those that are not are dropped.
    fn kept(&self) -> Option<Connection> {
        let mut unused = lock(&self.unused);
        unused.retain_mut(Connection::is_good);
        unused.pop()
    }

    fn note(&self, found: Result<bool, Failure>) -> Validity {
        let mut circuit = lock(&self.circuit);
        let why = match found {
            Ok(exists) => {
                circuit.succeeded();
                return match exists {
                    true => Validity::Valid,
                    false => Validity::Unknown,
                };
            }
            Err(Failure::Complaint(why)) => {
                circuit.complained(&why);
                why
            }
            Err(Failure::NoAnswer(why)) => {
                circuit.failed(&why, Instant::now());
                why
            }
        };
        Validity::Unavailable(why)
    }

    fn too_late(&self) -> Failure {
        let (url, seconds) = (&self.settings.url, limits::RECIPIENT_CHECK_TIMEOUT.as_secs());
        Failure::NoAnswer(format!(
            "the directory {url} did not answer within {seconds} s: check that it is up, and that what is searched for is \
             indexed"
        ))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change under these locks is a single step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
