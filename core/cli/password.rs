//! Asking for a password: never as an argument, which every process on the machine could read.

use super::trouble::Trouble;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// A password longer than this is refused: each octet costs hashing time.
const OCTETS_MAX: usize = 1_024;

/// The first line of standard input, or what is typed twice without being shown.
pub fn read(from_stdin: bool) -> Result<String, Trouble> {
    if from_stdin {
        return checked(line()?);
    }
    if !io::stdin().is_terminal() {
        return Err(Trouble::Usage(
            "there is no terminal to ask for the password; use --password-stdin".to_owned(),
        ));
    }
    let first = asked("Password: ")?;
    if asked("The same again: ")? != first {
        return Err(Trouble::Said(
            "the two are not the same; nothing was changed".to_owned(),
        ));
    }
    checked(first)
}

fn checked(password: String) -> Result<String, Trouble> {
    match password.len() {
        0 => Err(Trouble::Said(
            "an empty password is no password; nothing was changed".to_owned(),
        )),
        1..=OCTETS_MAX => Ok(password),
        _ => Err(Trouble::Said(format!(
            "a password has at most {OCTETS_MAX} octets; nothing was changed"
        ))),
    }
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone needs no setting back.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
        eprintln!();
    }
}

fn asked(prompt: &str) -> Result<String, Trouble> {
    eprint!("{prompt}");
    io::stderr().flush()?;
    let _hidden = Hidden::new().map_err(Trouble::io("cannot hide the password on this terminal"))?;
    line()
}

fn line() -> Result<String, Trouble> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(Trouble::io("cannot read the password"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
