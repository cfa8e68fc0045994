//! How single values are read. Each function takes what stands in the file and returns the value, or the reason why it
//! is none.

use crate::config::Driver;
use crate::config::section::wrong_type;
use crate::flow::Rate;
use crate::hosts::{self, HostPattern, Hosts};
use crate::policy::Action;
use crate::{duration, replies, size};
use ipnet::IpNet;
use postern_vocab::{Address, Domain, Reply};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use toml::de::DeValue;

/// The largest count of anything that a client may do.
const COUNT_MAX: u32 = 1_000_000;

/// The times in which a rate may be counted.
const RATE_INTERVAL_MIN: Duration = Duration::from_secs(1);
const RATE_INTERVAL_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Octets of a text that is sent to clients: it must fit a reply line. RFC 5321 §4.5.3.1.5.
const LINE_OCTETS_MAX: usize = 200;

fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| wrong_type(value))
}

/// A text of a type that explains itself when it cannot be read.
pub(crate) fn parsed<T: FromStr<Err: fmt::Display>>(value: &DeValue<'_>) -> Result<T, String> {
    text(value)?.parse().map_err(|why: T::Err| why.to_string())
}

/// A domain name; an address literal is none.
pub(crate) fn domain(value: &DeValue<'_>) -> Result<Domain, String> {
    let text = text(value)?;
    let domain = text
        .parse::<Domain>()
        .ok()
        .filter(|domain| domain.literal().is_none());
    domain.ok_or_else(|| format!("\"{text}\" is none"))
}

/// A mail address.
pub(crate) fn address(value: &DeValue<'_>) -> Result<Address, String> {
    let text = text(value)?;
    text.parse().map_err(|why| format!("\"{text}\" is none: {why}"))
}

/// The name of something in logs: it must not break a log line or a rule.
pub(crate) fn name(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let valid = (1..=63).contains(&text.len()) && text.chars().all(fits);
    if valid {
        Ok(text.to_owned())
    } else {
        Err(format!("\"{text}\" is none"))
    }
}

/// True or false.
pub(crate) fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| wrong_type(value))
}

/// A text of one line in ASCII, not empty.
pub(crate) fn line(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?.trim();
    let valid =
        (1..=LINE_OCTETS_MAX).contains(&text.len()) && text.bytes().all(|c| (b' '..=b'~').contains(&c));
    if valid {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "\"{text}\" is not 1 to {LINE_OCTETS_MAX} printable ASCII characters"
        ))
    }
}

/// A text of one line in any script, not empty: a name in a directory.
pub(crate) fn wording(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?.trim();
    let valid = !text.is_empty() && !text.chars().any(char::is_control);
    valid
        .then(|| text.to_owned())
        .ok_or_else(|| format!("\"{text}\" is no text of one line"))
}

/// One of a few words.
pub(crate) fn one_of<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&DeValue<'_>) -> Result<T, String> {
    move |value| {
        let text = text(value)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| format!("\"{text}\" is none of them"))
    }
}

/// An address or a network.
pub(crate) fn network(value: &DeValue<'_>) -> Result<IpNet, String> {
    let pattern: HostPattern = parsed(value)?;
    match pattern.hosts {
        Hosts::Network(network) => Ok(network),
        _ => Err(format!("\"{pattern}\" is neither an address nor a network")),
    }
}

/// The zone of a DNS list.
pub(crate) fn zone(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    hosts::zone_name(text).map_err(|_| format!("\"{text}\" is none"))
}

/// A refusal; what it does not say is as in this one.
pub(crate) fn refusal(like: Reply) -> impl Fn(&DeValue<'_>) -> Result<Reply, String> {
    move |value| replies::parse(text(value)?, &like)
}

/// A check that is off, on with its usual reply, or on with another.
pub(crate) fn switch(usual: Reply) -> impl Fn(&DeValue<'_>) -> Result<Option<Reply>, String> {
    move |value| match text(value)? {
        "off" => Ok(None),
        "on" => Ok(Some(usual.clone())),
        written => replies::parse(written, &usual).map(Some),
    }
}

/// A number with at most one digit behind its point, in tenths, within a range of tenths.
pub(crate) fn tenths(range: RangeInclusive<i16>) -> impl Fn(&DeValue<'_>) -> Result<i16, String> {
    move |value| {
        let written = match (value.as_float(), value.as_integer()) {
            (Some(float), _) => float.as_str(),
            (None, Some(integer)) if integer.radix() == 10 => integer.as_str(),
            _ => return Err(wrong_type(value)),
        };
        let tenths = hosts::tenths(written).ok_or_else(|| format!("{written} is not in steps of 0.1"))?;
        if range.contains(&tenths) {
            Ok(tenths)
        } else {
            Err(out_of_range(written))
        }
    }
}

