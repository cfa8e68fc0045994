//! Rules over file names.

use super::evidence::Evidence;
use super::lists::{DOCUMENT_EXTENSIONS, EXECUTABLE_EXTENSIONS};

pub(super) fn executable(e: &Evidence<'_>) -> Option<String> {
    names(e).find(|name| extension(name).is_some_and(|last| EXECUTABLE_EXTENSIONS.contains(&last.as_str())))
}

pub(super) fn double_extension(e: &Evidence<'_>) -> Option<String> {
    names(e).find(|name| {
        let Some((stem, last)) = name.rsplit_once('.') else {
            return false;
        };
        let last = last.trim().to_ascii_lowercase();
        let before = extension(stem.trim_end());
        let risky =
            EXECUTABLE_EXTENSIONS.contains(&last.as_str()) || matches!(last.as_str(), "html" | "htm" | "zip");
        risky && before.is_some_and(|before| DOCUMENT_EXTENSIONS.contains(&before.as_str()))
    })
}

pub(super) fn html(e: &Evidence<'_>) -> Option<String> {
    names(e).find(|name| {
        extension(name)
            .is_some_and(|last| matches!(last.as_str(), "html" | "htm" | "shtml" | "xhtml" | "svg"))
    })
}

fn names<'a>(e: &'a Evidence<'_>) -> impl Iterator<Item = String> + 'a {
    e.mime
        .attachments
        .iter()
        .map(|one| one.name.clone())
        .filter(|name| !name.is_empty())
}

/// What follows the last dot, in lower case. Windows drops blanks and dots at the end of a name, so they do not count.
fn extension(name: &str) -> Option<String> {
    let name = name.trim_end_matches(['.', ' ']);
    name.rsplit_once('.').map(|(_, last)| last.to_ascii_lowercase())
}
