//! Promise: one command shows the whole appliance, and tells what became of every sample.

use crate::harness::{free_port, postern, repository, run_to_end, scratch};
use std::fs;
use std::time::Duration;

#[test]
fn the_demo_tells_the_fate_of_every_sample_and_ends_well() {
    let home = scratch();
    let dir = home.path().join("demo");
    let ports = [free_port(), free_port(), free_port()].map(|port| port.to_string());
    let mut demo = postern(&["demo", "--for", "2", "--dir"]);
    demo.arg(&dir).args([
        "--smtp-port",
        &ports[0],
        "--next-hop-port",
        &ports[1],
        "--portal-port",
        &ports[2],
    ]);
    let ran = run_to_end(&mut demo, "", Duration::from_secs(90)).ended(0);
    let samples = fs::read_dir(repository().join("core/demo/samples")).unwrap();
    let names: Vec<String> = samples
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in &names {
        let row = ran.out.lines().find(|line| line.contains(name.as_str()));
        let row = row
            .unwrap_or_else(|| panic!("{name} is not in the table:\n{}", ran.out))
            .to_lowercase();
        let fate = ["delivered", "quarantined", "held", "refused"]
            .iter()
            .any(|word| row.contains(word));
        assert!(fate, "no fate in: {row}");
    }
    for expected in [
        format!("http://127.0.0.1:{}", ports[2]),
        format!("127.0.0.1:{}", ports[0]),
        "alice@example.test".to_owned(),
    ] {
        assert!(
            ran.out.contains(&expected),
            "\"{expected}\" is missing in:\n{}",
            ran.out
        );
    }
    let delivered = fs::read_dir(dir.join("delivered")).unwrap().count();
    assert!(delivered >= 6, "{delivered} files are delivered");
}
