//! The header in which a load balancer says for whom it connects: the PROXY protocol, versions 1 and 2 (HAProxy's
//! `proxy-protocol.txt`). It is read before the machine sees an octet, and only from a peer that is trusted with it.

use postern_vocab::limits;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How far a header has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProxyHeader {
    /// Not to its end; never said of more than `limits::PROXY_HEADER_OCTETS_MAX` octets.
    NeedMore,
    /// All of it.
    Header {
        /// Who connected to the proxy; `None` when the proxy speaks for itself (`LOCAL`, a health check), does not know, or
        /// came over a socket that has no address.
        client: Option<SocketAddr>,
        /// Where the client connected to.
        local: Option<SocketAddr>,
        /// Octets of the header; what follows is the conversation.
        octets: usize,
    },
}

/// Why octets are no PROXY header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProxyError {
    /// They begin with neither signature.
    NoHeader,
    /// A version 1 line over 107 octets, or a version 2 header over our limit.
    TooLong,
    /// A version 1 line that does not parse.
    BadLine,
    /// A version other than 2 behind the signature of version 2.
    BadVersion,
    /// A command other than LOCAL and PROXY.
    BadCommand,
    /// A family or transport that is not specified.
    BadFamily,
    /// Too few octets for the addresses of its family.
    TooShort,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHeader => "no PROXY header; does the proxy send one to this listener?",
            Self::TooLong => "the PROXY header is too long",
            Self::BadLine => "the line of the PROXY header does not parse",
            Self::BadVersion => "the PROXY header has an unknown version",
            Self::BadCommand => "the PROXY header has an unknown command",
            Self::BadFamily => "the PROXY header has an unknown address family",
            Self::TooShort => "the PROXY header is too short for its addresses",
        })
    }
}

impl std::error::Error for ProxyError {}

const SIGNATURE_1: &[u8] = b"PROXY ";
const SIGNATURE_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length. §2.2.
const FIXED_2: usize = SIGNATURE_2.len() + 4;
/// §2.1: the longest line with its CRLF.
const LINE_OCTETS_MAX: usize = 107;

/// Reads the header at the start of `octets`.
///
/// # Errors
/// When no more octets could make it a header that we take.
pub fn read(octets: &[u8]) -> Result<ProxyHeader, ProxyError> {
    let begins = |signature: &[u8]| {
        let length = octets.len().min(signature.len());
        octets[..length] == signature[..length]
    };
    match octets {
        _ if begins(SIGNATURE_1) && octets.len() >= SIGNATURE_1.len() => read_line(octets),
        _ if begins(SIGNATURE_2) && octets.len() >= FIXED_2 => read_binary(octets),
        _ if begins(SIGNATURE_1) || begins(SIGNATURE_2) => Ok(ProxyHeader::NeedMore),
        _ => Err(ProxyError::NoHeader),
    }
}

/// §2.1: `PROXY TCP4 192.0.2.1 192.0.2.2 1024 25` and CRLF.
fn read_line(octets: &[u8]) -> Result<ProxyHeader, ProxyError> {
    let within = &octets[..octets.len().min(LINE_OCTETS_MAX)];
    let Some(end) = memchr::memchr(b'\n', within) else {
        return match within.len() {
            LINE_OCTETS_MAX => Err(ProxyError::TooLong),
            _ => Ok(ProxyHeader::NeedMore),
        };
    };
    let line = within[..end].strip_suffix(b"\r").ok_or(ProxyError::BadLine)?;
    let line = std::str::from_utf8(line).map_err(|_| ProxyError::BadLine)?;
    let words: Vec<_> = line.split(' ').collect();
    let (client, local) = match words[..] {
        // What follows UNKNOWN means nothing.
        [_, "UNKNOWN", ..] => (None, None),
        [_, family, source, destination, source_port, destination_port] => {
            let end = |address, port| line_end(family, address, port).ok_or(ProxyError::BadLine);
            (
                Some(end(source, source_port)?),
                Some(end(destination, destination_port)?),
            )
        }
        _ => return Err(ProxyError::BadLine),
    };
    Ok(ProxyHeader::Header {
        client,
        local,
        octets: end + 1,
    })
}

fn line_end(family: &str, address: &str, port: &str) -> Option<SocketAddr> {
    let address = match family {
        "TCP4" => IpAddr::V4(address.parse::<Ipv4Addr>().ok()?),
        "TCP6" => IpAddr::V6(address.parse::<Ipv6Addr>().ok()?),
        _ => return None,
    };
    // A number with a sign or zeros in front is not what a proxy writes.
    let canonical = port.bytes().all(|c| c.is_ascii_digit()) && (port == "0" || !port.starts_with('0'));
    let port = port.parse().ok().filter(|_| canonical)?;
    Some(SocketAddr::new(address, port))
}

/// §2.2. What follows the addresses (TLVs, a checksum among them) is passed over: TCP has checked the octets already.
fn read_binary(octets: &[u8]) -> Result<ProxyHeader, ProxyError> {
    let [version_and_command, family, high, low] = octets[SIGNATURE_2.len()..FIXED_2] else {
        unreachable!("four octets are there");
    };
    if version_and_command >> 4 != 2 {
        return Err(ProxyError::BadVersion);
    }
    let whole = FIXED_2 + usize::from(u16::from_be_bytes([high, low]));
    if whole > limits::PROXY_HEADER_OCTETS_MAX {
        return Err(ProxyError::TooLong);
    }
    let Some(behind) = octets.get(FIXED_2..whole) else {
        return Ok(ProxyHeader::NeedMore);
    };
    let (client, local) = match (version_and_command & 15, family) {
        (0, _) => (None, None),
        (1, family) => ends(family, behind)?,
        _ => return Err(ProxyError::BadCommand),
    };
    Ok(ProxyHeader::Header {
        client,
        local,
        octets: whole,
    })
}

type Ends = (Option<SocketAddr>, Option<SocketAddr>);

/// The addresses of both ends. Datagrams and Unix sockets have none that mean anything here, and no TCP connection is
/// over either.
fn ends(family: u8, octets: &[u8]) -> Result<Ends, ProxyError> {
    let (address_octets, has_ports) = match family {
        0x11 => (4, true),
        0x21 => (16, true),
        0x00 => return Ok((None, None)),
        0x31 | 0x32 => (108, false),
        0x12 => (4, false),
        0x22 => (16, false),
        _ => return Err(ProxyError::BadFamily),
    };
    let needed = 2 * address_octets + if has_ports { 4 } else { 0 };
    if octets.len() < needed {
        return Err(ProxyError::TooShort);
    }
    if !has_ports {
        return Ok((None, None));
    }
    let (source, rest) = octets.split_at(address_octets);
    let (destination, ports) = rest.split_at(address_octets);
    let port = |at: usize| u16::from_be_bytes([ports[at], ports[at + 1]]);
    Ok((end(source, port(0)), end(destination, port(2))))
}

fn end(address: &[u8], port: u16) -> Option<SocketAddr> {
    let address = match *address {
        [a, b, c, d] => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        _ => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?)),
    };
    Some(SocketAddr::new(address, port))
}
