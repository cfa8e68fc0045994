//! Rules over the header.

use super::evidence::{Evidence, domain};
use super::lists::{BRANDS, BULK_MAILERS, FREEMAIL, ODD_TOP_LEVEL};
use crate::links::owner_part;
use crate::text::is_invisible;

fn when(fires: bool, detail: &str) -> Option<String> {
    fires.then(|| detail.to_owned())
}

pub(super) fn date_missing(e: &Evidence<'_>) -> Option<String> {
    when(!e.header.has("date"), "no Date")
}

pub(super) fn message_id_missing(e: &Evidence<'_>) -> Option<String> {
    when(!e.header.has("message-id"), "no Message-ID")
}

pub(super) fn message_id_odd(e: &Evidence<'_>) -> Option<String> {
    let id = &e.header.facts.message_id;
    let domain = domain(id);
    when(!id.is_empty() && (domain.is_empty() || !domain.contains('.')), id)
}

pub(super) fn from_missing(e: &Evidence<'_>) -> Option<String> {
    when(e.header.facts.from.is_empty(), "no address in From")
}

pub(super) fn from_name_address(e: &Evidence<'_>) -> Option<String> {
    let name = &e.header.facts.from_name;
    let other = name
        .split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '(' | ')' | '\''))
        .find(|word| {
            let host = domain(word);
            host.contains('.') && owner_part(&host.to_lowercase()) != owner_part(e.from_domain)
        });
    (!e.is_list()).then_some(other).flatten().map(str::to_owned)
}

/// A brand counts as the sender's own if any label of the domain has it.
pub(super) fn from_name_brand(e: &Evidence<'_>) -> Option<String> {
    let words: Vec<&str> = e.from_name.split(|c: char| !c.is_alphanumeric()).collect();
    let joined = words.join(" ");
    let named = |brand: &&&str| {
        joined.match_indices(**brand).any(|(at, found)| {
            let ends = joined[at + found.len()..].chars().next().is_none_or(|c| c == ' ');
            ends && (at == 0 || joined.as_bytes()[at - 1] == b' ')
        })
    };
    let foreign = |brand: &&&str| {
        !e.from_domain
            .replace(['-', '.'], "")
            .contains(&brand.replace(' ', ""))
    };
    BRANDS
        .iter()
        .filter(named)
        .find(foreign)
        .map(|brand| format!("{brand}, from {}", e.from_domain))
}

pub(super) fn from_name_odd(e: &Evidence<'_>) -> Option<String> {
    let name = &e.header.facts.from_name;
    when(
        name.chars().any(is_invisible) || e.from_name_folding.styled > 0 || name.chars().any(is_picture),
        name,
    )
}

pub(super) fn from_domain_digits(e: &Evidence<'_>) -> Option<String> {
    when(
        e.from_domain.bytes().filter(u8::is_ascii_digit).count() >= 4,
        e.from_domain,
    )
}

pub(super) fn from_domain_odd(e: &Evidence<'_>) -> Option<String> {
    let odd = e
        .from_domain
        .rsplit_once('.')
        .is_some_and(|(_, top)| ODD_TOP_LEVEL.contains(&top));
    when(odd, e.from_domain)
}

