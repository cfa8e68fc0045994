//! What a shard's journal says at start: who still waits for mail, and which ids were used.

use crate::delivery::queue::{Content, Queue};
use crate::delivery::rebuild::Rebuild;
use crate::shared::HighestIds;
use postern_journal::{Damage, DiskRead, Entry, Recovered, recover};
use postern_policy::Routes;
use postern_vocab::events::Accepted;
use postern_vocab::{Disposition, Event, Mid};
use std::io;
use std::path::{Path, PathBuf};

/// One shard as its journal left it.
pub struct RecoveredShard {
    /// Its number, which names its directory.
    pub number: u16,
    /// Where its journal is.
    pub directory: PathBuf,
    /// Everything not yet delivered.
    pub queue: Queue,
    /// Delivered to everyone, but the end was not recorded.
    pub unfinished: Vec<Mid>,
    /// The highest ids in it.
    pub highest: HighestIds,
    /// What the journal's writer goes on from.
    pub recovered: Recovered,
}

impl RecoveredShard {
    /// What could not be read.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.recovered.damage
    }
}

/// The shards there are: as many as configured (0: one a core), and never fewer than there are journals, since each
/// may hold mail.
///
/// # Errors
/// The directory cannot be read.
pub fn shard_count(journals: &Path, configured: usize) -> io::Result<u16> {
    let wanted = match configured {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        count => count,
    };
    let mut count = u16::try_from(wanted).unwrap_or(u16::MAX);
    for entry in std::fs::read_dir(journals)? {
        if let Some(number) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u16>().ok())
        {
            count = count.max(number.saturating_add(1));
        }
    }
    Ok(count)
}

/// Reads one shard's journal.
///
/// # Errors
/// The disk cannot be read; damage in the journal is no error, but told in the result.
pub fn shard<F: DiskRead + Clone>(
    files: F,
    directory: PathBuf,
    number: u16,
    routes: &Routes,
) -> io::Result<RecoveredShard> {
    let mut scan = recover(files, &directory)?;
    let mut rebuild = Rebuild::default();
    let mut highest = HighestIds::default();
    for entry in &mut scan {
        let entry = entry?;
        highest = highest.max(ids_in(&entry.recorded.event));
        replay(&mut rebuild, entry, routes);
    }
    let (queue, unfinished) = rebuild.finish();
    Ok(RecoveredShard {
        number,
        directory,
        queue,
        unfinished,
        highest,
        recovered: scan.finish()?,
    })
}

fn replay(rebuild: &mut Rebuild, entry: Entry, routes: &Routes) {
    let accepted_at = entry.recorded.at;
    match entry.recorded.event {
        Event::Accepted(accepted) => {
            let rids = accepted.decision.rids(|one| *one == Disposition::Deliver);
            let Accepted {
                mid,
                envelope,
                trace_header,
                cuts,
                ..
            } = accepted;
            let content = Content {
                mid,
                envelope,
                trace_header,
                cuts,
                body_at: entry.body,
                accepted_at,
            };
            if !rids.is_empty() {
                rebuild.accepted(content, &rids, routes);
            }
        }
        Event::Attempted(one) => rebuild.attempted(one.mid, &one.rids, (&one.outcome, one.attempt)),
        Event::Finished { mid } => rebuild.finished(mid),
        _ => {}
    }
}

fn ids_in(event: &Event) -> HighestIds {
    let mut ids = HighestIds::default();
    match event {
        Event::Connected(one) => ids.icid = one.icid,
        Event::Disconnected(one) => ids.icid = one.icid,
        Event::Incident(one) => ids.icid = one.icid,
        Event::Refused(one) => (ids.icid, ids.mid) = (one.icid, one.mid.unwrap_or_default()),
        Event::Accepted(one) => {
            ids.mid = one.mid;
            ids.icid = one.facts.as_ref().map(|facts| facts.icid).unwrap_or_default();
        }
        Event::DeliveryConnected(one) => ids.dcid = one.dcid,
        Event::DeliveryDisconnected { dcid } => ids.dcid = *dcid,
        Event::Attempted(one) => ids.mid = one.mid,
        Event::Finished { mid } => ids.mid = *mid,
    }
    ids
}
