//! Promise: when something around the gateway is wrong (configuration, port, directory, disk) it says what and what to do,
//! and loses nothing.

use crate::harness::{
    Gateway, NextHop, Options, Smtp, message, postern, run_to_end, scratch, skip, soon, trace_and_rest,
};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SENDER: &str = "carol@partner.example.com";
const ALICE: &str = "alice@example.test";
const WAIT: Duration = Duration::from_secs(30);

#[test]
fn a_configuration_that_is_not_there_is_named_with_the_way_to_one() {
    let home = scratch();
    let file = home.path().join("postern.toml");
    let file = file.to_str().unwrap();
    for verb in ["check", "run", "status"] {
        let ran = run_to_end(&mut postern(&[verb, "--config", file]), "", WAIT).ended(1);
        assert!(
            ran.err.contains(file) && ran.err.contains("postern init"),
            "{verb}: {}",
            ran.err
        );
    }
    let init = [
        "init",
        home.path().to_str().unwrap(),
        "--hostname",
        "mx.example.test",
        "--domain",
        "example.test",
    ];
    let init = [&init[..], &["--route", "127.0.0.1:2526"]].concat();
    run_to_end(&mut postern(&init), "", WAIT).ended(0);
    run_to_end(&mut postern(&["check", "--config", file]), "", WAIT).ended(0);
    let again = run_to_end(&mut postern(&init), "", WAIT).ended(1);
    assert!(again.err.contains("already"), "{}", again.err);
}

#[test]
fn what_is_wrong_with_certificates_keys_and_databases_is_told_at_once_and_nothing_is_made() {
    let (hop, home) = (NextHop::absent(), scratch());
    let path = |name: &str| home.path().join(name);
    let [certificate, key, countries] = ["mx.pem", "dkim.key", "countries.mmdb"].map(path);
    let tables = format!(
        "[tls]\ncertificates = [{certificate:?}, {:?}]\nclient_authorities = {key:?}\n\
         [[dkim]]\ndomain = \"example.test\"\nselector = \"a\"\nkey = {key:?}\n\
         [reputation]\ncountry_database = {countries:?}\n",
        path("missing.pem")
    );
    for file in [&certificate, &key, &countries] {
        fs::write(file, "nothing of use\n").unwrap();
    }
    let gateway = Options::new(&hop).tables(&tables).prepare();
    let config = gateway.config.to_str().unwrap();
    for verb in ["check", "run"] {
        let ran = run_to_end(&mut postern(&[verb, "--config", config]), "", WAIT).ended(1);
        for told in [
            format!(
                "certificate {}: there is no certificate in it",
                certificate.display()
            ),
            format!("{} cannot be read", path("missing.pem").display()),
            format!("certificate {}: there is no certificate in it", key.display()),
            format!("{}: the DKIM key of example.test cannot be read", key.display()),
            format!("{}: not a database of countries", countries.display()),
        ] {
            assert!(ran.err.contains(&told), "{verb}: no \"{told}\" in:\n{}", ran.err);
        }
        if verb == "check" {
            assert!(!gateway.data_dir.exists(), "nothing is made");
        }
    }

    // Without any of these tables there is nothing to read, and check makes no certificate either.
    let gateway = Options::new(&hop).prepare();
    let config = gateway.config.to_str().unwrap();
    run_to_end(&mut postern(&["check", "--config", config]), "", WAIT).ended(0);
    assert!(!gateway.data_dir.exists(), "nothing is made");
    fs::create_dir_all(gateway.data_dir.join("keys")).unwrap();
    fs::write(gateway.data_dir.join("keys/tls.pem"), "broken").unwrap();
    let ran = run_to_end(&mut postern(&["check", "--config", config]), "", WAIT).ended(1);
    assert!(ran.err.contains("keys/tls.pem"), "{}", ran.err);
}

