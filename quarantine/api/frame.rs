//! One value on the wire: a 4-octet big-endian length, then that many octets of JSON.

use postern_vocab::limits;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read, Write};

/// Writes one frame.
///
/// # Errors
/// What the stream says; `InvalidData` when the value is larger than `limits::DOOR_FRAME_BYTES_MAX`.
pub fn write(stream: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut octets = vec![0; 4];
    serde_json::to_writer(&mut octets, value)?;
    let length = octets.len() - 4;
    if length > limits::DOOR_FRAME_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the frame is too large for the door",
        ));
    }
    let length = u32::try_from(length).map_err(io::Error::other)?;
    octets[..4].copy_from_slice(&length.to_be_bytes());
    stream.write_all(&octets)?;
    stream.flush()
}

/// Reads one frame; `None` when the other side closed between two frames.
///
/// # Errors
/// What the stream says; `InvalidData` for a frame that is too large or not the value expected.
pub fn read<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > limits::DOOR_FRAME_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the frame is too large for the door",
        ));
    }
    // Grown while it arrives: a length that lies pins nothing.
    let mut octets = Vec::new();
    stream.take(length as u64).read_to_end(&mut octets)?;
    if octets.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_slice(&octets)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_and_a_lying_length_does_not() {
        let mut wire = Vec::new();
        write(&mut wire, &vec!["a", "b"]).expect("a vector takes it");
        let back: Option<Vec<String>> = read(&mut wire.as_slice()).expect("whole");
        assert_eq!(back, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(
            read::<Vec<String>>(&mut [].as_slice()).expect("closed between frames"),
            None
        );

        wire.truncate(wire.len() - 1);
        assert!(read::<Vec<String>>(&mut wire.as_slice()).is_err(), "cut off");
        assert!(
            read::<Vec<String>>(&mut [0xff; 8].as_slice()).is_err(),
            "4 GiB announced"
        );
    }
}
