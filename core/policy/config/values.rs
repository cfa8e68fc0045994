//! How single values are read. Each function takes what stands in the file and returns the value, or the reason why it
//! is none.

use crate::config::Driver;
use crate::config::section::wrong_type;
use crate::policy::Action;
use crate::{duration, size};
use postern_vocab::{Address, Domain};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use toml::de::DeValue;

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