#[test]
fn all_mistakes_in_a_configuration_are_told_at_once_with_their_places() {
    let home = scratch();
    let file = home.path().join("postern.toml");
    let text = "hostnme = \"mx.example.test\"\n\n[[listener]]\nname = \"inbound\"\naddress = \"nowhere\"\n\n\
                [[domain]]\nname = \"example.test\"\nroute = 25\n\n[limits]\nmessage_bytes = \"lots\"\n";
    fs::write(&file, text).unwrap();
    let ran = run_to_end(postern(&["check", "--config"]).arg(&file), "", WAIT).ended(1);
    let at = |line: usize, what: &str| {
        let place = format!("{}:{line}:", file.display());
        let found = ran
            .err
            .lines()
            .any(|one| one.starts_with(&place) && one.contains(what));
        assert!(found, "no \"{what}\" at line {line} in:\n{}", ran.err);
    };
    at(1, "did you mean \"hostname\"");
    at(5, "address");
    at(9, "route");
    at(12, "message_bytes");
    run_to_end(postern(&["run", "--config"]).arg(&file), "", WAIT).ended(1);

    fs::write(&file, "hostname = \"mx.example.test\n").unwrap();
    let ran = run_to_end(postern(&["check", "--config"]).arg(&file), "", WAIT).ended(1);
    assert!(
        ran.err.starts_with(&format!("{}:1:", file.display())),
        "{}",
        ran.err
    );
    run_to_end(&mut postern(&["frobnicate"]), "", WAIT).ended(2);
}

#[test]
fn a_wrong_configuration_does_not_touch_the_policy_in_force() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop).recipients(&["alice"]).start();
    let good = fs::read_to_string(&gateway.config).unwrap();
    fs::write(&gateway.config, good.replace("[\"alice\"]", "[\"alice\", 7]")).unwrap();
    let ran = gateway.cli(&["reload"]).ended(1);
    assert!(ran.err.contains("postern.toml:"), "{}", ran.err);
    let refused = |recipient: &str| {
        let mut smtp = Smtp::greeted(gateway.smtp());
        smtp.ask("MAIL FROM:<carol@partner.example.com>", 250);
        smtp.line(&format!("RCPT TO:<{recipient}>"));
        smtp.reply().code == 550
    };
    assert!(!refused(ALICE) && refused("bob@example.test"));
    fs::write(
        &gateway.config,
        good.replace("[\"alice\"]", "[\"alice\", \"bob\"]"),
    )
    .unwrap();
    gateway.cli(&["reload"]).ended(0);
    soon("Bob exists", || (!refused("bob@example.test")).then_some(()));
}

#[test]
fn a_port_in_use_is_told_with_the_remedy() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let second = Options::new(&hop).address_of(&gateway).prepare();
    let ran = run_to_end(postern(&["run", "--config"]).arg(&second.config), "", WAIT).ended(1);
    for expected in ["listener \"inbound\"", ":2525", "another program listens there"] {
        assert!(
            ran.err.contains(expected),
            "\"{expected}\" is missing in {}",
            ran.err
        );
    }
    gateway.accepts(SENDER, &[ALICE], &message("the first one goes on"));
    hop.wait_for(1);
}

#[test]
fn a_data_directory_belongs_to_one_daemon() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let second = Options::new(&hop).data_dir(&gateway.data_dir).prepare();
    let ran = run_to_end(postern(&["run", "--config"]).arg(&second.config), "", WAIT).ended(1);
    assert!(ran.err.contains("in use by another postern"), "{}", ran.err);
    let mid = gateway.accepts(SENDER, &[ALICE], &message("the first one goes on"));
    gateway.message_is(mid, "delivered");
}

#[test]
fn a_data_directory_whose_parent_is_missing_is_not_made_out_of_thin_air() {
    let hop = NextHop::absent();
    let home = scratch();
    let lost = Options::new(&hop)
        .data_dir(&home.path().join("not-mounted/data"))
        .prepare();
    let ran = run_to_end(postern(&["run", "--config"]).arg(&lost.config), "", WAIT).ended(1);
    assert!(
        ran.err.contains("data_dir") && ran.err.contains("directory above it"),
        "{}",
        ran.err
    );
    assert!(!home.path().join("not-mounted").exists());
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let wrong = Options::new(&hop).data_dir(&file).prepare();
    let ran = run_to_end(postern(&["run", "--config"]).arg(&wrong.config), "", WAIT).ended(1);
    assert!(ran.err.contains("something else than a directory"), "{}", ran.err);
}

