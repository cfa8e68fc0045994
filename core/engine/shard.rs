//! The shard: one core's island. Its sessions, journal, queue and deliveries run on one thread and share this value;
//! nothing in it is shared with another core but what [`Shared`] holds.

use crate::clock::Clock;
use crate::delivery;
use crate::delivery::queue::{Content, InMemory, Queue};
use crate::dns::Dns;
use crate::driver::Driver;
use crate::net::{Listener, Net};
use crate::session;
use crate::shared::{Charge, Shared};
use crate::stopping::{Phase, Stopping};
use crate::submission::Command;
use bytes::Bytes;
use postern_journal::{BodyAt, Durable, Journal, JournalError};
use postern_smtp::{ServerSettings, Stored};
use postern_vocab::events::Accepted;
use postern_vocab::{Disposition, Event, Mid, Recorded, Rid, limits};
use rustix::io::Errno;
use std::cell::{Cell, RefCell};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinHandle, spawn_local};

/// How often the free space of the journal's disk is looked at.
const SPACE_CHECK: Duration = Duration::from_secs(1);

/// See the module.
pub struct Shard<D: Driver> {
    /// What the cores share.
    pub shared: Arc<Shared>,
    /// Makes connections.
    pub net: D::Net,
    /// Reads bodies back.
    pub files: D::Files,
    /// Where the journal is.
    pub directory: PathBuf,
    /// This shard's log.
    pub journal: Journal<D::Disk>,
    /// What is to be delivered.
    pub queue: RefCell<Queue>,
    /// Told when there is something new for delivery to look at.
    pub work: Notify,
    /// Names.
    pub dns: Dns,
    /// The time.
    pub clock: Clock,
    /// What the protocol was last told of a mail flow policy: most connections share one.
    pub settings: RefCell<Arc<ServerSettings>>,
    /// How far stopping has come.
    pub stopping: Stopping,
    /// Whether the journal's disk has too little room to take another message.
    pub disk_full: Cell<bool>,
    /// Connections open now; written by this shard only.
    pub connections: Arc<AtomicUsize>,
}

/// Proof for the protocol that a message is on stable storage: made of the journal's, and of nothing else.
pub struct Proof(Durable);

impl Stored for Proof {
    fn mid(&self) -> Mid {
        self.0.mid()
    }
}

impl<D: Driver> Shard<D> {
    /// Writes an event with the next group; nobody waits for it. A journal that takes nothing any more refuses all mail,
    /// and `watch_space` says why.
    pub fn record(&self, event: Event) {
        let _ = self.journal.append(Recorded {
            at: self.clock.now(),
            event,
        });
    }

    /// The same settings, in the memory of those used last where they are alike.
    pub fn shared_settings(&self, settings: ServerSettings) -> Arc<ServerSettings> {
        let mut last = self.settings.borrow_mut();
        if **last != settings {
            *last = Arc::new(settings);
        }
        Arc::clone(&last)
    }

    /// Takes a message into our care: commits it, then queues it for those it is to be delivered to.
    ///
    /// # Errors
    /// It is not on stable storage, and nothing will be done with it.
    pub async fn take(&self, accepted: Accepted, body: Bytes, charge: Charge) -> Result<Proof, JournalError> {
        let now = self.clock.now();
        let rids: Vec<Rid> = accepted.decision.rids(|one| *one == Disposition::Deliver);
        let mut content = Content {
            mid: accepted.mid,
            envelope: accepted.envelope.clone(),
            trace_header: accepted.trace_header.clone(),
            cuts: accepted.cuts.clone(),
            body_at: BodyAt::default(),
            accepted_at: now,
        };
        let record = Recorded {
            at: now,
            event: Event::Accepted(accepted),
        };
        let durable = self.journal.commit(record, body.clone()).await?;
        if !rids.is_empty() {
            content.body_at = durable.body();
            let mut queue = self.queue.borrow_mut();
            let keep = queue.len() < limits::QUEUED_BODIES_IN_MEMORY_MAX;
            let in_memory = keep.then_some(InMemory { body, charge });
            queue.add(content, in_memory, &rids, &self.shared.policy.load().routes);
            self.work.notify_one();
        }
        Ok(Proof(durable))
    }
}

/// A listener with its name in the configuration.
pub type NamedListener<D> = (Rc<str>, <<D as Driver>::Net as Net>::Listener);

