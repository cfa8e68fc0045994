//! One shard on a driver, with a configuration small enough to read.

use crate::tls_peer::Identity;
use postern_engine::clock::Clock;
use postern_engine::countries::Countries;
use postern_engine::dkim::Signers;
use postern_engine::dns::Dns;
use postern_engine::driver::Driver;
use postern_engine::journal::{Journal, Position, Settings};
use postern_engine::net::Net;
use postern_engine::policy::{Lists, load};
use postern_engine::shard::{Shard, run};
use postern_engine::stopping::{Phase, Stopping};
use postern_engine::submission::Command;
use postern_engine::tls::ServerTls;
use postern_engine::{Credentials, Equipment, Recipients, Shared, recovery};
use postern_vocab::{NodeId, Submission};
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

/// Mail for example.test goes to port 2526, all else to 2527.
pub const CONFIGURATION: &str = r#"
hostname = "mx.example.test"
data_dir = "/nowhere"

[[listener]]
name = "inbound"
address = "127.0.0.1:2525"
tls = "off"

[[domain]]
name = "example.test"
route = "127.0.0.1:2526"

[[route]]
domain = "*"
to = "127.0.0.1:2527"
"#;

/// What a driver brings.
pub struct Below<D: Driver> {
    pub net: D::Net,
    pub disk: D::Disk,
    pub files: D::Files,
    pub directory: PathBuf,
    pub listener: <D::Net as Net>::Listener,
    pub clock: Clock,
}

/// A shard at work.
pub struct Rig {
    phase: watch::Sender<Phase>,
    shard: JoinHandle<()>,
    commands: mpsc::Sender<Command>,
}

impl Rig {
    /// Recovers the journal there is and starts the shard on this thread.
    pub fn start<D: Driver>(below: Below<D>) -> Self {
        let config = load(CONFIGURATION, "test.toml").expect("the configuration is good");
        let recovered = recovery::shard(
            below.files.clone(),
            below.directory.clone(),
            0,
            &config.policy.routes,
        )
        .expect("the journal can be read");
        let (phase, phases) = watch::channel(Phase::Running);
        let (commands, received) = mpsc::channel(1);
        let place = tempfile::tempdir().expect("a directory");
        let own = Identity::new(
            place.path(),
            "tls.pem",
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &["mx.example.test"],
        );
        let tls = ServerTls::new(&config.tls, &own.files).expect("good certificates");
        let settings = Settings::new(NodeId::default(), 0, 7);
        let on_durable = Box::new(|_: Position| {});
        let nobody = Credentials::new(Handle::current(), |_| Ok(None));
        let equipment = Equipment {
            tls,
            signers: arc_swap::ArcSwap::from_pointee(Signers::default()),
            countries: Countries::default(),
            recipients: Recipients::default(),
            credentials: nobody,
        };
        let shared = Shared::new(config, Lists::default(), recovered.highest, equipment);
        let shard = Rc::new(Shard::<D> {
            settings: RefCell::new(std::sync::Arc::clone(&shared.server_settings)),
            dns: Dns::none(),
            journal: Journal::open(below.disk, recovered.recovered, settings, on_durable),
            shared,
            net: below.net,
            files: below.files,
            directory: below.directory,
            queue: RefCell::new(recovered.queue),
            work: Notify::new(),
            clock: below.clock,
            stopping: Stopping::default(),
            disk_full: Cell::new(false),
            connections: std::sync::Arc::default(),
        });
        let listeners = vec![(Rc::from("inbound"), below.listener)];
        let shard = tokio::task::spawn_local(run(shard, listeners, (received, phases)));
        Self {
            phase,
            shard,
            commands,
        }
    }

    /// Gives it a message that does not come by SMTP.
    pub async fn submit(&self, submission: Submission) {
        let done = Box::new(|taken: Result<_, String>| assert!(taken.is_ok(), "the journal takes it"));
        let sent = self
            .commands
            .send(Command::Submit(Box::new(submission), done))
            .await;
        assert!(sent.is_ok(), "the shard runs");
    }

    /// Stops it, letting sessions end.
    pub async fn stop(self) {
        self.phase.send_replace(Phase::Closing);
        self.shard.await.expect("the shard does not panic");
    }
}
