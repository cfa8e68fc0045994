//! A next hop as it is written: `HOST:PORT`. A host name here is looked up as an address, never as MX: who names a
//! host means that host.

use postern_vocab::Domain;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The port when none is written. RFC 5321 §4.5.4.2.
pub const SMTP_PORT: u16 = 25;

/// Where mail is handed over.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Hop {
    /// The machine.
    pub host: HopHost,
    /// Its TCP port, never 0.
    pub port: u16,
}

/// A machine, by address or by name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HopHost {
    /// An address.
    Ip(IpAddr),
    /// A name to look up; never an address literal.
    Name(Domain),
}

impl FromStr for Hop {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(format!(
                "\"{text}\" leaves open where the port begins: write [{text}]:{SMTP_PORT}"
            ));
        }
        let (host, port) = split(text);
        Ok(Self {
            host: host_of(host)?,
            port: port_of(port)?,
        })
    }
}

/// The host and the text of the port, if there is one: the colon behind the brackets, or the only one there is.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn host_of(host: &str) -> Result<HopHost, String> {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Ok(address) = bracketed.unwrap_or(host).parse::<IpAddr>() {
        return Ok(HopHost::Ip(address));
    }
    match host.parse::<Domain>() {
        Ok(name) if name.literal().is_none() => Ok(HopHost::Name(name)),
        _ => Err(format!("\"{host}\" is neither a host name nor an IP address")),
    }
}

fn port_of(port: Option<&str>) -> Result<u16, String> {
    match port.map(str::parse) {
        None => Ok(SMTP_PORT),
        Some(Ok(number)) if number > 0 => Ok(number),
        Some(_) => Err(format!(
            "\"{}\" is not a port from 1 to 65535",
            port.unwrap_or_default()
        )),
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HopHost::Ip(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            HopHost::Ip(IpAddr::V4(address)) => write!(f, "{address}:{}", self.port),
            HopHost::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_reads_in_every_form_and_prints_in_one() {
        let rows = [
            ("192.0.2.1:2526", Ok("192.0.2.1:2526"), "address and port"),
            ("192.0.2.1", Ok("192.0.2.1:25"), "port 25 unless said"),
            (
                "[192.0.2.1]:26",
                Ok("192.0.2.1:26"),
                "brackets as other mail servers write them",
            ),
            ("[2001:db8::1]:26", Ok("[2001:db8::1]:26"), "IPv6"),
            ("[2001:DB8::1]", Ok("[2001:db8::1]:25"), "IPv6 without a port"),
            ("Mail.Example.org:26", Ok("mail.example.org:26"), "names fold"),
            ("localhost", Ok("localhost:25"), "a name of one label"),
            (
                "2001:db8::1",
                Err("where the port begins"),
                "IPv6 without brackets",
            ),
            ("mail.example.org:0", Err("not a port"), "port 0"),
            ("mail.example.org:65536", Err("not a port"), "port too large"),
            ("mail.example.org:", Err("not a port"), "empty port"),
            ("mail.example.org:smtp", Err("not a port"), "a service name"),
            ("", Err("neither"), "nothing"),
            (":25", Err("neither"), "no host"),
            (
                "[IPv6:2001:db8::1]:25",
                Err("neither"),
                "an address literal is mail's form, not a host's",
            ),
            ("mail host:25", Err("neither"), "a space"),
        ];
        for (text, expected, reason) in rows {
            match (text.parse::<Hop>(), expected) {
                (Ok(hop), Ok(shown)) => assert_eq!(hop.to_string(), shown, "{text}: {reason}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {reason}: {error}"),
                (got, _) => panic!("{text}: {reason}: {got:?}"),
            }
        }
    }
}
