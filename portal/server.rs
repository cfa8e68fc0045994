//! Starts the portal's runtime, serves until told to stop, and says what to do when it cannot.

use crate::app::App;
use crate::listen::BoundedListener;
use crate::routes;
use postern_vocab::Address;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Threads that serve pages: the work is the store's, and the mail process wants the cores.
const WORKER_THREADS: usize = 2;
/// Threads that wait for the door or read a held message; below `limits::DOOR_CLIENTS_MAX`, so the door never turns
/// the portal away.
const BLOCKING_THREADS_MAX: usize = 64;
/// How long threads that still wait for the door are waited for at the end.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// How long pages that are being answered are waited for at the end; a browser's spare connection, opened for a request
/// that may never come, would be waited for as well.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// What the portal needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub address: SocketAddr,
    /// The door: `portal.sock` in the run directory.
    pub socket: PathBuf,
    /// What stands before `/digest/...` in a mailed link: `https://mail.example.com`.
    pub public_url: String,
    /// The appliance's name, shown on every page.
    pub hostname: String,
    /// Who digests come from.
    pub digest_from: Address,
}

/// Why the portal does not run.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// Another program listens there.
    #[error(
        "the portal cannot listen on {0}: another program does; stop it (`ss -ltnp` names it), or set another address \
         in [portal] address"
    )]
    AddressInUse(SocketAddr),
    /// The system does not let it listen there.
    #[error(
        "the portal cannot listen on {address}: {source}; set [portal] address to an address of this machine and a \
         port that the portal's user may open"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Links in digests would lead nowhere.
    #[error(
        "[portal] public_url is \"{0}\", which no browser can open; write it as https://mail.example.com or \
         http://127.0.0.1:8025"
    )]
    PublicUrl(String),
    /// The runtime could not start.
    #[error(
        "the portal cannot start its threads or signal handlers: {0}; raise the limits of its user (`ulimit -u`, `-n`)"
    )]
    Runtime(io::Error),
    /// Serving ended by itself.
    #[error("the portal stopped serving: {0}; it can be started again at once")]
    Serve(io::Error),
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// [`PortalError`], each with its remedy.
pub fn run(settings: Settings) -> Result<(), PortalError> {
    let app = App::new(settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("portal")
        .enable_all()
        .build()
        .map_err(PortalError::Runtime)?;
    let served = runtime.block_on(serve(app));
    runtime.shutdown_timeout(STOP_TIMEOUT);
    served
}

async fn serve(app: App) -> Result<(), PortalError> {
    let address = app.settings().address;
    let listener = TcpListener::bind(address).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            PortalError::AddressInUse(address)
        } else {
            PortalError::Listen { address, source }
        }
    })?;
    let stop = Stop::new()?;
    let (begin, begun) = tokio::sync::oneshot::channel::<()>();
    let told = async move {
        stop.received().await;
        drop(begin);
    };
    let serving =
        axum::serve(BoundedListener::new(listener), routes::router(app)).with_graceful_shutdown(told);
    // A page that is being answered may finish; a browser that reads nothing is not waited for.
    let overdue = async {
        let _sender_gone = begun.await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        served = async { serving.await } => served.map_err(PortalError::Serve),
        () = overdue => Ok(()),
    }
}

/// The two signals that mean stop.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> Result<Self, PortalError> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(PortalError::Runtime)?,
            interrupt: signal(SignalKind::interrupt()).map_err(PortalError::Runtime)?,
        })
    }

    async fn received(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(address: SocketAddr, public_url: &str) -> Settings {
        Settings {
            address,
            socket: PathBuf::from("portal.sock"),
            public_url: public_url.to_owned(),
            hostname: "mx.example.test".to_owned(),
            digest_from: "quarantine@example.test".parse().expect("valid"),
        }
    }

    #[test]
    fn an_address_in_use_is_named_with_what_to_do() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("bound");
        let error = run(settings(address, "http://127.0.0.1:8025")).expect_err("taken");
        assert!(matches!(error, PortalError::AddressInUse(_)), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(&address.to_string()) && text.contains("[portal] address"),
            "{text}"
        );
    }

    #[test]
    fn a_public_url_that_no_browser_opens_is_refused() {
        for wrong in [
            "mail.example.com",
            "ftp://x",
            "https://",
            "https://a b",
            "https://x/\r\nX: y",
        ] {
            let error = run(settings(([127, 0, 0, 1], 0).into(), wrong)).expect_err(wrong);
            assert!(matches!(error, PortalError::PublicUrl(_)), "{wrong}: {error}");
        }
    }
}
