//! A place that nobody must go to: it counts who does.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Listens for as long as the test process lives.
pub struct Canary {
    /// Where.
    pub address: SocketAddr,
    visits: Arc<AtomicUsize>,
}

impl Canary {
    /// On an address of its own.
    pub fn set() -> Self {
        let listener = TcpListener::bind((super::own_address(), 0)).expect("a loopback address");
        let address = listener.local_addr().expect("it is bound");
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&visits);
        thread::spawn(move || {
            for visit in listener.incoming() {
                drop(visit);
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, visits }
    }

    /// How often somebody came.
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}