/// Many changes between letters and digits, or a long run of consonants.
pub(super) fn from_local_random(e: &Evidence<'_>) -> Option<String> {
    let from = e.header.facts.from.first()?;
    let local = from.rsplit_once('@').map_or("", |(local, _)| local);
    if local.contains(['+', '=']) {
        return None;
    }
    let octets = local.as_bytes();
    let changes = octets
        .windows(2)
        .filter(|pair| {
            pair.iter().all(u8::is_ascii_alphanumeric) && pair[0].is_ascii_digit() != pair[1].is_ascii_digit()
        })
        .count();
    let (mut run, mut longest) = (0, 0);
    for octet in octets {
        let consonant = octet.is_ascii_lowercase() && !b"aeiouy".contains(octet);
        run = if consonant { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    when(changes >= 4 || longest >= 7, from)
}

pub(super) fn from_is_recipient(e: &Evidence<'_>) -> Option<String> {
    let from = e.header.facts.from.first()?;
    let recipient = e
        .view
        .envelope
        .recipients
        .iter()
        .find(|one| one.folded() == *from)?;
    (!e.is_list()).then(|| recipient.to_string())
}

pub(super) fn reply_to_freemail(e: &Evidence<'_>) -> Option<String> {
    foreign_reply_to(e).filter(|reply| FREEMAIL.contains(&domain(reply)))
}

pub(super) fn reply_to_differs(e: &Evidence<'_>) -> Option<String> {
    foreign_reply_to(e)
}

fn foreign_reply_to(e: &Evidence<'_>) -> Option<String> {
    let foreign = |reply: &&String| owner_part(domain(reply)) != owner_part(e.from_domain);
    let reply = e.header.facts.reply_to.iter().find(foreign)?;
    (!e.is_list() && !e.from_domain.is_empty()).then(|| reply.clone())
}

pub(super) fn subject_empty(e: &Evidence<'_>) -> Option<String> {
    when(e.subject.trim().is_empty(), "no subject")
}

pub(super) fn subject_all_caps(e: &Evidence<'_>) -> Option<String> {
    let subject = &e.header.facts.subject;
    let text = subject.trim_start_matches(['R', 'r', 'E', 'e', 'F', 'f', 'W', 'w', 'd', 'D', ':', ' ']);
    let upper = text.chars().filter(|c| c.is_uppercase()).count();
    let lower = text.chars().any(char::is_lowercase);
    when(upper >= 8 && !lower && text.contains(' '), subject)
}

pub(super) fn subject_exclaims(e: &Evidence<'_>) -> Option<String> {
    let count = e
        .header
        .facts
        .subject
        .chars()
        .filter(|c| matches!(c, '!' | '\u{a1}'))
        .count();
    when(count >= 2, &e.header.facts.subject)
}

pub(super) fn subject_money(e: &Evidence<'_>) -> Option<String> {
    let subject = e.subject.as_bytes();
    let near_digit = |at: usize| {
        let before = subject[..at]
            .trim_ascii_end()
            .last()
            .is_some_and(u8::is_ascii_digit);
        let after = subject[at..]
            .iter()
            .find(|c| c.is_ascii() && **c != b' ')
            .is_some_and(u8::is_ascii_digit);
        (before, after)
    };
    let sum = e
        .subject
        .char_indices()
        .filter(|(_, c)| matches!(c, '$' | '€' | '£'))
        .any(|(at, c)| {
            let (before, _) = near_digit(at);
            let (_, after) = near_digit(at + c.len_utf8());
            before || after
        });
    let off =
        e.subject.contains("% off") || e.subject.contains("% rabatt") || e.subject.contains("% de desconto");
    let words = [" million ", " usd", " euro "]
        .iter()
        .any(|word| e.subject.contains(word));
    let digits = subject.iter().any(u8::is_ascii_digit);
    when(sum || off || (words && digits), &e.header.facts.subject)
}

pub(super) fn subject_odd(e: &Evidence<'_>) -> Option<String> {
    let folding = e.subject_folding;
    let invisible = e
        .header
        .facts
        .subject
        .chars()
        .any(|c| is_invisible(c) && c != '\u{200d}' && c != '\u{feff}');
    when(
        invisible || folding.styled > 0 || folding.mixed_words > 0,
        &e.header.facts.subject,
    )
}

pub(super) fn subject_pictures(e: &Evidence<'_>) -> Option<String> {
    when(
        e.header.facts.subject.chars().any(is_picture),
        &e.header.facts.subject,
    )
}

fn is_picture(c: char) -> bool {
    matches!(c, '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b50}')
}

pub(super) fn subject_names_recipient(e: &Evidence<'_>) -> Option<String> {
    let recipient = e.view.envelope.recipients.first()?.folded();
    let local = recipient.split('@').next().unwrap_or_default();
    let named = e
        .subject
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '!' | '?' | '(' | ')' | '-'));
    let named = named
        .filter(|word| word.len() > 3)
        .any(|word| word == local || word == recipient);
    when(named && !e.is_reply(), local)
}

/// A last word of many digits or of letters and digits mixed, after at least two others.
pub(super) fn subject_code(e: &Evidence<'_>) -> Option<String> {
    let mut words = e.subject.split_whitespace().rev();
    let last = words.next()?.trim_matches(|c: char| !c.is_alphanumeric());
    let digits = last.bytes().filter(u8::is_ascii_digit).count();
    let code = digits >= 5 && last.len() >= 8 && last.bytes().all(|c| c.is_ascii_alphanumeric());
    when(code && words.count() >= 2 && !e.is_reply(), last)
}

pub(super) fn fake_reply(e: &Evidence<'_>) -> Option<String> {
    let reply = ["re:", "aw:", "sv:", "antw:"]
        .iter()
        .any(|start| e.subject.trim_start().starts_with(start));
    when(reply && !e.is_reply(), &e.header.facts.subject)
}

pub(super) fn undisclosed_recipients(e: &Evidence<'_>) -> Option<String> {
    let to = e.header.first("to").unwrap_or_default();
    when(
        !to.contains(&b'@') && !e.header.has("cc"),
        &String::from_utf8_lossy(&to[..to.len().min(80)]),
    )
}

/// RFC 5322 §2.2 has ASCII only; RFC 6532 lifts that for mail sent with SMTPUTF8, which is not offered here.
pub(super) fn raw_8bit(e: &Evidence<'_>) -> Option<String> {
    let raw = |name: &&&str| e.header.first(name).is_some_and(|value| !value.is_ascii());
    ["subject", "from"]
        .iter()
        .find(raw)
        .map(|name| (*name).to_owned())
}

pub(super) fn bulk_mailer(e: &Evidence<'_>) -> Option<String> {
    let mailer = e
        .header
        .first("x-mailer")
        .or_else(|| e.header.first("user-agent"))?;
    let mailer = String::from_utf8_lossy(&mailer[..mailer.len().min(120)]).to_lowercase();
    BULK_MAILERS
        .iter()
        .find(|name| mailer.contains(**name))
        .map(|name| (*name).to_owned())
}

pub(super) fn ambiguous(e: &Evidence<'_>) -> Option<String> {
    when(e.duplicates, "a field twice")
}

/// References alone are easily forged; that the text quotes as well is rarer in spam.
pub(super) fn reply_in_thread(e: &Evidence<'_>) -> Option<String> {
    let quotes = e.texts.folded.contains(" wrote: ")
        || e.texts.folded.contains(" > ")
        || e.texts.folded.starts_with("> ");
    when(e.is_reply() && quotes, "names and quotes")
}

pub(super) fn list_in_thread(e: &Evidence<'_>) -> Option<String> {
    when(e.is_list() && e.is_reply(), "list and thread")
}
