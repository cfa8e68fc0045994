//! How hosts are named in the sender group table: addresses in every form that appliances take, names, scores, DNS
//! lists, countries. Whoever copies a table from another appliance copies the lines as they are.

use crate::hat::Client;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use postern_vocab::{DnsListAnswer, Domain, Reputation, ReverseName};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

/// One way to name hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostPattern {
    /// As it is written, for logs.
    pub written: String,
    /// What it stands for.
    pub hosts: Hosts,
}

/// See [`HostPattern`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hosts {
    /// A network; one address is one of full length.
    Network(IpNet),
    /// From this address to that one, both included.
    Range(IpAddr, IpAddr),
    /// The host of this name, forward-confirmed. In lower case.
    Host(String),
    /// Hosts whose forward-confirmed name is below this one: kept with its leading dot.
    Below(String),
    /// A reputation from this to that, both included.
    Score(Reputation, Reputation),
    /// No reputation.
    NoScore,
    /// On this DNS list, whatever it answers.
    DnsList(String),
    /// On this DNS list, which answers this address among others.
    DnsListCode(String, Ipv4Addr),
    /// In this country, two capital letters.
    Country(String),
    /// Everyone.
    All,
}

impl HostPattern {
    /// Whether a client is meant.
    #[must_use]
    pub fn matches(&self, client: &Client<'_>) -> bool {
        match &self.hosts {
            Hosts::Network(_) | Hosts::Range(..) | Hosts::Host(_) | Hosts::Below(_) => {
                self.names_host(client.address, client.reverse)
            }
            Hosts::Score(lowest, highest) => client
                .reputation
                .is_some_and(|score| (*lowest..=*highest).contains(&score)),
            Hosts::NoScore => client.reputation.is_none(),
            Hosts::DnsList(zone) => listed_as(client, zone).is_some(),
            Hosts::DnsListCode(zone, code) => {
                listed_as(client, zone).is_some_and(|codes| codes.contains(code))
            }
            Hosts::Country(country) => client
                .country
                .is_some_and(|known| known.eq_ignore_ascii_case(country)),
            Hosts::All => true,
        }
    }

    /// Whether it means this address or this name; false for what is about neither. An IPv4 address in IPv6's clothes
    /// is an IPv4 address (RFC 4291 §2.5.5.2). A name that is not forward-confirmed is a claim, and means nothing.
    #[must_use]
    pub fn names_host(&self, address: IpAddr, reverse: &ReverseName) -> bool {
        let address = address.to_canonical();
        match &self.hosts {
            Hosts::Network(network) => network.contains(&address),
            Hosts::Range(first, last) => (*first..=*last).contains(&address),
            Hosts::Host(host) => confirmed(reverse).is_some_and(|name| name == *host),
            Hosts::Below(parent) => confirmed(reverse).is_some_and(|name| name.ends_with(parent.as_str())),
            _ => matches!(self.hosts, Hosts::All),
        }
    }
}

/// The forward-confirmed name in the form that patterns have.
pub(crate) fn confirmed(reverse: &ReverseName) -> Option<String> {
    match reverse {
        ReverseName::Verified(name) => Some(name.trim_end_matches('.').to_ascii_lowercase()),
        _ => None,
    }
}

/// What this list answers, if the client is on it. A list that gave no answer lists nobody.
fn listed_as<'a>(client: &Client<'a>, zone: &str) -> Option<&'a [Ipv4Addr]> {
    client.dns_lists.iter().find_map(|list| match &list.answer {
        DnsListAnswer::Listed(codes) if list.zone.eq_ignore_ascii_case(zone) => Some(codes.as_slice()),
        _ => None,
    })
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FromStr for HostPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let written = text.trim();
        let hosts = hosts(&written.to_ascii_lowercase()).map_err(|why| format!("\"{written}\" {why}"))?;
        Ok(Self {
            written: written.to_owned(),
            hosts,
        })
    }
}

/// What a line in lower case stands for, or what is wrong with it.
fn hosts(line: &str) -> Result<Hosts, String> {
    if line == "all" {
        return Ok(Hosts::All);
    }
    if let Some((word, argument)) = line.strip_suffix(']').and_then(|rest| rest.split_once('['))
        && !word.is_empty()
    {
        return with_argument(word, argument.trim());
    }
    if line.starts_with("sbo:") {
        return Err(
            "is a number of a reputation service that is not asked here: name the addresses".to_owned(),
        );
    }
    let is_dotted = line.starts_with(|c: char| c.is_ascii_digit())
        && line.chars().all(|c| c.is_ascii_digit() || ".-".contains(c));
    if line.contains('/') {
        network(line)
    } else if let Ok(address) = line.parse::<IpAddr>() {
        Ok(Hosts::Network(address.to_canonical().into()))
    } else if let Some((first, last)) = both_addresses(line)? {
        range(first, last)
    } else if is_dotted {
        dotted(line)
    } else {
        name(line)
    }
}

