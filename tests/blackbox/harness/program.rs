//! The built program, run to its end.

use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How a program ended and what it printed.
#[derive(Debug)]
pub struct Ran {
    /// The exit status; -1 for a signal.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Itself, if it ended with this status.
    #[track_caller]
    pub fn ended(self, status: i32) -> Self {
        assert_eq!(
            self.status, status,
            "exit status; it printed:\n{}\n{}",
            self.out, self.err
        );
        self
    }

    /// Its output as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|why| panic!("not JSON ({why}): {}{}", self.out, self.err))
    }

    /// Its output as one JSON object a line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parsed =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|why| panic!("not JSON ({why}): {line}"));
        self.out.lines().map(parsed).collect()
    }
}

/// The program, not yet started.
pub fn postern(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env("RUST_BACKTRACE", "1");
    command
}

/// Runs a command to its end, with `input` on its standard input. What takes longer than `within` is ended, and is a
/// failed test.
#[track_caller]
pub fn run_to_end(command: &mut Command, input: &str, within: Duration) -> Ran {
    let shown = format!("{command:?}");
    let directory = super::scratch();
    let path = |name: &str| directory.path().join(name);
    let file = |name: &str| std::fs::File::create(path(name)).expect("a file for the output");
    std::fs::write(path("in"), input).expect("a file for the input");
    let stdin = std::fs::File::open(path("in")).expect("just written");
    let mut child = command
        .stdin(stdin)
        .stdout(file("out"))
        .stderr(file("err"))
        .spawn()
        .expect("the program starts");
    let read =
        |name: &str| String::from_utf8_lossy(&std::fs::read(path(name)).expect("its output")).into_owned();
    let begun = std::time::Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if begun.elapsed() > within {
            let _gone_already = child.kill();
            let _as_above = child.wait();
            panic!(
                "{shown} was still running after {within:?}; it printed:\n{}\n{}",
                read("out"),
                read("err")
            );
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ran {
        status: status.code().unwrap_or(-1),
        out: read("out"),
        err: read("err"),
    }
}