/// Runs a shard until it is told to stop, then lets it finish what it can.
pub async fn run<D: Driver>(
    shard: Rc<Shard<D>>,
    listeners: Vec<NamedListener<D>>,
    (commands, phases): (mpsc::Receiver<Command>, watch::Receiver<Phase>),
) {
    let follower = Rc::clone(&shard);
    let following = spawn_local(async move { follower.stopping.follow(phases).await });
    let journal = shard.journal.clone();
    let commits = spawn_local(async move { journal.run().await });
    let space = spawn_local(watch_space(Rc::clone(&shard)));
    let deliveries = spawn_local(delivery::schedule(Rc::clone(&shard)));
    let submissions = spawn_local(crate::submission::serve(Rc::clone(&shard), commands));
    let accepting: Vec<_> = listeners
        .into_iter()
        .map(|(name, listener)| spawn_local(accept::<D>(Rc::clone(&shard), name, listener)))
        .collect();

    shard.stopping.reached(Phase::Draining).await;
    accepting.into_iter().for_each(|task| task.abort());
    drain(&shard, deliveries).await;
    for task in [submissions, space, following] {
        task.abort();
    }
    // What cannot be written now was never acknowledged to anyone.
    let _ = shard.journal.settled().await;
    commits.abort();
}

/// Waits for the sessions and for the deliveries under way, no longer than the closing phase takes to end them.
async fn drain<D: Driver>(shard: &Shard<D>, deliveries: JoinHandle<()>) {
    const CLOSING_GRACE: Duration = Duration::from_secs(2);
    let deliveries_end = deliveries.abort_handle();
    let done = async {
        // A panic in it has been said; there is nothing left to wait for then.
        let _ = deliveries.await;
        while shard.connections.load(Ordering::Relaxed) > 0 {
            shard.work.notified().await;
        }
    };
    let closed = async {
        shard.stopping.reached(Phase::Closing).await;
        tokio::time::sleep(CLOSING_GRACE).await;
    };
    tokio::select! {
        () = done => {}
        () = closed => deliveries_end.abort(),
    }
}

async fn accept<D: Driver>(shard: Rc<Shard<D>>, name: Rc<str>, listener: <D::Net as Net>::Listener) {
    const AFTER_SHORTAGE: Duration = Duration::from_secs(1);
    loop {
        match listener.accept().await {
            Ok(conn) => {
                shard.connections.fetch_add(1, Ordering::Relaxed);
                let (shard, name) = (Rc::clone(&shard), Rc::clone(&name));
                spawn_local(async move {
                    session::serve(Rc::clone(&shard), conn, name).await;
                    shard.connections.fetch_sub(1, Ordering::Relaxed);
                    shard.work.notify_one();
                });
            }
            Err(error) if is_shortage(&error) => {
                eprintln!(
                    "postern: listener \"{name}\" cannot accept: {error}; raise LimitNOFILE or the memory limit"
                );
                tokio::time::sleep(AFTER_SHORTAGE).await;
            }
            // The client was gone before it was here: that is no reason to keep the next one waiting.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// Out of descriptors or memory: trying again at once would only burn the core.
fn is_shortage(error: &io::Error) -> bool {
    let error = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(
        error,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}

/// Keeps `disk_full` true to the disk: accepted mail must still be able to move, so new mail stops before the last
/// octet does. On a small disk the reserve is a twentieth of it. Clients hear 452; why they do is said here.
async fn watch_space<D: Driver>(shard: Rc<Shard<D>>) {
    let mut failure = None;
    loop {
        if let Ok(disk) = rustix::fs::statvfs(&shard.directory) {
            let (free, total) = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
            note_space(&shard, free, limits::DISK_FREE_BYTES_MIN.min(total / 20));
        }
        let now = shard.journal.failure();
        if now != failure
            && let Some(error) = &now
        {
            eprintln!("postern: {error}");
        }
        failure = now;
        tokio::time::sleep(SPACE_CHECK).await;
    }
}

fn note_space<D: Driver>(shard: &Shard<D>, free: u64, reserve: u64) {
    let full = free < reserve;
    if shard.disk_full.replace(full) == full {
        return;
    }
    let directory = shard.directory.display();
    match full {
        true => eprintln!(
            "postern: only {free} octets are free for the journal in {directory}: new mail gets 452 until {reserve} are; \
             make room there"
        ),
        false => eprintln!("postern: there is room again for the journal in {directory}: mail is taken"),
    }
}
