//! `postern demo`: the whole appliance on loopback, with a built-in next hop and mail to look at. It is a client of the
//! same daemon, the same door and the same SMTP as everybody; nothing here knows how mail is judged or stored.

mod accounts;
mod announce;
mod feed;
mod identical;
mod ledger;
mod mail_dir;
mod next_hop;
mod place;
mod sample_feed;
mod samples;
mod stop;

use crate::cli::door::Door;
use crate::cli::output::Output;
use crate::cli::trouble::Trouble;
use crate::cli::{Demo, times};
use crate::daemon;
use ledger::Ledger;
use place::Place;
use postern_vocab::Timestamp;
use std::process::ExitCode;
use std::time::Duration;
use stop::Stop;

/// What the steps of a demo share.
struct Scene {
    place: Place,
    door: Door,
    stop: Stop,
    began_at: Timestamp,
}

/// Runs it until it is told to stop.
pub fn demo(wishes: &Demo, output: &mut Output) -> Result<ExitCode, Trouble> {
    let stop = Stop::listen()?;
    let (place, config) = place::prepare(wishes)?;
    output.line(format_args!("everything is kept in {}", place.dir.display()))?;
    next_hop::start(place.next_hop, &place.delivered)?;
    let door = Door::of(&config);
    let running = daemon::start(config, &place.file).map_err(|error| Trouble::Said(error.to_string()))?;
    let scene = Scene {
        place,
        door,
        stop,
        began_at: times::now(),
    };
    let ended = play(wishes, &scene, output);
    running.stop();
    ended
}

/// Everything between the daemon's start and its stop.
fn play(wishes: &Demo, scene: &Scene, output: &mut Output) -> Result<ExitCode, Trouble> {
    accounts::make(&scene.door, &scene.stop)?;
    let as_expected = match &wishes.mail {
        Some(dir) => mail_dir::feed(dir, scene, output)?,
        None if wishes.no_feed => true,
        None => sample_feed::feed(scene, output)?,
    };
    announce::announce(&scene.place, output)?;
    output.flush()?;
    scene.stop.wait(wishes.seconds.map(Duration::from_secs));
    Ledger::since(&scene.door, scene.began_at)?.print("altogether", output)?;
    let failed = wishes.seconds.is_some() && !as_expected;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
