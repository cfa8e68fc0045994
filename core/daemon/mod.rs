//! `postern run`: puts the rooms together and takes them apart again. No logic of its own.
//!
//! Here the engine and the store meet, who never see each other: journal records go from one to the other by
//! [`feed`], submissions the other way by [`submissions`].

mod certificate;
mod descriptors;
mod directories;
mod equipment;
mod feed;
mod gateway;
mod history;
mod portal;
mod reload;
mod signals;
mod submissions;

pub use equipment::check;
pub use signals::Signals;

use directories::{Directories, DirectoryError};
use postern_engine::dns::Dns;
use postern_engine::policy::{Config, Lists};
use postern_engine::recovery::{self, RecoveredShard};
use postern_engine::{BindError, Engine, HighestIds, Notice, Preparation, Services, Shared};
use postern_quarantine::{Door, DoorOpenError, MailLogs, MailLogsError, Settings, Store, StoreError};
use postern_vocab::{ListChange, Timestamp, limits};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Why the daemon does not start. Every text names the cause and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A directory is not to be had.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A listener's address is not to be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The index does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The door does not open.
    #[error(transparent)]
    Door(#[from] DoorOpenError),
    /// The mail log cannot be written.
    #[error(transparent)]
    Logs(#[from] MailLogsError),
    /// The configuration insists on a driver that there is not.
    #[error("{0}")]
    Driver(String),
    /// The journal cannot be read.
    #[error("the journal in {directory} cannot be read: {source}; check the disk and its permissions")]
    Journal {
        /// Which.
        directory: String,
        /// What the system said.
        source: io::Error,
    },
    /// Certificates, keys or databases that the configuration names do not do.
    #[error("{}", .0.join("\n"))]
    Equipment(Vec<String>),
    /// The system is out of something.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// The running daemon.
pub struct Running {
    engine: Arc<Engine>,
    services: Services,
    shared: Arc<Shared>,
    door: Door,
    submissions: JoinHandle<()>,
    feed: JoinHandle<()>,
    portal: Option<portal::Supervisor>,
    history: history::Saver,
    /// The configuration's path.
    file: PathBuf,
    /// Held until the end: nobody else may write to these directories.
    _directories: Directories,
}

/// Starts everything, in the order in which one part needs another. `file` is the configuration's own path, for the
/// portal process.
///
/// # Errors
/// [`StartError`]; no mail was taken then, unless the system is out of threads.
pub fn start(config: Config, file: &Path) -> Result<Running, StartError> {
    let driver = postern_engine::choose(config.driver).map_err(StartError::Driver)?;
    let directories = Directories::prepare(&config)?;
    let count = recovery::shard_count(&directories.journal, config.shards)?;
    descriptors::raise_limit(&config, count);
    let sockets = bind_all(&config, count)?;
    let store = Arc::new(Store::open(&directories.index, store_settings(&config))?);
    let shards = recover_all(&directories, &config, count)?;
    say_damage(&shards);

    let highest = shards
        .iter()
        .fold(ids_of(&store), |highest, shard| highest.max(shard.highest));
    let services = Services::start()?;
    let equipment = equipment::prepare(&config, &store, &services).map_err(StartError::Equipment)?;
    let shared = Shared::new(config, Lists::from_entries(store.lists()?), highest, equipment);
    history::load(&shared.config.data_dir, &shared.traffic);
    let dns = Dns::new(&shared.config.dns_servers, services.handle());
    // All that may fail comes before the shards, which take mail as soon as they are there.
    let logs = MailLogs::open(&directories.logs)?;
    let tails = feed::tails(&store, &shards)?;
    let (submit, submitted) = crossbeam::channel::bounded(1);
    let mail = postern_quarantine::Mail {
        submit: submit.clone(),
        lists_changed: lists_changed(Arc::clone(&shared)),
        gateway: Box::new(gateway::Receiving {
            shared: Arc::clone(&shared),
            dns: dns.clone(),
            now,
        }),
    };
    let door = Door::open(&shared.config.run_dir, Arc::clone(&store), mail)?;
    let (notices, heard) = crossbeam::channel::bounded::<Notice>(limits::INDEX_NOTICES_MAX);
    let history = history::start(Arc::clone(&shared))?;
    let engine = Engine::start(Preparation {
        shared: Arc::clone(&shared),
        dns,
        shards,
        sockets,
        notices,
        driver,
        seal: random()?,
    })?;
    let engine = Arc::new(engine);
    let submissions = submissions::carry(submitted, Arc::clone(&engine))?;
    let parts = feed::Parts {
        store,
        logs,
        tails,
        heard,
        engine: Arc::clone(&engine),
        submit,
    };
    let feed = feed::start(parts)?;
    let portal = shared
        .config
        .portal
        .as_ref()
        .map(|_| portal::Supervisor::start(file))
        .transpose()?;
    announce(&shared.config, &driver.to_string(), count);
    Ok(Running {
        engine,
        services,
        shared,
        door,
        submissions,
        feed,
        portal,
        history,
        file: file.to_owned(),
        _directories: directories,
    })
}

impl Running {
    /// Runs until SIGINT or SIGTERM, reading the configuration again at each SIGHUP; then stops.
    pub fn wait(self, signals: Signals) {
        signals.wait(|| reload::reload(&self.shared, &self.file));
        self.stop();
    }

    /// Stops: no new mail, then what is under way, then the index to its end.
    pub fn stop(self) {
        // A service manager that is not there needs no word.
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        if let Some(portal) = self.portal {
            portal.stop();
        }
        self.door.close();
        self.engine.stop();
        self.services.stop();
        // A thread that panicked has said so on standard error.
        let _ = self.feed.join();
        let _ = self.submissions.join();
        self.history.stop();
    }
}

fn bind_all(config: &Config, shards: u16) -> Result<Vec<(String, Vec<std::net::TcpListener>)>, BindError> {
    let bind = |listener: &postern_engine::policy::Listener| {
        let sockets = postern_engine::bind(&listener.name, listener.address, usize::from(shards))?;
        Ok((listener.name.clone(), sockets))
    };
    config.listeners.iter().map(bind).collect()
}

/// Each shard's journal is read on a thread of its own.
fn recover_all(
    directories: &Directories,
    config: &Config,
    count: u16,
) -> Result<Vec<RecoveredShard>, StartError> {
    let routes = &config.policy.routes;
    std::thread::scope(|scope| {
        let recover = |number: u16| {
            let directory = directories.journal.join(number.to_string());
            let read = move || {
                let recovered = directories::make(&directory).and_then(|()| {
                    recovery::shard(
                        postern_engine::journal::StdFiles,
                        directory.clone(),
                        number,
                        routes,
                    )
                });
                recovered.map_err(|source| StartError::Journal {
                    directory: directory.display().to_string(),
                    source,
                })
            };
            scope.spawn(read)
        };
        let readers: Vec<_> = (0..count).map(recover).collect();
        let joined = readers
            .into_iter()
            .map(|reader| reader.join().expect("recovery does not panic"));
        joined.collect()
    })
}

fn say_damage(shards: &[RecoveredShard]) {
    for shard in shards {
        for damage in shard.damage() {
            eprintln!("postern: journal of shard {}: {damage}", shard.number);
        }
    }
}

fn store_settings(config: &Config) -> Settings {
    Settings {
        retention: config
            .quarantines
            .iter()
            .map(|one| (one.name.clone(), one.retention))
            .collect(),
        retention_default: limits::QUARANTINE_RETENTION,
        digest_from: config.digest_from.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clock: now,
    }
}

fn now() -> Timestamp {
    postern_engine::clock::Clock::Wall.now()
}

fn ids_of(store: &Store) -> HighestIds {
    let (icid, mid, dcid) = store.highest_ids();
    HighestIds { icid, mid, dcid }
}

/// In force for the next message when this returns.
fn lists_changed(shared: Arc<Shared>) -> Box<dyn Fn(ListChange) + Send + Sync> {
    Box::new(move |change| drop(shared.lists.rcu(|lists| lists.with_change(change.clone()))))
}

fn random() -> io::Result<u64> {
    let mut octets = [0; 8];
    rustix::rand::getrandom(&mut octets, rustix::rand::GetRandomFlags::empty())?;
    Ok(u64::from_ne_bytes(octets))
}

fn announce(config: &Config, driver: &str, shards: u16) {
    for listener in &config.listeners {
        let (name, address) = (&listener.name, listener.address);
        eprintln!("postern: listener \"{name}\" takes mail on {address}: {shards} shards on {driver}");
    }
    if let Some(portal) = &config.portal {
        eprintln!("postern: the portal is at {}", portal.public_url);
    }
    // A service manager that is not there needs no word.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
}
