//! Feeds the samples over real SMTP, waits until each is accounted for, and prints what became of it and why.

use super::Scene;
use super::feed::{self, Connection};
use super::samples::{Expected, SAMPLES, Sample};
use crate::cli::message_file::wire_form;
use crate::cli::output::Output;
use crate::cli::table::Table;
use crate::cli::trouble::Trouble;
use postern_quarantine::api::{
    Detail, DoorError, RecipientFate, RecipientState, Subject, TrackQuery, TrackRow, TrackState,
};
use postern_vocab::{Mid, Reply, ReversePath};
use std::time::{Duration, Instant};

/// How long one sample may take to be accounted for.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What became of a sample for one recipient.
struct Fate {
    state: String,
    why: String,
    id: String,
    as_expected: bool,
}

/// Whether everything became of them that must.
pub fn feed(scene: &Scene, output: &mut Output) -> Result<bool, Trouble> {
    let mut replies = Vec::with_capacity(SAMPLES.len());
    for sample in SAMPLES {
        replies.push(send(scene, sample)?);
    }
    let mut table = Table::new(&["SAMPLE", "FOR", "BECAME", "WHY~", "ID", "IT IS~"]);
    let mut as_expected = true;
    for (sample, replies) in SAMPLES.iter().zip(&replies) {
        for ((recipient, _), fate) in sample.recipients.iter().zip(fates(scene, sample, replies)?) {
            as_expected &= fate.as_expected;
            let mark = if fate.as_expected {
                ""
            } else {
                " (not as it must be)"
            };
            table.row([
                sample.file.to_owned(),
                (*recipient).to_owned(),
                format!("{}{mark}", fate.state),
                fate.why,
                fate.id,
                sample.because.to_owned(),
            ]);
        }
    }
    output.line("")?;
    output.table(&table, "")?;
    Ok(as_expected)
}

fn send(scene: &Scene, sample: &Sample) -> Result<Vec<Reply>, Trouble> {
    let sender = match sample.sender {
        "" => ReversePath::Null,
        address => ReversePath::Mailbox(address.parse().expect("a test checks the samples' addresses")),
    };
    let address =
        |(address, _): &(&str, Expected)| address.parse().expect("a test checks the samples' addresses");
    let outgoing = feed::outgoing(
        wire_form(sample.content),
        sender,
        sample.recipients.iter().map(address),
    );
    let failed = || Trouble::io(format!("cannot feed {} to {}", sample.file, scene.place.smtp));
    let (replies, connection) = Connection::open(scene.place.smtp)
        .map_err(failed())?
        .send(outgoing)
        .map_err(failed())?;
    connection.into_iter().for_each(Connection::quit);
    Ok(replies)
}

/// One fate a recipient, in order.
fn fates(scene: &Scene, sample: &Sample, replies: &[Reply]) -> Result<Vec<Fate>, Trouble> {
    let detail = match replies.iter().find_map(feed::mid) {
        Some(mid) => settled(scene, mid)?,
        None => None,
    };
    let row = match detail {
        Some(_) => None,
        None => refused(scene, sample)?,
    };
    let both = sample.recipients.iter().zip(replies);
    let fate = |((recipient, expected), reply): (&(&str, Expected), &Reply)| {
        let known = detail
            .as_ref()
            .and_then(|detail| known(detail, recipient, *expected));
        known.unwrap_or_else(|| unknown(row.as_ref(), reply, *expected))
    };
    Ok(both.map(fate).collect())
}

/// The message, when nothing more is to happen to it; as it then stands when that takes too long.
fn settled(scene: &Scene, mid: Mid) -> Result<Option<Detail>, Trouble> {
    let moving = |one: &RecipientFate| matches!(one.state.word(), TrackState::Queued | TrackState::Deferred);
    wait_for(
        scene,
        || scene.door.find(Subject::Mid(mid)),
        |detail| {
            detail
                .as_ref()
                .is_some_and(|detail| !detail.recipients.is_empty() && !detail.recipients.iter().any(moving))
        },
    )
}

/// The trace that a refused sample left.
fn refused(scene: &Scene, sample: &Sample) -> Result<Option<TrackRow>, Trouble> {
    let from = Some(sample.sender.to_owned());
    let query = TrackQuery {
        from,
        since: Some(scene.began_at),
        ..TrackQuery::default()
    };
    wait_for(scene, || Ok(scene.door.track(&query, 1)?.pop()), Option::is_some)
}

/// Asks until the answer will do; the last answer when it takes too long or we are told to stop.
fn wait_for<T>(
    scene: &Scene,
    ask: impl Fn() -> Result<T, DoorError>,
    will_do: impl Fn(&T) -> bool,
) -> Result<T, Trouble> {
    let began = Instant::now();
    loop {
        let answer = ask()?;
        if will_do(&answer) || began.elapsed() > SETTLE_TIMEOUT || scene.stop.wait(Some(LOOK_EVERY)) {
            return Ok(answer);
        }
    }
}

fn known(detail: &Detail, recipient: &str, expected: Expected) -> Option<Fate> {
    let fate = detail.recipients.iter().find(|one| one.recipient == recipient)?;
    let decided = detail.decision.iter().flat_map(|decision| &decision.recipients);
    let reason = decided
        .filter(|one| Some(one.rid) == fate.rid)
        .map(|one| one.reason.clone())
        .next();
    let why = match &fate.state {
        RecipientState::Refused { reply, .. } => reply.to_string(),
        RecipientState::Quarantined { reason, .. } | RecipientState::Dropped { reason } => reason.clone(),
        _ => reason.unwrap_or_default(),
    };
    Some(Fate {
        state: fate.state.word().to_string(),
        why,
        id: detail.row.mid.map(|mid| format!("MID {mid}")).unwrap_or_default(),
        as_expected: is(fate.state.word(), expected),
    })
}

/// Of a recipient of whom tracking has only the transaction's row, or (which must not be) nothing.
fn unknown(row: Option<&TrackRow>, reply: &Reply, expected: Expected) -> Fate {
    match row {
        Some(row) => Fate {
            state: row.state.to_string(),
            why: reply.to_string(),
            id: crate::cli::track_id(row),
            as_expected: is(row.state, expected),
        },
        None => Fate {
            state: "lost from sight".to_owned(),
            why: reply.to_string(),
            id: String::new(),
            as_expected: false,
        },
    }
}

fn is(state: TrackState, expected: Expected) -> bool {
    let wanted = match expected {
        Expected::Delivered => TrackState::Delivered,
        Expected::Quarantined => TrackState::Quarantined,
        Expected::Refused => TrackState::Refused,
    };
    state == wanted
}