/// `sbrs[..]`, `dnslist[..]`, `country[..]`.
fn with_argument(word: &str, argument: &str) -> Result<Hosts, String> {
    match word.trim_end() {
        "sbrs" if argument == "none" => Ok(Hosts::NoScore),
        "sbrs" => {
            let (lowest, highest) = argument
                .split_once(':')
                .ok_or("must be sbrs[LOWEST:HIGHEST], such as sbrs[-10.0:-3.0], or sbrs[none]")?;
            let (lowest, highest) = (score(lowest.trim())?, score(highest.trim())?);
            if lowest > highest {
                return Err(format!(
                    "has its ends the wrong way round: write sbrs[{highest}:{lowest}]"
                ));
            }
            Ok(Hosts::Score(lowest, highest))
        }
        "dnslist" => dns_list(argument),
        "country" if argument.len() == 2 && argument.bytes().all(|c| c.is_ascii_lowercase()) => {
            Ok(Hosts::Country(argument.to_ascii_uppercase()))
        }
        "country" => Err("must be country[XX], with the two letters of one country (ISO 3166)".to_owned()),
        other => Err(format!(
            "begins with \"{other}\", where sbrs, dnslist or country may stand before a bracket"
        )),
    }
}

/// `zone`, or `zone=127.0.0.2` for one of its answers. RFC 5782 §2.3.
fn dns_list(argument: &str) -> Result<Hosts, String> {
    let (zone, code) = argument
        .split_once('=')
        .map_or((argument, None), |(zone, code)| (zone.trim(), Some(code.trim())));
    let zone = zone_name(zone)?;
    let Some(code) = code else {
        return Ok(Hosts::DnsList(zone));
    };
    let code = code
        .parse()
        .map_err(|_| format!("asks for the answer \"{code}\", which is no IPv4 address such as 127.0.0.2"))?;
    Ok(Hosts::DnsListCode(zone, code))
}

/// The zone of a DNS list, in lower case.
pub(crate) fn zone_name(text: &str) -> Result<String, String> {
    match text.parse::<Domain>() {
        Ok(zone) if zone.literal().is_none() => Ok(zone.to_string()),
        _ => Err(format!(
            "names \"{text}\", which is no zone: one name such as dnsbl.example.org"
        )),
    }
}

/// A score from -10.0 to 10.0.
pub(crate) fn score(text: &str) -> Result<Reputation, String> {
    tenths(text)
        .map(Reputation)
        .filter(|score| (Reputation::WORST..=Reputation::BEST).contains(score))
        .ok_or_else(|| format!("has \"{text}\", which is no score from -10.0 to 10.0 in steps of 0.1"))
}

/// `-3.4` and `7` in tenths; more than one digit behind the point only if they are zeros.
pub(crate) fn tenths(text: &str) -> Option<i16> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    let (tenth, rest) = fraction.split_at_checked(1)?;
    if !is_number(whole) || !is_number(tenth) || rest.bytes().any(|c| c != b'0') {
        return None;
    }
    let size = whole
        .parse::<i16>()
        .ok()?
        .checked_mul(10)?
        .checked_add(tenth.parse().ok()?)?;
    Some(if text.starts_with('-') { -size } else { size })
}

/// `192.0.2.0/24`. Bits behind the prefix are more often a slip than a wish, and which of the two hosts were meant is
/// not for us to guess.
pub(crate) fn network(line: &str) -> Result<Hosts, String> {
    let network: IpNet = line.parse().map_err(|_| {
        "is no network: write ADDRESS/LENGTH, such as 192.0.2.0/24 or 2001:db8::/32".to_owned()
    })?;
    if network.addr() != network.network() {
        return Err(format!(
            "has bits set behind its prefix: write {} for the network, or {} for the one address",
            network.trunc(),
            network.addr()
        ));
    }
    Ok(Hosts::Network(unmapped(network)))
}

/// A network of mapped addresses is the IPv4 network inside. RFC 4291 §2.5.5.2.
fn unmapped(network: IpNet) -> IpNet {
    let inside = match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => {
            v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96))
        }
        _ => None,
    };
    inside
        .and_then(|(address, length)| Ipv4Net::new(address, length).ok())
        .map_or(network, IpNet::V4)
}

