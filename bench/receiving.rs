//! Carries octets between the receiving machine and a tokio socket. Every question is answered with yes.

use bytes::BytesMut;
use postern_smtp::{Question, Server, ServerSettings, Step, Stored};
use postern_vocab::{Mid, Reply, Timestamp};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The number of a message that was counted. It is on no storage: a sink promises nothing.
pub struct Counted(pub Mid);

impl Stored for Counted {
    fn mid(&self) -> Mid {
        self.0
    }
}

/// Serves one connection to its end; `take` has every message.
pub async fn serve(
    mut stream: TcpStream,
    settings: Arc<ServerSettings>,
    mut take: impl FnMut(BytesMut) -> Result<Counted, Reply>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut server = Server::new(settings, now());
    server.open(Ok(()));
    loop {
        match server.next_step(now()) {
            Step::Read | Step::ReadBody => {
                stream.write_all(&server.take_output()).await?;
                read(&mut stream, &mut server).await;
            }
            Step::Ask(Question::Message { body, .. }) => server.answer_message(take(body)),
            Step::Ask(_) => server.answer(Ok(())),
            Step::StartTls => unreachable!("not offered"),
            Step::Delay(wait) => tokio::time::sleep(wait).await,
            Step::Close(_) => return stream.write_all(&server.take_output()).await,
        }
    }
}

async fn read(stream: &mut TcpStream, server: &mut Server) {
    let mut buffer = server.take_buffer();
    let read = timeout(server.deadline(), stream.read_buf(&mut buffer)).await;
    let now = now();
    match read {
        Ok(Ok(octets)) => server.give_buffer(buffer, octets, now),
        Ok(Err(_)) => server.lost(now),
        Err(_) => server.timed_out(now),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::default().plus(since)
}
