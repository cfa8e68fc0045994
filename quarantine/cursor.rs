//! Cursors: a place in a column, as text. Whoever changes one can only begin elsewhere in what they may see.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postern_quarantine_api::Failure;

/// A place as text.
pub(crate) fn write(place: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// A place of this many octets, read.
pub(crate) fn read(text: &str, octets: usize) -> Result<Vec<u8>, Failure> {
    let place = URL_SAFE_NO_PAD.decode(text).ok();
    place.filter(|place| place.len() == octets).ok_or_else(|| {
        Failure::Invalid("the cursor is not from this list; begin at the first page".to_owned())
    })
}
