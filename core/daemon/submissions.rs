//! Carries what people send on its way (releases, digests) from the store to a shard, and the shard's answer back.

use crossbeam::channel::{Receiver, Sender};
use postern_engine::Engine;
use postern_vocab::{Mid, Submission};
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

type Answer = Sender<Result<Mid, String>>;

/// Starts the thread that carries; it ends when nobody can submit any more.
///
/// # Errors
/// A thread cannot be made.
pub fn carry(submitted: Receiver<(Submission, Answer)>, engine: Arc<Engine>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("submissions".to_owned())
        .spawn(move || {
            for (submission, answer) in submitted {
                hand_over(&engine, submission, answer);
            }
        })
}

fn hand_over(engine: &Engine, submission: Submission, answer: Answer) {
    let refused = answer.clone();
    // Whoever asked may have gone away; the message is on its way all the same.
    let handed = engine.submit(submission, Box::new(move |taken| drop(answer.send(taken))));
    if let Err(why) = handed {
        // As above.
        let _ = refused.send(Err(why.to_owned()));
    }
}
