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

const NOT_A_MAIL: &str = "it is not built as a mail should be";

/// What a page has of a message.
pub enum Preview {
    /// It was read.
    Read(Box<Reading>),
    /// It was not, and why.
    Unread(&'static str),
}

/// Reads `content` within bounds of place and time.
pub async fn read(app: &App, content: Vec<u8>) -> Preview {
    let Ok(place) = app.previews().try_acquire_owned() else {
        return Preview::Unread("too many messages are being read at this moment; open it again in a minute");
    };
    let reading = tokio::task::spawn_blocking(move || {
        // The place is kept for as long as the thread is, which may be longer than the page waits.
        let _place = place;
        structure::check(&content)?;
        let reading = catch_unwind(AssertUnwindSafe(|| message::read(&content)));
        reading.ok().flatten().ok_or(NOT_A_MAIL)
    });
    match tokio::time::timeout(READ_TIMEOUT, reading).await {
        Ok(Ok(Ok(reading))) => Preview::Read(Box::new(reading)),
        Ok(Ok(Err(why))) => Preview::Unread(why),
        Ok(Err(_)) => Preview::Unread(NOT_A_MAIL),
        Err(_) => Preview::Unread("it takes too long to read; it may be built to be so"),
    }
}

#[cfg(test)]
mod tests {
    use super::{message, structure};
    use postern_vocab::limits;
    use std::time::{Duration, Instant};

    #[test]
    fn nesting_bombs_are_not_begun() {
        let bombs = [
            "Content-Type: message/rfc822\r\n\r\n".repeat(30_000),
            "content-type:MESSAGE/Global\n\n".repeat(30_000),
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n".repeat(30_000),
            "Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\n".repeat(30_000),
        ];
        for bomb in bombs {
            assert!(structure::check(bomb.as_bytes()).is_err(), "{}", &bomb[..40]);
        }
    }

    #[test]
    fn what_is_begun_ends_soon_however_it_is_built() {
        let parts = [
            ("Content-Type: message/rfc822\r\n\r\n", ""),
            ("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", ""),
            // Each seeks to the end for a boundary that never comes.
            (
                "--a\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\ntext\r\n",
                "Content-Type: multipart/mixed; boundary=a\r\n\r\n",
            ),
        ];
        for (unit, head) in parts {
            let filler = "x".repeat(70) + "\r\n";
            let mut content = head.to_owned();
            while structure::check(format!("{content}{unit}").as_bytes()).is_ok() {
                content.push_str(unit);
            }
            while content.len() < limits::DOOR_CONTENT_BYTES_MAX {
                content.push_str(&filler);
            }
            let started = Instant::now();
            let _any_reading = message::read(content.as_bytes());
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{unit}: {:?}",
                started.elapsed()
            );
        }
    }

    #[test]
    fn an_ordinary_mail_is_fit() {
        let mail =
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nabout boundary layers\r\n--b--\r\n";
        assert!(structure::check(mail).is_ok());
    }
}
