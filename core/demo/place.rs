//! The demo's directory and the configuration in it: listeners on loopback only, and every route ends at the built-in
//! next hop, so that no mail ever leaves the machine.

use crate::cli::Demo;
use crate::cli::trouble::Trouble;
use postern_engine::policy::{self, Config};
use std::fs::{self, DirBuilder};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The gateway's name in the demo.
pub const HOSTNAME: &str = "mx.example.test";
/// By its first line the demo knows its own file again.
const MARK: &str = "# Written by `postern demo`, and written anew whenever it starts here.";
/// Fresh directories that are tried.
const FRESH_MAX: u32 = 100;

/// Where everything is.
pub struct Place {
    /// The directory.
    pub dir: PathBuf,
    /// The configuration in it.
    pub file: PathBuf,
    /// What the next hop was given.
    pub delivered: PathBuf,
    /// Where mail is taken in.
    pub smtp: SocketAddr,
    /// Where the next hop listens.
    pub next_hop: SocketAddr,
    /// Where the portal listens.
    pub portal: SocketAddr,
}

/// Makes the directory and writes the configuration.
pub fn prepare(wishes: &Demo) -> Result<(Place, Config), Trouble> {
    let dir = match &wishes.dir {
        Some(dir) => given(dir)?,
        None => fresh()?,
    };
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let place = Place {
        file: dir.join("postern.toml"),
        delivered: dir.join("delivered"),
        smtp: at(wishes.smtp_port),
        next_hop: at(wishes.next_hop_port),
        portal: at(wishes.portal_port),
        dir,
    };
    let text = configuration(&place)?;
    let config = policy::load(&text, &place.file.display().to_string()).map_err(Trouble::Configuration)?;
    write(&place, &text)?;
    Ok((place, config))
}

/// Its full name, made if it is not there.
fn given(dir: &Path) -> Result<PathBuf, Trouble> {
    let cannot = || Trouble::io(format!("cannot make the directory {}", dir.display()));
    fs::create_dir_all(dir).map_err(cannot())?;
    fs::canonicalize(dir).map_err(cannot())
}

fn fresh() -> Result<PathBuf, Trouble> {
    let parent = std::env::temp_dir();
    for count in 0..FRESH_MAX {
        let dir = parent.join(format!("postern-demo-{}-{count}", std::process::id()));
        // Nobody else's, and nobody else may look: it is mail.
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => return given(&dir),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(Trouble::io(format!(
                    "cannot make the directory {}",
                    dir.display()
                ))(error));
            }
        }
    }
    Err(Trouble::Said(format!(
        "{} is full of old demos; delete them, or use --dir",
        parent.display()
    )))
}

fn write(place: &Place, text: &str) -> Result<(), Trouble> {
    let file = place.file.display();
    match fs::read_to_string(&place.file) {
        Ok(there) if !there.starts_with(MARK) => {
            return Err(Trouble::Said(format!(
                "{file} is not a demo's and was left as it is; name another --dir"
            )));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Trouble::io(format!("cannot read {file}"))(error));
        }
        _ => {}
    }
    fs::write(&place.file, text).map_err(Trouble::io(format!("cannot write {file}")))?;
    let delivered = place.delivered.display();
    fs::create_dir_all(&place.delivered).map_err(Trouble::io(format!("cannot make {delivered}")))
}

fn configuration(place: &Place) -> Result<String, Trouble> {
    let data_dir = place.dir.join("data");
    let run_dir = place.dir.join("run");
    Ok(format!(
        r#"{MARK}
hostname = "{HOSTNAME}"
data_dir = {data_dir}
run_dir = {run_dir}

[[listener]]
name = "inbound"
address = "{smtp}"

[[domain]]
name = "example.test"
route = "{next_hop}"
recipients = ["alice", "bob", "admin"]

# Everything else, bounces included, ends at the built-in next hop too.
[[route]]
domain = "*"
to = "{next_hop}"

[portal]
address = "{portal}"
"#,
        data_dir = quoted(&data_dir)?,
        run_dir = quoted(&run_dir)?,
        smtp = place.smtp,
        next_hop = place.next_hop,
        portal = place.portal,
    ))
}

/// As a TOML string: what JSON escapes, TOML reads the same way.
fn quoted(path: &Path) -> Result<String, Trouble> {
    let text = path.to_str().ok_or_else(|| {
        Trouble::Said(format!(
            "{} has octets that no configuration can hold; name another --dir",
            path.display()
        ))
    })?;
    Ok(serde_json::Value::from(text).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(dir: &Path) -> Demo {
        Demo {
            dir: Some(dir.to_owned()),
            mail: None,
            no_feed: true,
            seconds: None,
            smtp_port: 2525,
            next_hop_port: 2526,
            portal_port: 8025,
        }
    }

    #[test]
    fn the_configuration_is_good_and_never_replaces_a_real_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let demo = dir.path().join("a \"demo\" of mine");
        for _ in 0..2 {
            let (place, config) = prepare(&wishes(&demo)).expect("good");
            assert_eq!(
                (config.data_dir, config.run_dir),
                (place.dir.join("data"), place.dir.join("run"))
            );
            assert!(place.delivered.is_dir());
        }
        fs::write(demo.join("postern.toml"), "hostname = \"mx.example.com\"\n").expect("written");
        let error = prepare(&wishes(&demo)).err().expect("refused").to_string();
        assert!(error.contains("--dir"), "the remedy is named: {error}");
    }

    #[test]
    fn every_route_ends_on_loopback() {
        let dir = tempfile::tempdir().expect("a directory");
        let (place, config) = prepare(&wishes(dir.path())).expect("good");
        for domain in ["example.test", "example.com", "sub.example.test", "[192.0.2.1]"] {
            match config.policy.routes.find(&domain.parse().expect("valid")) {
                policy::Route::Hop(hop) => {
                    assert_eq!(hop.to_string(), place.next_hop.to_string(), "{domain}")
                }
                policy::Route::Mx => panic!("{domain} would leave this machine"),
            }
        }
    }
}
