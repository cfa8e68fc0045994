//! Writes the seeds of one target into a directory: `seeds TARGET DIRECTORY`. deploy/fuzz runs it before each target.

use postern_fuzz::{address, configuration, protocol};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [target, directory] = &words[..] else {
        return Err("usage: seeds TARGET DIRECTORY".into());
    };
    let seeds = match target.as_str() {
        "commands" => protocol::commands::seeds(),
        "body" => protocol::body::seeds(),
        "proxy" => protocol::proxy::seeds(),
        "client_replies" => protocol::client_replies::seeds(),
        "configuration" => configuration::seeds(),
        "address" => address::seeds(),
        _ => return Err(format!("no such target: {target}").into()),
    };
    std::fs::create_dir_all(directory)?;
    for (at, seed) in seeds.iter().enumerate() {
        std::fs::write(Path::new(directory).join(format!("seed-{at:03}")), seed)?;
    }
    println!("{target}: {} seeds", seeds.len());
    Ok(())
}
