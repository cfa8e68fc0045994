//! The sink: a mail server that takes everything, counts it and, unless told to keep it, forgets it.

use crate::args;
use crate::receiving::{self, Counted};
use bytes::BytesMut;
use postern_smtp::ServerSettings;
use postern_vocab::{Mid, Reply, limits};
use serde::Serialize;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{LocalSet, spawn_local};

/// What has come so far.
#[derive(Default)]
pub struct Count {
    connections: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// What came in all.
#[derive(Serialize, Debug)]
struct Report {
    connections: u64,
    messages: u64,
    bytes: u64,
    seconds: f64,
}

impl Count {
    /// Messages that got 250.
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Connections that were made.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    fn take(&self, body: &[u8], store: Option<&Path>) -> Result<Counted, Reply> {
        let number = self.messages.load(Ordering::Relaxed) + 1;
        if let Some(dir) = store {
            std::fs::write(dir.join(format!("{number}.eml")), body)
                .map_err(|error| Reply::made(452, "4.3.1", &format!("cannot store the message: {error}")))?;
        }
        self.messages.store(number, Ordering::Relaxed);
        self.bytes
            .fetch_add(u64::try_from(body.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(Counted(Mid(number)))
    }
}

/// `postern-bench sink`.
pub fn command(wishes: &args::Sink, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    if let Some(dir) = &wishes.store {
        std::fs::create_dir_all(dir)?;
    }
    let count = Arc::new(Count::default());
    let began = Instant::now();
    LocalSet::new().block_on(&crate::runtime()?, async {
        let listener = TcpListener::bind(wishes.listen).await?;
        eprintln!(
            "postern-bench: sink on {}; SIGINT ends it",
            listener.local_addr()?
        );
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            () = accept(listener, Arc::clone(&count), wishes.store.clone()) => Ok(()),
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => io::Result::Ok(()),
        }
    })?;
    say(&count, began, json)?;
    Ok(ExitCode::SUCCESS)
}

fn say(count: &Count, began: Instant, json: bool) -> io::Result<()> {
    let report = Report {
        connections: count.connections(),
        messages: count.messages(),
        bytes: count.bytes.load(Ordering::Relaxed),
        seconds: began.elapsed().as_secs_f64(),
    };
    match json {
        true => crate::print(serde_json::to_string(&report)?),
        false => crate::print(format_args!(
            "{} messages, {} octets, {} connections in {:.1} s",
            report.messages, report.bytes, report.connections, report.seconds
        )),
    }
}

/// A sink on a thread of its own, on a free port of loopback. It ends with the process.
pub fn start() -> io::Result<(SocketAddr, Arc<Count>)> {
    let socket = std::net::TcpListener::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    let count = Arc::new(Count::default());
    let counting = Arc::clone(&count);
    let runtime = crate::runtime()?;
    thread::Builder::new().name("sink".to_owned()).spawn(move || {
        let accepting = async {
            match TcpListener::from_std(socket) {
                Ok(listener) => accept(listener, counting, None).await,
                Err(error) => eprintln!("postern-bench: the sink does not listen: {error}"),
            }
        };
        LocalSet::new().block_on(&runtime, accepting);
    })?;
    Ok((address, count))
}

async fn accept(listener: TcpListener, count: Arc<Count>, store: Option<PathBuf>) {
    let settings = Arc::new(ServerSettings {
        message_bytes_max: limits::MESSAGE_BYTES_MAX * 2,
        messages_max: u32::MAX,
        ..ServerSettings::new(
            "sink.example.test",
            "postmaster@example.test".parse().expect("a valid address"),
        )
    });
    loop {
        // A connection that was gone before it was accepted is its sender's to try again.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        count.connections.fetch_add(1, Ordering::Relaxed);
        let (count, store, settings) = (Arc::clone(&count), store.clone(), Arc::clone(&settings));
        spawn_local(async move {
            let take = |body: BytesMut| count.take(&body, store.as_deref());
            // A connection that breaks takes with it only what was not counted.
            let _ = receiving::serve(stream, settings, take).await;
        });
    }
}
