//! The digest: a mail that tells a mailbox's owner what is held for them. Plain text that is complete by itself, and the
//! same as HTML without pictures. RFC 2046 §5.1.4 (multipart/alternative), RFC 3834 §5 (Auto-Submitted), RFC 2919
//! (List-Id).
//!
//! What strangers wrote is shown so that no mail program makes a link of it: the only links lead to the portal, one a
//! message, and each opens a page that asks before it does anything.

use crate::when::Moment;
use crate::words;
use askama::Template;
use jiff::tz::TimeZone;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use postern_quarantine_api::{DigestContent, DigestRow};
use postern_vocab::text::one_line;
use postern_vocab::{Address, Timestamp};
use std::cmp::Reverse;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, UNIX_EPOCH};

/// Why a digest could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// No mail header takes the address.
    #[error(
        "\"{0}\" cannot stand in a mail header; correct the mailbox's address, or the one that digests come from"
    )]
    Address(String),
    /// A template failed.
    #[error("the digest's text could not be made: {0}; this is a mistake of ours")]
    Text(#[from] askama::Error),
    /// The mail library does not take the whole.
    #[error("the digest could not be put together as a mail: {0}; this is a mistake of ours")]
    Mail(#[from] lettre::error::Error),
}

struct RowView {
    name: String,
    address: String,
    warning: Option<String>,
    subject: String,
    received: String,
    expires: String,
    reason: String,
    link: String,
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct PlainText<'a> {
    headline: String,
    rows: &'a [RowView],
    more: usize,
    url: &'a str,
}

#[derive(Template)]
#[template(path = "digest.html")]
struct Formatted<'a> {
    subject: String,
    headline: String,
    rows: &'a [RowView],
    more: usize,
    url: &'a str,
}

/// The mail, ready to be sent: CRLF line ends, no octet above 127.
///
/// # Errors
/// [`DigestError`].
pub fn compose(
    content: &DigestContent,
    from: &Address,
    public_url: &str,
    now: Timestamp,
) -> Result<Vec<u8>, DigestError> {
    let url = public_url.trim_end_matches('/');
    let rows = rows(content, url, now);
    let plain = plain_text(content, &rows, url)?;
    let formatted = Formatted {
        subject: subject(content),
        headline: headline(content),
        rows: &rows,
        more: content.more,
        url,
    }
    .render()?;
    let mark = fingerprint(content, now);
    let parts = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("=_postern_{mark}"))
        .singlepart(part(ContentType::TEXT_PLAIN, plain))
        .singlepart(part(ContentType::TEXT_HTML, formatted));
    let sender = mailbox(Some("Quarantine"), from.local(), from.domain().as_str())?;
    let recipient = recipient(&content.mailbox)?;
    // Said here, because the library would read it back from the header, and does not know a quoted local part again.
    let envelope = Envelope::new(Some(sender.email.clone()), vec![recipient.email.clone()])?;
    let message = Message::builder()
        .envelope(envelope)
        .from(sender)
        .to(recipient)
        .subject(subject(content))
        .date(UNIX_EPOCH + Duration::from_secs(now.0 / 1000))
        .message_id(Some(format!("<digest.{mark}@{}>", from.domain())))
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .raw_header(raw("Precedence", "bulk"))
        .raw_header(raw("X-Auto-Response-Suppress", "All"))
        .raw_header(raw(
            "List-Id",
            &format!("Quarantine digest <quarantine-digest.{}>", from.domain()),
        ))
        .raw_header(raw(
            "X-Postern-Digest",
            &content.mailbox.replace(|c: char| !c.is_ascii_graphic(), "?"),
        ))
        .multipart(parts)?;
    Ok(message.formatted())
}

/// `5 messages held for ana@example.org`.
pub fn subject(content: &DigestContent) -> String {
    let held = (content.rows.len() + content.more) as u64;
    format!(
        "{} held for {}",
        words::counted(held, "message"),
        one_line(&content.mailbox, 320)
    )
}

