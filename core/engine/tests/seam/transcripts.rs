//! `tests/transcripts/*.txt` at the workspace's root, over every driver.

use crate::rig::{Below, Rig};
use crate::transcript::{Turn, fits, parse};
use bytes::BytesMut;
use postern_engine::clock::Clock;
use postern_engine::driver::{Driver, Epoll, Simulated, Uring};
use postern_engine::journal::{SimDisk, StdFiles};
use postern_engine::net::epoll::{EpollListener, EpollNet};
use postern_engine::net::sim::SimNet;
use postern_engine::net::threads::ThreadDisk;
use postern_engine::net::uring::{UringListener, UringNet};
use postern_engine::net::{Conn, Net, UringDisk, bind};
use postern_vocab::Timestamp;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::LocalSet;

/// A reply that has not come by then is not coming.
const PATIENCE: Duration = Duration::from_secs(20);

struct Transcript {
    name: String,
    turns: Vec<Turn>,
}

impl Transcript {
    fn is_large(&self) -> bool {
        let octets = |turn: &Turn| {
            if let Turn::ClientSends(octets) = turn {
                octets.len()
            } else {
                0
            }
        };
        self.turns.iter().map(octets).sum::<usize>() > 100_000
    }
}

fn transcripts() -> Vec<Transcript> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/transcripts");
    let entries = std::fs::read_dir(&directory).expect("the transcripts are in the tree");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    assert!(paths.len() > 20, "the transcripts are there: {}", paths.len());
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Transcript {
    let text = std::fs::read_to_string(path).expect("readable");
    Transcript {
        name: path.display().to_string(),
        turns: parse(&text),
    }
}

async fn play<N: Net>(net: &N, address: SocketAddr, transcript: &Transcript) {
    let conn = net.connect(address).await.expect("the listener is there");
    let mut unread = BytesMut::new();
    for turn in &transcript.turns {
        let name = &transcript.name;
        match turn {
            // The other side may have closed already; what it said is compared below.
            Turn::ClientSends(octets) => drop(conn.send(vec![octets.clone().into()]).await),
            Turn::ClientCloses => conn.shutdown_send(),
            Turn::ServerSays(expected) => {
                let line = line(&conn, &mut unread).await;
                let line = line.unwrap_or_else(|| panic!("{name}: closed instead of \"{expected}\""));
                assert!(
                    fits(expected, &line),
                    "{name}: expected \"{expected}\", got \"{line}\""
                );
            }
            Turn::ServerCloses => {
                let line = line(&conn, &mut unread).await;
                assert_eq!(line, None, "{name}: expected the connection to be closed");
            }
        }
    }
}

/// The next line without its CRLF; `None` at the end.
async fn line<C: Conn>(conn: &C, unread: &mut BytesMut) -> Option<String> {
    loop {
        if let Some(end) = unread.windows(2).position(|pair| pair == b"\r\n") {
            let line = unread.split_to(end + 2);
            return Some(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        let mut buffer = std::mem::take(unread);
        buffer.reserve(4096);
        let read = tokio::time::timeout(PATIENCE, conn.receive(buffer))
            .await
            .expect("a reply in time");
        *unread = read.1;
        if !matches!(read.0, Ok(octets) if octets > 0) {
            assert!(unread.is_empty(), "half a line at the end: {unread:?}");
            return None;
        }
    }
}

async fn play_all<D: Driver<Files = StdFiles>>(
    (net, disk): (D::Net, D::Disk),
    listen: impl Fn(std::net::TcpListener) -> <D::Net as Net>::Listener,
    ours: D::Net,
) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let address: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let socket = bind("test", address, 1)
        .expect("a port")
        .pop()
        .expect("one socket");
    let address = socket.local_addr().expect("it has an address");
    let rig = Rig::start::<D>(Below {
        net,
        disk,
        files: StdFiles,
        directory: directory.path().to_owned(),
        listener: listen(socket),
        clock: Clock::Wall,
    });
    for transcript in transcripts() {
        play(&ours, address, &transcript).await;
    }
    rig.stop().await;
}

#[test]
fn over_io_uring() {
    if tokio_uring::Runtime::new(tokio_uring::builder().entries(8)).is_err() {
        println!("skipped: this kernel or sandbox forbids io_uring");
        return;
    }
    tokio_uring::start(play_all::<Uring>(
        (UringNet, UringDisk),
        UringListener::new,
        UringNet,
    ));
}

#[test]
fn over_plain_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let listen = |socket| EpollListener::new(socket).expect("the runtime takes the socket");
    let played = play_all::<Epoll>((EpollNet, ThreadDisk), listen, EpollNet);
    LocalSet::new().block_on(&runtime, played);
}

/// In pieces of one octet, so that every split of every transcript is tried, and in large ones.
#[test]
fn over_a_network_and_a_disk_in_memory() {
    let address: SocketAddr = "192.0.2.1:25".parse().expect("an address");
    for piece in [1, 7, 4096] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        LocalSet::new().block_on(&runtime, async {
            let net = SimNet::with_piece(piece);
            let disk = SimDisk::new();
            let start = Timestamp(1_700_000_000_000);
            let rig = Rig::start::<Simulated>(Below {
                net: net.clone(),
                disk: disk.clone(),
                files: disk,
                directory: PathBuf::from("/journal/0"),
                listener: net.listen(address),
                clock: Clock::Simulated {
                    start,
                    since: tokio::time::Instant::now(),
                },
            });
            // A megabyte octet by octet would take longer than all the rest, and show nothing that they do not.
            for transcript in transcripts()
                .iter()
                .filter(|one| piece >= 4096 || !one.is_large())
            {
                play(&net, address, transcript).await;
            }
            rig.stop().await;
        });
    }
}
