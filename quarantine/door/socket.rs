//! One listening socket at a path: made where nobody else can reach it, then moved into its place with its final mode.

use super::DoorOpenError;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Listens at `run_dir/name`.
pub(super) fn listen(
    run_dir: &Path,
    name: &str,
    mode: u32,
) -> Result<(PathBuf, UnixListener), DoorOpenError> {
    let path = run_dir.join(name);
    if UnixStream::connect(&path).is_ok() {
        return Err(DoorOpenError::InUse { path });
    }
    match made(run_dir, name, mode) {
        Ok(listener) => Ok((path, listener)),
        Err(source) => Err(DoorOpenError::System { path, source }),
    }
}

fn made(run_dir: &Path, name: &str, mode: u32) -> io::Result<UnixListener> {
    DirBuilder::new().recursive(true).mode(0o755).create(run_dir)?;
    let aside = run_dir.join(".new");
    match DirBuilder::new().mode(0o700).create(&aside) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => fs::set_permissions(&aside, Permissions::from_mode(0o700))?,
    }
    let temporary = aside.join(name);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&temporary)?;
    fs::set_permissions(&temporary, Permissions::from_mode(mode))?;
    fs::rename(&temporary, run_dir.join(name))?;
    fs::remove_dir(&aside)?;
    Ok(listener)
}