/// `100/1h`; 0 is none.
pub(crate) fn rate(value: &DeValue<'_>) -> Result<Option<Rate>, String> {
    if !value.is_str() {
        within(integer(value)?, &(0..=0))?;
        return Ok(None);
    }
    let text = text(value)?;
    if text == "0" {
        return Ok(None);
    }
    let (count, interval) = text
        .split_once('/')
        .ok_or_else(|| format!("\"{text}\" has no / between number and time"))?;
    let count = count
        .trim()
        .parse::<u32>()
        .ok()
        .filter(|count| (1..=COUNT_MAX).contains(count));
    let interval = duration::parse(interval)?;
    if interval < RATE_INTERVAL_MIN || interval > RATE_INTERVAL_MAX {
        return Err(format!("\"{text}\" has a time that is not from 1s to 7d"));
    }
    let count =
        count.ok_or_else(|| format!("\"{text}\" does not begin with a number from 1 to {COUNT_MAX}"))?;
    Ok(Some(Rate { count, interval }))
}

/// A number from 1 up.
pub(crate) fn count(value: &DeValue<'_>) -> Result<u32, String> {
    let number = within(integer(value)?, &(1..=u64::from(COUNT_MAX)))?;
    Ok(u32::try_from(number).unwrap_or(COUNT_MAX))
}

/// The same, where 0 is any number.
pub(crate) fn count_or_none(value: &DeValue<'_>) -> Result<Option<u32>, String> {
    match integer(value)? {
        0 => Ok(None),
        _ => count(value).map(Some),
    }
}

/// An absolute path: commands and daemon must find the same place, wherever each was started.
pub(crate) fn path(value: &DeValue<'_>) -> Result<PathBuf, String> {
    let text = text(value)?;
    let valid = text.starts_with('/') && !text.contains('\0');
    if valid {
        Ok(PathBuf::from(text))
    } else {
        Err(format!("\"{text}\" does not begin with /"))
    }
}

/// An address to listen on.
pub(crate) fn socket(value: &DeValue<'_>) -> Result<SocketAddr, String> {
    let text = text(value)?;
    text.parse().map_err(|_| format!("\"{text}\" is none"))
}

/// A DNS server: port 53 unless another is written.
pub(crate) fn dns_server(value: &DeValue<'_>) -> Result<SocketAddr, String> {
    let address = text(value)?.parse::<IpAddr>();
    address.map_or_else(|_| socket(value), |address| Ok(SocketAddr::new(address, 53)))
}

/// The beginning of links; a slash at its end is taken off.
pub(crate) fn url(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or_default();
    let has_host = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    let is_plain = text
        .chars()
        .all(|c| c.is_ascii_graphic() && !"\"'<>\\`{}|^?#".contains(c));
    if has_host && is_plain {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(format!("\"{text}\" is none"))
    }
}

/// One of the network drivers.
pub(crate) fn driver(value: &DeValue<'_>) -> Result<Driver, String> {
    match text(value)? {
        "auto" => Ok(Driver::Auto),
        "io_uring" => Ok(Driver::IoUring),
        "epoll" => Ok(Driver::Epoll),
        other => Err(format!("\"{other}\" is none of them")),
    }
}

/// One of the actions.
pub(crate) fn action(value: &DeValue<'_>) -> Result<Action, String> {
    let text = text(value)?;
    let action = Action::ALL.into_iter().find(|action| action.as_str() == text);
    action.ok_or_else(|| format!("\"{text}\" is none of them"))
}

/// What may be done with a virus: anything but hand it on.
pub(crate) fn antivirus_action(value: &DeValue<'_>) -> Result<Action, String> {
    match action(value)? {
        Action::Deliver => Err("viruses are not delivered".to_owned()),
        action => Ok(action),
    }
}

/// A whole number within a range.
pub(crate) fn number(range: RangeInclusive<u64>) -> impl Fn(&DeValue<'_>) -> Result<u64, String> {
    move |value| within(integer(value)?, &range)
}

/// A size in octets or with a unit, within a range of octets.
pub(crate) fn octets(range: RangeInclusive<u64>) -> impl Fn(&DeValue<'_>) -> Result<u64, String> {
    move |value| {
        let octets = if value.is_str() {
            size::parse(text(value)?)?
        } else {
            integer(value)?
        };
        within(octets, &range)
    }
}

/// A time in seconds or with a unit, within a range of seconds.
pub(crate) fn span(range: RangeInclusive<u64>) -> impl Fn(&DeValue<'_>) -> Result<Duration, String> {
    move |value| {
        let seconds = if value.is_str() {
            duration::parse(text(value)?)?.as_secs()
        } else {
            integer(value)?
        };
        within(seconds, &range)
            .map(Duration::from_secs)
            .map_err(|_| out_of_range(text(value).unwrap_or("this")))
    }
}

fn integer(value: &DeValue<'_>) -> Result<u64, String> {
    let integer = value.as_integer().ok_or_else(|| wrong_type(value))?;
    u64::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| out_of_range(integer.as_str()))
}

fn within(number: u64, range: &RangeInclusive<u64>) -> Result<u64, String> {
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(out_of_range(&number.to_string()))
    }
}

fn out_of_range(shown: &str) -> String {
    format!("{shown} is out of that range")
}
