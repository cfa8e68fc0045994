//! Virus test strings. Real engines come later, beside this one.

use memchr::memmem::Finder;
use postern_vocab::Finding;

/// The EICAR test file, in two halves: whole, it would make virus scanners delete this source file.
const EICAR: [&str; 2] = [
    r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR",
    "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
];

/// The compiled search.
#[derive(Debug)]
pub(crate) struct Viruses {
    eicar: Finder<'static>,
}

impl Viruses {
    /// Compiles the search.
    pub(crate) fn new() -> Self {
        Self {
            eicar: Finder::new(&EICAR.concat()).into_owned(),
        }
    }

    /// The first finding in any of the octets.
    pub(crate) fn find<'a>(&self, mut all: impl Iterator<Item = &'a [u8]>) -> Option<Finding> {
        all.any(|octets| self.eicar.find(octets).is_some())
            .then(|| Finding {
                engine: "antivirus".to_owned(),
                rule: "EICAR-Test-File".to_owned(),
                points: 0,
                detail: "the EICAR antivirus test string".to_owned(),
            })
    }
}
