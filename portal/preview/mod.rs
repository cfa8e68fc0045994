//! One held message made safe to look at: text only, nothing fetched, nothing run, nothing to click.
//!
//! mail-parser is given a message that a quick look has found fit for it ([`structure`]), on a thread of its own,
//! behind `catch_unwind`, with a time after which the page goes on without it. What it does not get through is shown as
//! source.

mod html;
mod message;
mod source;
mod structure;

use crate::app::App;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

pub use message::Reading;
pub use source::{header_text, source_text};

/// How long a page waits for its message to be read.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// What a page has of a message.
pub enum Preview {
    /// It was read.
    Read(Box<Reading>),
    /// It was not, and why.
    Unread(&'static str),
}

/// Reads `content` within bounds of place and time.
pub async fn read(app: &App, content: Vec<u8>) -> Preview {
    if let Err(why) = structure::check(&content) {
        return Preview::Unread(why);
    }
    let Ok(place) = app.previews().try_acquire_owned() else {
        return Preview::Unread("too many messages are being read at this moment; open it again in a minute");
    };
    let reading = tokio::task::spawn_blocking(move || {
        // The place is kept for as long as the thread is, which may be longer than the page waits.
        let _place = place;
        catch_unwind(AssertUnwindSafe(|| message::read(&content)))
            .ok()
            .flatten()
    });
    match tokio::time::timeout(READ_TIMEOUT, reading).await {
        Ok(Ok(Some(reading))) => Preview::Read(Box::new(reading)),
        Ok(_) => Preview::Unread("it is not built as a mail should be"),
        Err(_) => Preview::Unread("it takes too long to read; it may be built to be so"),
    }
}
