//! The configuration file, read for a command.

use super::trouble::Trouble;
use postern_engine::policy::{self, Config};
use std::fs;
use std::path::Path;

/// The configuration in `file`, without a mistake in it.
pub fn read(file: &Path) -> Result<Config, Trouble> {
    let unreadable = |source| Trouble::Unreadable {
        file: file.to_owned(),
        source,
    };
    let text = fs::read_to_string(file).map_err(unreadable)?;
    policy::load(&text, &file.display().to_string()).map_err(Trouble::Configuration)
}
