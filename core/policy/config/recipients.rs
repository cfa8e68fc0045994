//! `[[domain]]` and `[[recipient]]`: whose mail is taken.

use crate::config::WhenDown;
use crate::config::error::Problems;
use crate::config::section::{At, Section};
use crate::config::values;
use crate::first_match::AddressPattern;
use crate::hop::Hop;
use crate::rat::{
    Check, LocalDomain, RecipientAction, RecipientRow, Recipients, SUB_ADDRESS, has_routing_characters,
};
use crate::routes::RoutePattern;
use postern_vocab::refusals;
use postern_vocab::{Address, Reply};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use toml::de::DeValue;

/// Mistakes of one recipients file that are told; one that is no such file has nothing else.
const FILE_MISTAKES_MAX: usize = 20;

/// Octets of what separates a sub-address.
const SUB_ADDRESS_OCTETS_MAX: usize = 8;

/// `[[domain]]`.
pub(crate) struct TypedDomain {
    pub(crate) name: Option<At<RoutePattern>>,
    pub(crate) route: Option<At<Hop>>,
    recipients: Option<Vec<At<String>>>,
    recipients_file: Option<At<PathBuf>>,
    check: Option<At<Knower>>,
    when_down: Option<At<WhenDown>>,
    sub_address: Option<At<String>>,
}

/// `[[recipient]]`.
pub(crate) struct TypedRecipient {
    pub(crate) address: Option<At<AddressPattern>>,
    accepts: Option<At<bool>>,
    reply: Option<At<Reply>>,
    bypass_rates: Option<At<bool>>,
    bypass_check: Option<At<bool>>,
}

/// Who knows whether a recipient exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Knower {
    Table,
    Directory,
    NextHop,
    Nobody,
}

const CHECK: &[(&str, Knower)] = &[
    ("table", Knower::Table),
    ("directory", Knower::Directory),
    ("call-ahead", Knower::NextHop),
    ("none", Knower::Nobody),
];
pub(crate) const WHEN_DOWN: &[(&str, WhenDown)] = &[("defer", WhenDown::Defer), ("accept", WhenDown::Accept)];
/// Whether the recipient is accepted.
const ACTION: &[(&str, bool)] = &[("accept", true), ("reject", false)];

pub(crate) fn read(section: &Section<'_>) -> TypedDomain {
    TypedDomain {
        name: section.required("name", domain_name),
        route: section.required("route", values::parsed),
        recipients: section.list("recipients", values::parsed),
        recipients_file: section.optional("recipients_file", values::path),
        check: section.optional("check", values::one_of(CHECK)),
        when_down: section.optional("when_down", values::one_of(WHEN_DOWN)),
        sub_address: section.optional("sub_address", sub_address),
    }
}

pub(crate) fn read_recipient(section: &Section<'_>) -> TypedRecipient {
    TypedRecipient {
        address: section.required("address", values::parsed),
        accepts: section.required("action", values::one_of(ACTION)),
        reply: section.optional("reply", values::refusal(refusals::NO_SUCH_RECIPIENT.reply)),
        bypass_rates: section.optional("bypass_rates", values::boolean),
        bypass_check: section.optional("bypass_check", values::boolean),
    }
}

/// A domain, or all below one.
fn domain_name(value: &DeValue<'_>) -> Result<RoutePattern, String> {
    let text: String = values::parsed(value)?;
    match text.parse() {
        Ok(RoutePattern::Domain(domain) | RoutePattern::Subdomains(domain)) if domain.literal().is_some() => {
            Err(format!("\"{text}\" is none"))
        }
        Ok(RoutePattern::All) | Err(_) => Err(format!("\"{text}\" is none")),
        Ok(pattern) => Ok(pattern),
    }
}

fn sub_address(value: &DeValue<'_>) -> Result<String, String> {
    let text: String = values::parsed(value)?;
    if text.len() <= SUB_ADDRESS_OCTETS_MAX && text.chars().all(|c| "+-_=.#".contains(c)) {
        Ok(text)
    } else {
        Err(format!("\"{text}\" is none of up to {SUB_ADDRESS_OCTETS_MAX}"))
    }
}