/// The ends of a range that has two whole addresses.
fn both_addresses(line: &str) -> Result<Option<(IpAddr, IpAddr)>, String> {
    let Some((first, last)) = line.split_once('-') else {
        return Ok(None);
    };
    match (first.trim().parse::<IpAddr>(), last.trim().parse::<IpAddr>()) {
        (Ok(first), Ok(last)) => Ok(Some((first.to_canonical(), last.to_canonical()))),
        (Ok(IpAddr::V6(_)), Err(_)) => {
            Err("is a range of IPv6 addresses without a whole address at its end".to_owned())
        }
        _ => Ok(None),
    }
}

fn range(first: IpAddr, last: IpAddr) -> Result<Hosts, String> {
    if first.is_ipv4() != last.is_ipv4() {
        return Err("begins in IPv4 and ends in IPv6, or the other way round".to_owned());
    }
    if first > last {
        return Err(format!("has its ends the wrong way round: write {last}-{first}"));
    }
    Ok(Hosts::Range(first, last))
}

/// The first numbers of an IPv4 address, the last of which may be a range: `10.1.`, `10.1`, `10.1.1.10-20`, `10.1.1-5.`
fn dotted(line: &str) -> Result<Hosts, String> {
    const WRONG: &str =
        "is no IPv4 address and no beginning of one: write four numbers from 0 to 255, or fewer";
    let numbers: Vec<&str> = line.strip_suffix('.').unwrap_or(line).split('.').collect();
    let (last, before) = numbers.split_last().ok_or(WRONG)?;
    let (from, to) = last.split_once('-').unwrap_or((last, last));
    if before.len() > 3 || (before.len() == 3 && line.ends_with('.')) {
        return Err(WRONG.to_owned());
    }
    let (mut lowest, mut highest) = ([0; 4], [255; 4]);
    for (at, number) in before.iter().enumerate() {
        lowest[at] = number.parse().map_err(|_| WRONG)?;
        highest[at] = lowest[at];
    }
    lowest[before.len()] = from.parse().map_err(|_| WRONG)?;
    highest[before.len()] = to.parse().map_err(|_| WRONG)?;
    let (lowest, highest) = (Ipv4Addr::from(lowest), Ipv4Addr::from(highest));
    if last.contains('-') {
        return range(lowest.into(), highest.into());
    }
    let length = u8::try_from(8 * numbers.len()).map_err(|_| WRONG)?;
    let network = Ipv4Net::new(lowest, length).map_err(|_| WRONG)?;
    Ok(Hosts::Network(network.into()))
}

fn name(line: &str) -> Result<Hosts, String> {
    const WRONG: &str = "is none of the forms that there are: an address, 10.1., 192.0.2.0/24, 192.0.2.1-20, \
                         mail.example.org, .example.org, sbrs[-10.0:-3.0], sbrs[none], dnslist[zone], country[XX], all";
    let (name, is_below) = line.strip_prefix('.').map_or((line, false), |rest| (rest, true));
    match name.parse::<Domain>() {
        Ok(domain) if domain.literal().is_none() && is_below => Ok(Hosts::Below(format!(".{domain}"))),
        Ok(domain) if domain.literal().is_none() => Ok(Hosts::Host(domain.to_string())),
        _ => Err(WRONG.to_owned()),
    }
}

impl Hosts {
    /// The networks that an address line is made of; none for other lines. A range falls into 254 at most.
    pub(crate) fn networks(&self) -> Vec<IpNet> {
        match *self {
            Self::Network(network) => vec![network],
            Self::Range(IpAddr::V4(first), IpAddr::V4(last)) => {
                ipnet::Ipv4Subnets::new(first, last, 0).map(IpNet::V4).collect()
            }
            Self::Range(IpAddr::V6(first), IpAddr::V6(last)) => {
                ipnet::Ipv6Subnets::new(first, last, 0).map(IpNet::V6).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The network of this length that an address is in; `None` where the family has no such length.
pub(crate) fn network_of(address: IpAddr, length: u8) -> Option<IpNet> {
    match address {
        IpAddr::V4(v4) => Ipv4Net::new(v4, length).ok().map(|one| one.trunc().into()),
        IpAddr::V6(v6) => Ipv6Net::new(v6, length).ok().map(|one| one.trunc().into()),
    }
}

#[cfg(test)]
mod tests;
