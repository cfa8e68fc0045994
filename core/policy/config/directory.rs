//! `[directory]`: who knows our recipients. RFC 4511, RFC 4513 (binding), RFC 4515 (filters).

use crate::config::error::Problems;
use crate::config::recipients::WHEN_DOWN;
use crate::config::section::{At, Section};
use crate::config::values;
use crate::config::{Directory, WhenDown};
use std::path::PathBuf;
use toml::de::DeValue;

/// What is searched for unless it is written: the attributes of most directories, and Active Directory's.
const FILTER: &str = "(|(mail={address})(proxyAddresses=smtp:{address}))";

/// What stands for the recipient in a filter.
const PLACEHOLDERS: [&str; 3] = ["{address}", "{local}", "{domain}"];

pub(crate) struct TypedDirectory {
    url: Option<At<String>>,
    start_tls: Option<At<bool>>,
    authorities: Option<At<PathBuf>>,
    bind_dn: Option<At<String>>,
    bind_password_file: Option<At<PathBuf>>,
    base: Option<At<String>>,
    filter: Option<At<String>>,
    when_down: Option<At<WhenDown>>,
}

pub(crate) fn read(section: Section<'_>) -> TypedDirectory {
    TypedDirectory {
        url: section.required("url", url),
        start_tls: section.optional("start_tls", values::boolean),
        authorities: section.optional("authorities", values::path),
        bind_dn: section.optional("bind_dn", values::wording),
        bind_password_file: section.optional("bind_password_file", values::path),
        base: section.required("base", values::wording),
        filter: section.optional("filter", filter),
        when_down: section.optional("when_down", values::one_of(WHEN_DOWN)),
    }
}

pub(crate) fn complete(typed: TypedDirectory, problems: &Problems<'_>) -> Option<Directory> {
    let url = typed.url?.value;
    if let Some(written) = typed
        .start_tls
        .as_ref()
        .filter(|one| one.value && url.starts_with("ldaps://"))
    {
        problems.add_with_hint(
            written.at,
            "directory.start_tls has nothing to do: ldaps:// begins with TLS",
            "take it out, or write ldap://",
        );
    }
    // A name without a password is let in as nobody (RFC 4513 §5.1.2), which looks like an empty directory.
    match (&typed.bind_dn, &typed.bind_password_file) {
        (Some(written), None) => problems.add_with_hint(
            written.at,
            "directory.bind_dn without a password is nobody",
            "write bind_password_file",
        ),
        (None, Some(written)) => problems.add_with_hint(
            written.at,
            "directory.bind_password_file without a name has nothing to do",
            "write bind_dn",
        ),
        _ => {}
    }
    Some(Directory {
        url,
        start_tls: typed.start_tls.is_some_and(|one| one.value),
        authorities: typed.authorities.map(|one| one.value),
        bind_dn: typed.bind_dn.map(|one| one.value).unwrap_or_default(),
        bind_password_file: typed.bind_password_file.map(|one| one.value),
        base: typed.base?.value,
        filter: typed.filter.map_or_else(|| FILTER.to_owned(), |one| one.value),
        when_down: typed.when_down.map(|one| one.value).unwrap_or_default(),
    })
}

fn url(value: &DeValue<'_>) -> Result<String, String> {
    let text = values::line(value)?;
    let host = text
        .strip_prefix("ldap://")
        .or_else(|| text.strip_prefix("ldaps://"));
    let host = host
        .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
        .unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-.:[]_".contains(c);
    if !host.is_empty() && host.chars().all(fits) {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(format!("\"{text}\" is none of a host and a port"))
    }
}

/// A filter that is whole, and that looks for the recipient: one that does not would find everyone, or nobody.
fn filter(value: &DeValue<'_>) -> Result<String, String> {
    let text = values::wording(value)?;
    let mut rest = text.clone();
    for placeholder in PLACEHOLDERS {
        rest = rest.replace(placeholder, "");
    }
    if rest == text {
        return Err(format!("\"{text}\" does not look for the recipient"));
    }
    if let Some(at) = rest.find(['{', '}']) {
        let known = PLACEHOLDERS.join(", ");
        return Err(format!("\"{}\" is none of {known}", &rest[at..]));
    }
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        let is_last = at + 1 == rest.len();
        if (depth == 0) != is_last {
            return Err(format!("\"{text}\" has brackets that do not close each other"));
        }
    }
    if rest.starts_with('(') && rest.ends_with(')') {
        Ok(text)
    } else {
        Err(format!("\"{text}\" does not stand in brackets"))
    }
}
