//! The configuration file, and the files it names that are rules themselves: read here for the commands and for the
//! daemon alike.

use postern_engine::policy::{self, Config, ConfigError};
use std::path::Path;
use std::{fs, io};

/// The configuration in `file`; the inner error is every mistake in it.
///
/// # Errors
/// The file cannot be read.
pub fn read(file: &Path) -> io::Result<Result<Config, Vec<ConfigError>>> {
    let text = fs::read_to_string(file)?;
    let named = |path: &Path| fs::read_to_string(path).map_err(|error| error.to_string());
    Ok(policy::load_with(&text, &file.display().to_string(), &named))
}
