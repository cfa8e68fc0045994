//! The configuration file, read for a command.

use super::trouble::Trouble;
use crate::configuration;
use postern_engine::policy::Config;
use std::path::Path;

/// The configuration in `file`, without a mistake in it.
pub fn read(file: &Path) -> Result<Config, Trouble> {
    let unreadable = |source| Trouble::Unreadable {
        file: file.to_owned(),
        source,
    };
    configuration::read(file)
        .map_err(unreadable)?
        .map_err(Trouble::Configuration)
}
