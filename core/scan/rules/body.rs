//! Rules over the decoded text.

use super::evidence::Evidence;
use super::phrases::Group;
use memchr::memmem;

/// The test string of anti-spam engines, as published by SpamAssassin.
const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

pub(super) fn gtube(e: &Evidence<'_>) -> Option<String> {
    let finder = memmem::Finder::new(GTUBE);
    let whole = finder.find(&e.message[e.header.body..]).is_some();
    let found = whole
        || e.mime
            .contents
            .iter()
            .any(|content| finder.find(&content.octets).is_some());
    found.then(|| "the GTUBE test string".to_owned())
}

/// Whether at least `least` different phrases of the group are in subject or text.
pub(super) fn phrases(e: &Evidence<'_>, group: Group, least: usize) -> Option<String> {
    let found = e.hits.of(group);
    (found.len() >= least).then(|| found.join(", "))
}

pub(super) fn empty(e: &Evidence<'_>) -> Option<String> {
    let nothing = e.texts.plain_chars + e.texts.html_chars == 0 && e.texts.images == 0;
    (nothing && e.mime.attachments.is_empty()).then(|| "no letter and no file".to_owned())
}

pub(super) fn html_only(e: &Evidence<'_>) -> Option<String> {
    (e.texts.html_parts > 0 && e.texts.plain_chars == 0).then(|| format!("{} HTML parts", e.texts.html_parts))
}

pub(super) fn html_little_text(e: &Evidence<'_>) -> Option<String> {
    let little = e.texts.html_parts > 0 && e.texts.html_chars < 150 && e.texts.plain_chars < 400;
    let rich = e.texts.images > 0 || !e.texts.links.is_empty();
    (little && rich && !e.is_reply()).then(|| format!("{} letters", e.texts.html_chars))
}

pub(super) fn html_form(e: &Evidence<'_>) -> Option<String> {
    (e.texts.forms > 0).then(|| format!("{} forms", e.texts.forms))
}

pub(super) fn hidden_text(e: &Evidence<'_>) -> Option<String> {
    let hidden = e.texts.hidden_chars;
    (hidden > 400 && hidden * 2 > e.texts.html_chars).then(|| format!("{hidden} letters hidden"))
}

pub(super) fn base64_text(e: &Evidence<'_>) -> Option<String> {
    e.texts.needless_base64.then(|| "base64 for ASCII".to_owned())
}

pub(super) fn invisible_in_words(e: &Evidence<'_>) -> Option<String> {
    let count = e.texts.folding.invisible;
    (count >= 8).then(|| format!("{count} characters"))
}

pub(super) fn mixed_script_words(e: &Evidence<'_>) -> Option<String> {
    let count = e.texts.folding.mixed_words + e.texts.folding.styled / 8;
    (count >= 3).then(|| format!("{count} words"))
}

pub(super) fn patch(e: &Evidence<'_>) -> Option<String> {
    let text = e.texts.folded.as_bytes();
    let diff = memmem::find(text, b"diff --git ").is_some() || memmem::find(text, b" @@ -").is_some();
    (diff && e.subject.contains('[')).then(|| "a diff".to_owned())
}