/// What a domain's table is completed with.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'s> {
    /// Reads a file that a key names.
    pub(crate) read: &'s dyn Fn(&Path) -> Result<String, String>,
    /// Whether there is a directory to ask.
    pub(crate) has_directory: bool,
}

/// A domain's row of the recipient access table. What was read of its file is added to `contents`.
pub(crate) fn complete(
    typed: &TypedDomain,
    sources: Sources<'_>,
    contents: &mut String,
    problems: &Problems<'_>,
) -> Option<(RoutePattern, LocalDomain)> {
    let name = &typed.name.as_ref()?.value;
    let recipients = recipients(typed, name, problems);
    let from_file = typed.recipients_file.as_ref().map(|path| {
        let text = (sources.read)(&path.value).unwrap_or_else(|why| {
            let shown = path.value.display();
            problems.add(
                path.at,
                format!("domain.recipients_file: {shown} cannot be read: {why}"),
            );
            String::new()
        });
        let listed = in_file(&text, path, name, problems);
        contents.push_str(&text);
        listed
    });
    let recipients = match (recipients, from_file) {
        (None, None) => Recipients::All,
        (one, other) => Recipients::Listed(one.into_iter().chain(other).flatten().collect()),
    };
    let check = check(typed, &recipients, sources, problems)?;
    let sub_address = typed.sub_address.as_ref();
    let domain = LocalDomain {
        recipients,
        check,
        sub_address: sub_address.map_or_else(|| SUB_ADDRESS.to_owned(), |text| text.value.clone()),
    };
    Some((name.clone(), domain))
}

fn recipients(typed: &TypedDomain, name: &RoutePattern, problems: &Problems<'_>) -> Option<HashSet<String>> {
    let typed = typed.recipients.as_ref()?;
    let mut listed = HashSet::with_capacity(typed.len());
    for recipient in typed {
        match recipient_of(&recipient.value, name) {
            Ok(address) => drop(listed.insert(address.folded())),
            Err(why) => problems.add(recipient.at, format!("\"{}\" {why}", recipient.value)),
        }
    }
    Some(listed)
}

/// The recipients in a file's text, one a line.
fn in_file(text: &str, path: &At<PathBuf>, name: &RoutePattern, problems: &Problems<'_>) -> HashSet<String> {
    let mut listed = HashSet::new();
    let mut mistakes = 0_usize;
    for (line, written) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let written = written
            .split_once('#')
            .map_or(written, |(before, _)| before)
            .trim();
        if written.is_empty() {
            continue;
        }
        match recipient_of(written, name) {
            Ok(address) => drop(listed.insert(address.folded())),
            Err(_) if mistakes >= FILE_MISTAKES_MAX => mistakes += 1,
            Err(why) => {
                mistakes += 1;
                let shown = path.value.display();
                problems.add(
                    path.at,
                    format!("{shown}, line {}: \"{written}\" {why}", line + 1),
                );
            }
        }
    }
    if mistakes > FILE_MISTAKES_MAX {
        let (shown, more) = (path.value.display(), mistakes - FILE_MISTAKES_MAX);
        problems.add(path.at, format!("{shown}: {more} more lines are wrong"));
    }
    listed
}

/// A whole address, or the part before the @ where there is one domain it can be in.
fn recipient_of(text: &str, name: &RoutePattern) -> Result<Address, String> {
    let address = match name {
        RoutePattern::Domain(domain) => text
            .parse()
            .or_else(|_| format!("{text}@{domain}").parse::<Address>()),
        RoutePattern::Subdomains(_) | RoutePattern::All => text.parse(),
    };
    let is_in = |address: &Address| match name {
        RoutePattern::Domain(domain) => address.domain() == domain,
        RoutePattern::Subdomains(parent) => address.domain().is_below(parent),
        RoutePattern::All => false,
    };
    match address {
        Err(_) => Err("is neither an address nor the part before its @".to_owned()),
        Ok(address) if !is_in(&address) => Err(format!("is not an address of {name}")),
        Ok(address) if has_routing_characters(&address) => {
            Err("would always be refused: %, ! and @ before the @ are how mail is relayed".to_owned())
        }
        Ok(address) => Ok(address),
    }
}

