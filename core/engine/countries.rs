//! Which country an address is in, by a database in MaxMind's format that the administrator brings. It is read once: a
//! look-up touches memory only.

use arc_swap::ArcSwapOption;
use maxminddb::{Reader, geoip2};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// The database, if there is one.
#[derive(Default)]
pub struct Countries(ArcSwapOption<Reader<Vec<u8>>>);

impl Countries {
    /// The database at `path`, or none.
    ///
    /// # Errors
    /// The file cannot be read, or is no such database: the text says which, and where it is configured.
    pub fn open(path: Option<&Path>) -> Result<Self, String> {
        let reader = path.map(read).transpose()?;
        Ok(Self(ArcSwapOption::from(reader.map(Arc::new))))
    }

    /// From now on this one.
    pub fn replace(&self, other: Self) {
        self.0.store(other.0.into_inner());
    }

    /// Two capital letters; `None` where there is no database, or it does not know.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Option<String> {
        let reader = self.0.load();
        let found = reader.as_ref()?.lookup(address).ok()?;
        let country: geoip2::Country<'_> = found.decode().ok()??;
        country.country.iso_code.map(str::to_ascii_uppercase)
    }
}

fn read(path: &Path) -> Result<Reader<Vec<u8>>, String> {
    Reader::open_readfile(path).map_err(|error| {
        format!(
            "{}: not a database of countries in MaxMind's format: {error}; correct [reputation] country_database",
            path.display()
        )
    })
}
