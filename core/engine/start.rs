//! From configuration to running shards: one pinned thread each, with the runtime of the driver that was chosen.

use crate::clock::Clock;
use crate::dns::Dns;
use crate::driver::{Chosen, Driver, Epoll, Uring};
use crate::net::UringDisk;
use crate::net::epoll::{EpollListener, EpollNet};
use crate::net::threads::ThreadDisk;
use crate::net::uring::{UringListener, UringNet};
use crate::recovery::RecoveredShard;
use crate::shard::{NamedListener, Shard, run};
use crate::shared::Shared;
use crate::stopping::{Phase, Stopping};
use crate::submission::{Command, Done};
use crossbeam::channel::Sender;
use postern_journal::{Disk, Journal, Position, Settings, StdFiles};
use postern_vocab::{Event, NodeId, Submission, limits};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::LocalSet;

/// Commands that wait for one shard.
const COMMANDS_MAX: usize = 256;
/// Entries of a shard's submission queue.
const RING_ENTRIES: u32 = 4096;

/// Tells the index writer how far a shard's journal is on stable storage.
#[derive(Clone, Copy, Debug)]
pub struct Notice {
    /// The shard.
    pub shard: u16,
    /// Just behind its last durable record.
    pub durable: Position,
}

/// The running shards.
pub struct Engine {
    phase: watch::Sender<Phase>,
    commands: Vec<mpsc::Sender<Command>>,
    next: AtomicUsize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// One shard's share of what was prepared for all.
struct Parts {
    shared: Arc<Shared>,
    dns: Dns,
    recovered: RecoveredShard,
    sockets: Vec<(String, TcpListener)>,
    seal: u64,
    notices: Sender<Notice>,
    phase: watch::Receiver<Phase>,
    commands: mpsc::Receiver<Command>,
}

/// Everything the engine is started with.
pub struct Preparation {
    /// What the cores share.
    pub shared: Arc<Shared>,
    /// Names: one resolver for all shards.
    pub dns: Dns,
    /// The shards as their journals left them.
    pub shards: Vec<RecoveredShard>,
    /// Each listener's name with one socket a shard.
    pub sockets: Vec<(String, Vec<TcpListener>)>,
    /// Where the index writer hears from the shards; a full channel is no loss, since it reads the journals itself.
    pub notices: Sender<Notice>,
    /// What carries the shards.
    pub driver: Chosen,
    /// A random number for the journals' seal, fresh at every start.
    pub seal: u64,
}

impl Engine {
    /// Starts a thread for each shard.
    ///
    /// # Errors
    /// A thread cannot be made.
    pub fn start(mut preparation: Preparation) -> io::Result<Self> {
        let (phase, phases) = watch::channel(Phase::Running);
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        let (mut commands, mut threads) = (Vec::new(), Vec::new());
        for recovered in preparation.shards {
            let (sender, receiver) = mpsc::channel(COMMANDS_MAX);
            let number = usize::from(recovered.number);
            let take =
                |(name, sockets): &mut (String, Vec<TcpListener>)| Some((name.clone(), sockets.pop()?));
            let parts = Parts {
                shared: Arc::clone(&preparation.shared),
                dns: preparation.dns.clone(),
                recovered,
                sockets: preparation.sockets.iter_mut().filter_map(take).collect(),
                seal: preparation.seal,
                notices: preparation.notices.clone(),
                phase: phases.clone(),
                commands: receiver,
            };
            let core = cores.get(number).copied();
            let driver = preparation.driver;
            let body = move || {
                if let Some(core) = core {
                    core_affinity::set_for_current(core);
                }
                run_on(driver, parts);
            };
            threads.push(
                thread::Builder::new()
                    .name(format!("shard-{number}"))
                    .spawn(body)?,
            );
            commands.push(sender);
        }
        Ok(Self {
            phase,
            commands,
            next: AtomicUsize::new(0),
            threads: Mutex::new(threads),
        })
    }