fn check(
    typed: &TypedDomain,
    recipients: &Recipients,
    sources: Sources<'_>,
    problems: &Problems<'_>,
) -> Option<Check> {
    let is_listed = *recipients != Recipients::All;
    let knower = typed.check.as_ref().map_or(Knower::Nobody, |check| check.value);
    let at = typed.check.as_ref().map_or(0, |check| check.at);
    match (knower, is_listed) {
        (Knower::Table, false) => problems.add_with_hint(
            at,
            "domain.check is \"table\", and there is none",
            "write recipients or recipients_file",
        ),
        (Knower::Nobody, true) if typed.check.is_some() => problems.add_with_hint(
            at,
            "domain.check is \"none\", though recipients are listed",
            "take one of them out",
        ),
        (Knower::Directory, _) if !sources.has_directory => problems.add_with_hint(
            at,
            "domain.check is \"directory\", and there is none",
            "write a [directory] table",
        ),
        _ => {}
    }
    let when_down = typed.when_down.as_ref();
    if let Some(written) = when_down.filter(|one| one.value == WhenDown::Accept && knower != Knower::NextHop)
    {
        problems.add_with_hint(
            written.at,
            "domain.when_down is about call-ahead, which is not asked for",
            "write check = \"call-ahead\", or when_down in [directory]",
        );
    }
    Some(match knower {
        Knower::Table | Knower::Nobody => Check::None,
        Knower::Directory => Check::Directory,
        Knower::NextHop => Check::CallAhead(
            typed.route.as_ref()?.value.clone(),
            when_down.map(|one| one.value).unwrap_or_default(),
        ),
    })
}

/// The rows before the domains, in order.
pub(crate) fn rows(
    typed: Vec<TypedRecipient>,
    problems: &Problems<'_>,
) -> Vec<(AddressPattern, RecipientRow)> {
    typed.into_iter().filter_map(|one| row(one, problems)).collect()
}

fn row(typed: TypedRecipient, problems: &Problems<'_>) -> Option<(AddressPattern, RecipientRow)> {
    let (address, accepts) = (typed.address?, typed.accepts?.value);
    if let AddressPattern::Address(folded) = &address.value
        && folded
            .parse()
            .is_ok_and(|address| has_routing_characters(&address))
    {
        let why = "would always be refused: %, ! and @ before the @ are how mail is relayed";
        problems.add(address.at, format!("\"{folded}\" {why}"));
    }
    if let (true, Some(reply)) = (accepts, &typed.reply) {
        problems.add_with_hint(
            reply.at,
            "recipient.reply would never be sent: the recipient is accepted",
            "take it out, or write action = \"reject\"",
        );
    }
    for (name, bypass) in [
        ("bypass_rates", &typed.bypass_rates),
        ("bypass_check", &typed.bypass_check),
    ] {
        if let Some(written) = bypass.as_ref().filter(|one| one.value && !accepts) {
            problems.add_with_hint(
                written.at,
                format!("recipient.{name} has nothing to do: the recipient is rejected"),
                "take it out, or write action = \"accept\"",
            );
        }
    }
    let is_on = |written: Option<At<bool>>| written.is_some_and(|one| one.value);
    let row = RecipientRow {
        action: if accepts {
            RecipientAction::Accept
        } else {
            RecipientAction::Reject(
                typed
                    .reply
                    .map_or(refusals::NO_SUCH_RECIPIENT.reply, |reply| reply.value),
            )
        },
        bypass_rates: is_on(typed.bypass_rates),
        bypass_check: is_on(typed.bypass_check),
    };
    Some((address.value, row))
}