#[test]
fn commands_without_a_daemon_say_that_there_is_none() {
    let hop = NextHop::absent();
    let gateway = Options::new(&hop).prepare();
    for command in [
        &["track"][..],
        &["status"],
        &["quarantine", "list"],
        &["show", "MID", "1"],
    ] {
        let ran = gateway.cli(command).ended(1);
        assert!(
            ran.err.contains("operator.sock") || ran.err.contains("run"),
            "{command:?}: {}",
            ran.err
        );
    }
}

/// A small disk of its own.
struct SmallDisk {
    path: PathBuf,
    _home: tempfile::TempDir,
}

impl SmallDisk {
    fn mounted() -> Result<Self, String> {
        let home = scratch();
        let path = home.path().join("disk");
        fs::create_dir(&path).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256m", "tmpfs"])
            .arg(&path)
            .output();
        match mount {
            Ok(ran) if ran.status.success() => Ok(Self { path, _home: home }),
            Ok(ran) => Err(String::from_utf8_lossy(&ran.stderr).trim().to_owned()),
            Err(why) => Err(why.to_string()),
        }
    }

    /// Fills it but for so many octets.
    fn fill(&self, leave: u64) {
        let disk = rustix::fs::statvfs(&self.path).unwrap();
        let free = disk.f_bavail * disk.f_frsize;
        let mut file = fs::File::create(self.filler()).unwrap();
        let piece = vec![0xa5; 64 * 1024];
        for _ in 0..free.saturating_sub(leave) / 65_536 + u64::from(leave == 0) {
            // The last one fits in part: that is how a disk gets full.
            if file.write_all(&piece).is_err() {
                break;
            }
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a failed test may have left someone in there.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

#[test]
fn a_full_disk_is_a_state_from_which_it_recovers_by_itself() {
    let disk = match SmallDisk::mounted() {
        Ok(disk) => disk,
        Err(why) => {
            return skip(
                "a full disk",
                &format!("mounting a small one takes root's rights: {why}"),
            );
        }
    };
    let hop = NextHop::start();
    // Each shard looks at the disk for itself; one of them makes "it takes mail again" one fact.
    let mut gateway = Options::new(&hop)
        .data_dir(&disk.path().join("data"))
        .top("shards = 1")
        .start();
    let mut kept = vec![message("before")];
    gateway.accepts(SENDER, &[ALICE], &kept[0]);

    // Too little room: told before anything is accepted.
    disk.fill(4 * 1024 * 1024);
    let mail_from = || Smtp::greeted(gateway.smtp()).reply_to(&format!("MAIL FROM:<{SENDER}>"));
    let told = soon("the disk is noticed", || {
        Some(mail_from()).filter(|reply| !reply.starts_with("250"))
    });
    assert!(told.starts_with("452 4.3.1 "), "{told}");
    disk.make_room();
    soon("it takes mail again", || {
        mail_from().starts_with("250").then_some(())
    });
    let said = gateway.stderr();
    assert!(
        said.contains("octets are free for the journal in") && said.contains("make room there"),
        "{said}"
    );
    assert!(said.contains("there is room again for the journal"), "{said}");
    kept.push(message("between"));
    gateway.accepts(SENDER, &[ALICE], &kept[1]);

    // No room at all, in the middle of a message.
    let mut smtp = Smtp::greeted(gateway.smtp());
    smtp.envelope(SENDER, &[ALICE]);
    disk.fill(0);
    let large = [message("too late"), b"0123456789 0123456789\r\n".repeat(200_000)].concat();
    smtp.send(&crate::harness::stuffed(&large));
    smtp.expect_text("452 4.3.1 ");
    disk.make_room();
    soon("it takes mail again", || {
        mail_from().starts_with("250").then_some(())
    });
    kept.push(message("after"));
    let mid = gateway.accepts(SENDER, &[ALICE], &kept[2]);
    gateway.message_is(mid, "delivered");

    gateway.stop();
    gateway.again();
    kept.push(message("after a restart"));
    let mid = gateway.accepts(SENDER, &[ALICE], &kept[3]);
    gateway.message_is(mid, "delivered");
    let came = hop.wait_for(kept.len());
    for one in &kept {
        assert!(
            came.iter().any(|came| trace_and_rest(&came.octets).1 == one),
            "{}",
            String::from_utf8_lossy(one)
        );
    }
}