    /// Hands a message to one of the shards, in turn. Blocks while that shard has too many commands waiting.
    ///
    /// # Errors
    /// The engine is stopping; the submission comes back untouched.
    pub fn submit(&self, submission: Submission, done: Done) -> Result<(), &'static str> {
        let shard = self.next.fetch_add(1, Ordering::Relaxed) % self.commands.len().max(1);
        let sent = self.commands[shard].blocking_send(Command::Submit(Box::new(submission), done));
        sent.map_err(|_| "the mail side is stopping")
    }

    /// Tells a shard how far the index has it on stable storage. A shard with too many commands waiting is told the
    /// next time.
    pub fn indexed(&self, shard: u16, position: Position) {
        if let Some(commands) = self.commands.get(usize::from(shard)) {
            // See above.
            let _ = commands.try_send(Command::Indexed(position));
        }
    }

    /// Lets messages on their way in finish, within `limits::SHUTDOWN_GRACE`, then ends all shards. A second call finds
    /// none.
    pub fn stop(&self) {
        self.phase.send_replace(Phase::Draining);
        let closing = self.phase.clone();
        let timer = thread::spawn(move || {
            thread::park_timeout(limits::SHUTDOWN_GRACE);
            closing.send_replace(Phase::Closing);
        });
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for shard in threads {
            // A shard that panicked has said so; the others are waited for all the same.
            let _ = shard.join();
        }
        timer.thread().unpark();
        let _ = timer.join();
    }
}

fn run_on(driver: Chosen, parts: Parts) {
    match driver {
        Chosen::Uring => {
            let mut builder = tokio_uring::builder();
            builder.entries(RING_ENTRIES).start(async {
                let listen = |socket| Ok(UringListener::new(socket));
                start::<Uring>(parts, (UringNet, UringDisk), listen).await;
            });
        }
        Chosen::Epoll => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a machine that can make threads can make a runtime");
            LocalSet::new().block_on(
                &runtime,
                start::<Epoll>(parts, (EpollNet, ThreadDisk), EpollListener::new),
            );
        }
    }
}

async fn start<D: Driver<Files = StdFiles>>(
    parts: Parts,
    (net, disk): (D::Net, D::Disk),
    listen: impl Fn(TcpListener) -> io::Result<<D::Net as crate::net::Net>::Listener>,
) {
    let Parts {
        shared,
        dns,
        recovered,
        sockets,
        seal,
        notices,
        phase,
        commands,
    } = parts;
    let RecoveredShard {
        number,
        directory,
        queue,
        unfinished,
        recovered,
        ..
    } = recovered;
    let listeners: Vec<NamedListener<D>> = sockets
        .into_iter()
        .filter_map(|(name, socket)| Some((Rc::from(name), listen(socket).ok()?)))
        .collect();
    let on_durable = Box::new(move |durable| {
        // A full channel is no loss: the next notice tells of this position too.
        let _ = notices.try_send(Notice {
            shard: number,
            durable,
        });
    });
    let settings = Settings::new(NodeId::default(), number, seal);
    let connections = shared.open_connections.of(number);
    let shard = Rc::new(Shard::<D> {
        dns,
        settings: RefCell::new(Arc::clone(&shared.server_settings)),
        journal: open(disk, recovered, settings, on_durable),
        shared,
        net,
        files: StdFiles,
        directory,
        queue: RefCell::new(queue),
        work: Notify::new(),
        clock: Clock::Wall,
        stopping: Stopping::default(),
        disk_full: Cell::new(false),
        connections,
    });
    for mid in unfinished {
        shard.record(Event::Finished { mid });
    }
    run(shard, listeners, (commands, phase)).await;
}

fn open<D: Disk>(
    disk: D,
    recovered: postern_journal::Recovered,
    settings: Settings,
    on_durable: Box<dyn Fn(Position)>,
) -> Journal<D> {
    Journal::open(disk, recovered, settings, on_durable)
}
