//! `postern show`: where a message or connection stands, why, and everything that happened to it.

use super::args::subject;
use super::door::Door;
use super::output::Output;
use super::table::Table;
use super::track::{id, sender};
use super::trouble::Trouble;
use super::{show_facts, times};
use postern_engine::policy::Config;
use postern_quarantine::api::{Detail, RecipientFate, RecipientState, TrackRow};
use postern_vocab::events::{Disconnected, Line, Speaker};
use postern_vocab::text::escaped;
use postern_vocab::{Peer, ReverseName, limits};
use std::io;
use std::process::ExitCode;

/// Prints it.
pub fn show(config: &Config, words: &[String], output: &mut Output) -> Result<ExitCode, Trouble> {
    let subject = subject(words).map_err(Trouble::Usage)?;
    let detail = Door::of(config).show(subject)?;
    if output.json {
        output.value(&detail)?;
        return Ok(ExitCode::SUCCESS);
    }
    summary(&detail, output)?;
    fates(&detail.recipients, output)?;
    show_facts::client(&detail, output)?;
    show_facts::why(&detail, output)?;
    show_facts::facts(&detail, output)?;
    timeline(&detail, output)?;
    if let Some(disconnected) = &detail.disconnected {
        conversation(disconnected, output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(detail: &Detail, output: &mut Output) -> io::Result<()> {
    let row = &detail.row;
    output.line(format_args!("{}  {}: {}", id(row), row.state, row.reason))?;
    for (name, value) in lines(row, detail.peer.as_ref(), &detail.reverse) {
        if !value.is_empty() {
            output.line(format_args!("  {name:<12}{value}"))?;
        }
    }
    if row.mid.is_none() && !detail.messages.is_empty() {
        let mids: Vec<String> = detail.messages.iter().map(|mid| format!("MID {mid}")).collect();
        output.line(format_args!("  {:<12}{}", "messages", mids.join(", ")))?;
    }
    Ok(())
}

fn lines(row: &TrackRow, peer: Option<&Peer>, reverse: &ReverseName) -> [(&'static str, String); 8] {
    let score = row
        .score
        .map(|score| format!("{score} of 100"))
        .unwrap_or_default();
    let size = if row.bytes > 0 {
        format!("{} octets", row.bytes)
    } else {
        String::new()
    };
    let client = match (peer, &row.ip) {
        (Some(peer), _) => format!(
            "{} at listener {}",
            from_where(&peer.remote.ip().to_string(), reverse),
            peer.listener
        ),
        (None, Some(ip)) => from_where(ip, reverse),
        (None, None) => String::new(),
    };
    let client = match (&row.helo, row.icid) {
        (Some(helo), Some(icid)) => format!("{client}, calls itself {helo}, ICID {icid}"),
        (None, Some(icid)) => format!("{client}, ICID {icid}"),
        _ => client,
    };
    [
        ("began", times::shown(row.at)),
        ("client", client),
        ("from", sender(row.sender.as_deref())),
        ("to", row.recipients.join(", ")),
        ("subject", row.subject.clone()),
        ("message-id", row.message_id.clone()),
        ("size", size),
        ("spam score", score),
    ]
}

fn from_where(ip: &str, reverse: &ReverseName) -> String {
    match reverse {
        ReverseName::Verified(name) => format!("{ip} ({name})"),
        ReverseName::Unverified(name) => format!("{ip} (claims to be {name})"),
        ReverseName::None => format!("{ip} (no reverse name)"),
        ReverseName::Unknown => format!("{ip} (reverse name: no answer)"),
        ReverseName::NotAsked => ip.to_owned(),
    }
}

fn fates(recipients: &[RecipientFate], output: &mut Output) -> io::Result<()> {
    if recipients.is_empty() {
        return Ok(());
    }
    output.heading("Recipients")?;
    let mut table = Table::new(&["RID", "RECIPIENT", "STATE", "HOW~"]);
    for one in recipients {
        let rid = one.rid.map(|rid| rid.to_string()).unwrap_or_default();
        table.row([
            rid,
            one.recipient.clone(),
            one.state.word().to_string(),
            how(&one.state),
        ]);
    }
    output.table(&table, "")
}

/// What belongs to a recipient's state, in words.
pub fn how(state: &RecipientState) -> String {
    match state {
        RecipientState::Refused { stage, reply, rule } => {
            format!("at {}, by {rule}: {reply}", stage.as_str())
        }
        RecipientState::Queued => "waits for its first attempt".to_owned(),
        RecipientState::Deferred {
            next_at,
            reply,
            attempts,
        } => {
            format!(
                "{attempts} attempts, again at {}: {reply}",
                times::shown(*next_at)
            )
        }
        RecipientState::Delivered { hop, reply, dcid, at } => {
            let by = dcid.map(|dcid| format!(" by DCID {dcid}")).unwrap_or_default();
            format!("to {hop}{by} at {}: {reply}", times::shown(*at))
        }
        RecipientState::Bounced {
            reply,
            dsn: Some(dsn),
        } => format!("{reply}; the sender was told by MID {dsn}"),
        RecipientState::Bounced { reply, dsn: None } => {
            format!("{reply}; there is no sender to tell, or they asked not to be told")
        }
        RecipientState::Dropped { reason } => reason.clone(),
        RecipientState::Quarantined {
            quarantine,
            reason,
            until,
        } => {
            format!("in \"{quarantine}\" until {}: {reason}", times::shown(*until))
        }
        RecipientState::Released { by, at } | RecipientState::Deleted { by, at } => {
            format!("by {by} at {}", times::shown(*at))
        }
        RecipientState::Expired { at } => format!("at {}", times::shown(*at)),
    }
}

fn timeline(detail: &Detail, output: &mut Output) -> io::Result<()> {
    if detail.timeline.is_empty() {
        return Ok(());
    }
    output.heading("Timeline")?;
    for entry in &detail.timeline {
        output.line(format_args!(
            "  {}  {}",
            times::shown_exactly(entry.at),
            entry.text
        ))?;
    }
    Ok(())
}

fn conversation(disconnected: &Disconnected, output: &mut Output) -> io::Result<()> {
    output.heading("Conversation")?;
    for line in &disconnected.conversation {
        output.line(spoken(line))?;
    }
    if disconnected.lines_left_out > 0 {
        output.line(format_args!(
            "  ... and {} lines more",
            disconnected.lines_left_out
        ))?;
    }
    Ok(())
}

fn spoken(line: &Line) -> String {
    let who = match line.speaker {
        Speaker::Client => 'C',
        Speaker::Server => 'S',
    };
    let text: String = line
        .octets
        .chunks(limits::LOGGED_OCTETS_MAX)
        .map(escaped)
        .collect();
    format!(
        "  {:>4}.{:03}  {who}: {text}",
        line.after_ms / 1_000,
        line.after_ms % 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_vocab::{Reply, events::Stage};

    #[test]
    fn every_state_is_told_with_what_belongs_to_it() {
        let reply = Reply::fixed(550, "5.1.1", "No such recipient here");
        let refused = RecipientState::Refused {
            stage: Stage::Recipient,
            reply: reply.clone(),
            rule: "recipient table".into(),
        };
        assert_eq!(
            how(&refused),
            "at recipient, by recipient table: 550 5.1.1 No such recipient here"
        );
        let bounced = RecipientState::Bounced { reply, dsn: None };
        assert_eq!(
            how(&bounced),
            "550 5.1.1 No such recipient here; there is no sender to tell, or they asked not to be told"
        );
    }

    #[test]
    fn a_conversation_is_told_with_times_and_no_control_octets() {
        let line = Line {
            after_ms: 1_042,
            speaker: Speaker::Client,
            octets: "EHLO \u{1b}[2J".into(),
        };
        assert_eq!(spoken(&line), "     1.042  C: EHLO \\x1b[2J");
    }
}
