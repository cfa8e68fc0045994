//! `postern digest`: the mail that tells a mailbox what is held for it. The store says what is in it, the portal's room
//! writes it, the store sends it by the normal delivery path.

use super::args::Digest;
use super::door::Door;
use super::output::Output;
use super::times;
use super::trouble::Trouble;
use postern_engine::policy::{Config, Portal};
use postern_quarantine::api::{DigestContent, DoorError, Reply, Request};
use serde_json::json;
use std::process::ExitCode;

/// Does it.
pub fn digest(config: &Config, action: &Digest, output: &mut Output) -> Result<ExitCode, Trouble> {
    let door = Door::of(config);
    let portal = config.portal.as_ref().ok_or_else(|| {
        Trouble::Said(
            "a digest's links need the portal; write a [portal] table into the configuration".to_owned(),
        )
    })?;
    match action {
        Digest::Preview { rcpt } => {
            let content = content(&door, &rcpt.folded())?;
            let mail = composed(config, portal, &content)?;
            if output.json {
                output.value(&json!({ "mailbox": content.mailbox, "content": mail }))?;
            } else {
                output.raw(&mail)?;
            }
        }
        Digest::Send { rcpt: Some(rcpt) } => send(config, portal, &rcpt.folded(), output)?,
        Digest::Send { rcpt: None } => {
            let due = match door.ask(Request::DigestDue)? {
                Reply::Mailboxes(due) => due,
                _ => return Err(DoorError::Unexpected.into()),
            };
            for mailbox in &due {
                send(config, portal, mailbox, output)?;
            }
            if due.is_empty() && !output.json {
                output.line("nobody has anything new to be told of")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn send(config: &Config, portal: &Portal, mailbox: &str, output: &mut Output) -> Result<(), Trouble> {
    let door = Door::of(config);
    let content = content(&door, mailbox)?;
    let held = content.rows.len() + content.more;
    if held == 0 {
        return Err(Trouble::Said(format!(
            "nothing is held for {mailbox}, so there is nothing to tell"
        )));
    }
    let message = composed(config, portal, &content)?;
    let mid = match door.ask(Request::DigestSend {
        mailbox: mailbox.to_owned(),
        message,
    })? {
        Reply::Submitted { mid } => mid,
        _ => return Err(DoorError::Unexpected.into()),
    };
    if output.json {
        output.value(&json!({ "mailbox": mailbox, "mid": mid, "held": held }))?;
    } else {
        output.line(format_args!("sent to {mailbox} as MID {mid}: {held} held"))?;
    }
    Ok(())
}

fn content(door: &Door, mailbox: &str) -> Result<DigestContent, Trouble> {
    match door.ask(Request::DigestContent {
        mailbox: mailbox.to_owned(),
    })? {
        Reply::Digest(content) => Ok(content),
        _ => Err(DoorError::Unexpected.into()),
    }
}

fn composed(config: &Config, portal: &Portal, content: &DigestContent) -> Result<Vec<u8>, Trouble> {
    postern_portal::digest::compose(content, &config.digest_from, &portal.public_url, times::now())
        .map_err(|error| Trouble::Said(error.to_string()))
}