/// The plain text, for a page that shows it before it is mailed; empty should its template fail.
pub fn text(content: &DigestContent, public_url: &str, now: Timestamp) -> String {
    let rows = rows(content, public_url, now);
    plain_text(content, &rows, public_url).unwrap_or_default()
}

fn plain_text(content: &DigestContent, rows: &[RowView], url: &str) -> Result<String, DigestError> {
    let page = PlainText {
        headline: headline(content),
        rows,
        more: content.more,
        url,
    };
    Ok(page.render()?)
}

fn headline(content: &DigestContent) -> String {
    let held = (content.rows.len() + content.more) as u64;
    let is = if held == 1 { "is" } else { "are" };
    format!(
        "{} {is} held for {}",
        words::counted(held, "message"),
        one_line(&content.mailbox, 320)
    )
}

/// What is most likely wanted comes first.
fn rows(content: &DigestContent, url: &str, now: Timestamp) -> Vec<RowView> {
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    let mut rows: Vec<&DigestRow> = content.rows.iter().collect();
    rows.sort_by_key(|row| (row.held.verdict, row.held.score, Reverse(row.held.received_at)));
    rows.into_iter()
        .map(|row| {
            row_view(row, format!("{url}/digest/{}", row.token), |at| {
                Moment::new(at, now, &zone).text
            })
        })
        .collect()
}

fn row_view(row: &DigestRow, link: String, time: impl Fn(Timestamp) -> String) -> RowView {
    let held = &row.held;
    let address = if held.from.is_empty() {
        &held.sender
    } else {
        &held.from
    };
    RowView {
        warning: words::name_warning(&held.from_name, address),
        name: defanged(one_line(&held.from_name, 100).trim()),
        address: if address.is_empty() {
            "(no sender)".to_owned()
        } else {
            defanged(&one_line(address, 320))
        },
        subject: defanged(&words::subject(&held.subject)),
        received: time(held.received_at),
        expires: time(held.expires_at),
        reason: defanged(&one_line(&held.reason, 200)),
        link,
    }
}

/// Text of strangers that no mail program takes for a web address: `hxxps://`, `www[.]`, as mail administrators write
/// them.
fn defanged(text: &str) -> String {
    let mut out = text.to_owned();
    for (web, harmless) in [
        ("://", "[:]//"),
        ("www.", "www[.]"),
        ("WWW.", "WWW[.]"),
        ("Www.", "Www[.]"),
    ] {
        out = out.replace(web, harmless);
    }
    out
}

/// As [`defanged`] leaves it, for HTML: a mark without width after each dot and at sign, so that `bank.example` in a
/// subject is not made a link either.
fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        out.push(c);
        if matches!(c, '.' | '@') {
            out.push('\u{200c}');
        }
    }
    out
}

fn part(kind: ContentType, text: String) -> SinglePart {
    let encoded = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable)
        .expect("quoted-printable carries any text");
    SinglePart::builder().header(kind).body(encoded)
}

fn raw(name: &str, value: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii(name.to_owned()).expect("every name given here is ASCII");
    HeaderValue::new(name, value.to_owned())
}

fn recipient(address: &str) -> Result<Mailbox, DigestError> {
    let parsed: Address = address
        .parse()
        .map_err(|_| DigestError::Address(address.to_owned()))?;
    mailbox(None, parsed.local(), parsed.domain().as_str())
}

fn mailbox(name: Option<&str>, local: &str, domain: &str) -> Result<Mailbox, DigestError> {
    let address =
        lettre::Address::new(local, domain).map_err(|_| DigestError::Address(format!("{local}@{domain}")))?;
    Ok(Mailbox::new(name.map(str::to_owned), address))
}

/// Sixteen digits that differ from digest to digest: for the Message-ID and the boundary.
fn fingerprint(content: &DigestContent, now: Timestamp) -> String {
    let mut hasher = DefaultHasher::new();
    (&content.mailbox, now).hash(&mut hasher);
    for row in &content.rows {
        row.token.hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests;
