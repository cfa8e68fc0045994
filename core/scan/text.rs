//! The text of a message, made comparable: lower case, marks off the letters, blanks single, invisible characters out.
//!
//! It may not know any phrase.

use crate::content::Content;
use crate::html;
use crate::links::{self, Link};
use crate::oddities::Oddities;
use crate::parser;
use crate::part::Encoding;
use postern_vocab::limits;

/// What the texts of a message's parts come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    /// All text that a reader sees, folded by [`fold`].
    pub(crate) folded: String,
    /// Letters and digits seen in plain parts.
    pub(crate) plain_chars: usize,
    /// Letters and digits seen in HTML parts.
    pub(crate) html_chars: usize,
    pub(crate) hidden_chars: usize,
    pub(crate) plain_parts: usize,
    pub(crate) html_parts: usize,
    pub(crate) images: usize,
    pub(crate) forms: usize,
    pub(crate) links: Vec<Link>,
    /// Plain text of ASCII that was base64-encoded without need.
    pub(crate) needless_base64: bool,
    pub(crate) folding: Folding,
}

/// What folding met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Folding {
    /// Invisible characters between two letters.
    pub(crate) invisible: usize,
    /// Letters of styled alphabets made for formulas.
    pub(crate) styled: usize,
    /// Words that mix Latin with Cyrillic or Greek letters.
    pub(crate) mixed_words: usize,
}

impl Texts {
    /// Reads the text parts among `contents`.
    pub(crate) fn of(contents: &[Content<'_>], oddities: &mut Oddities) -> Self {
        let mut texts = Self::default();
        for content in contents.iter().filter(|content| content.header.is_text()) {
            texts.take(content, content.readable(), oddities);
        }
        texts
    }

    fn take(&mut self, content: &Content<'_>, octets: &[u8], oddities: &mut Oddities) {
        if octets.len() > limits::SCANNED_TEXT_BYTES_MAX {
            oddities.note("mime.text-cut");
        }
        let cut = &octets[..octets.len().min(limits::SCANNED_TEXT_BYTES_MAX)];
        let (text, known) = parser::text(cut, content.header.charset.as_deref(), oddities);
        if !known {
            oddities.note("mime.unknown-charset");
        }
        if content.header.kind == "text/html" {
            self.take_html(&text);
        } else {
            self.plain_parts += 1;
            self.plain_chars += letters(&text);
            self.add_links(links::in_text(&text));
            fold(&text, &mut self.folded, &mut self.folding);
            let base64 = content.header.encoding == Encoding::Base64;
            self.needless_base64 |=
                base64 && text.is_ascii() && content.header.name.is_none() && !text.is_empty();
        }
        self.folded.push('\n');
    }

    fn take_html(&mut self, source: &str) {
        let page = html::read(source);
        self.html_parts += 1;
        self.html_chars += letters(&page.text);
        self.hidden_chars += page.hidden_chars;
        self.images += page.images;
        self.forms += page.forms;
        self.add_links(page.links);
        self.add_links(links::in_text(&page.text));
        fold(&page.text, &mut self.folded, &mut self.folding);
    }

    fn add_links(&mut self, links: Vec<Link>) {
        let room = limits::LINKS_MAX.saturating_sub(self.links.len());
        self.links.extend(links.into_iter().take(room));
    }
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Adds `text` to `out`, folded.
pub(crate) fn fold(text: &str, out: &mut String, folding: &mut Folding) {
    out.reserve(text.len());
    let mut word = Word::default();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            word.latin |= c.is_ascii_alphabetic();
            word.letter(folding);
            out.push(c.to_ascii_lowercase());
        } else if c.is_ascii() {
            word.end(folding);
            let blank = c.is_ascii_whitespace() || c.is_ascii_control();
            match blank {
                true if !out.ends_with([' ', '\n']) => out.push(' '),
                true => {}
                false => out.push(c),
            }
        } else {
            fold_wide(c, out, &mut word, folding);
        }
    }
    word.end(folding);
}

/// What scripts the word being read is written in.
#[derive(Default)]
struct Word {
    letters: usize,
    latin: bool,
    lookalike: bool,
    /// Invisible characters seen after a letter, not yet followed by one.
    pending: usize,
}

impl Word {
    /// One more letter. Scripts that join their letters use invisible characters rightly; Latin words do not.
    fn letter(&mut self, folding: &mut Folding) {
        folding.invisible += if self.latin { self.pending } else { 0 };
        self.pending = 0;
        self.letters += 1;
    }

    fn end(&mut self, folding: &mut Folding) {
        folding.mixed_words += usize::from(self.latin && self.lookalike && self.letters > 3);
        *self = Self::default();
    }
}

fn fold_wide(c: char, out: &mut String, word: &mut Word, folding: &mut Folding) {
    if is_invisible(c) {
        word.pending += usize::from(word.letters > 0);
        return;
    }
    if let Some(base) = base_letter(c) {
        word.latin = true;
        folding.styled += usize::from(u32::from(c) >= 0x1d400);
        out.push_str(base);
    } else if c.is_alphanumeric() {
        word.lookalike |= matches!(c, '\u{370}'..='\u{52f}');
        out.extend(c.to_lowercase());
    } else {
        word.end(folding);
        match c.is_whitespace() {
            true if !out.ends_with([' ', '\n']) => out.push(' '),
            true => {}
            false => out.push(c),
        }
        return;
    }
    word.letter(folding);
}

/// Characters that take no room and have no business inside a Latin word.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// The plain Latin letters that a marked or styled one stands for.
fn base_letter(c: char) -> Option<&'static str> {
    const LATIN: &str = "abcdefghijklmnopqrstuvwxyz";
    let nth = |n: u32| LATIN.get(n as usize..n as usize + 1);
    match u32::from(c) {
        // Mathematical alphanumeric symbols: blocks of 26 capitals and 26 small letters.
        code @ 0x1d400..=0x1d6a3 => return nth((code - 0x1d400) % 26),
        // Full-width forms.
        code @ 0xff21..=0xff3a => return nth(code - 0xff21),
        code @ 0xff41..=0xff5a => return nth(code - 0xff41),
        _ => {}
    }
    let base = match c {
        'ß' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'à'..='å' | 'À'..='Å' | 'ā' | 'Ā' | 'ă' | 'Ă' | 'ą' | 'Ą' => "a",
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => "c",
        'ď' | 'Ď' | 'đ' | 'Đ' => "d",
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'Ē' | 'ė' | 'Ė' | 'ę' | 'Ę' | 'ě' | 'Ě' => "e",
        'ğ' | 'Ğ' => "g",
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'Ī' | 'į' | 'Į' | 'ı' | 'İ' => "i",
        'ł' | 'Ł' | 'ľ' | 'Ľ' => "l",
        'ñ' | 'Ñ' | 'ń' | 'Ń' | 'ň' | 'Ň' => "n",
        'ò'..='ö' | 'ø' | 'Ò'..='Ö' | 'Ø' | 'ō' | 'Ō' | 'ő' | 'Ő' => "o",
        'ř' | 'Ř' => "r",
        'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' => "s",
        'ť' | 'Ť' | 'ţ' | 'Ţ' => "t",
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'Ū' | 'ů' | 'Ů' | 'ű' | 'Ű' => "u",
        'ý' | 'ÿ' | 'Ý' => "y",
        'ź' | 'Ź' | 'ż' | 'Ż' | 'ž' | 'Ž' => "z",
        _ => return None,
    };
    Some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> (String, Folding) {
        let (mut out, mut folding) = (String::new(), Folding::default());
        fold(text, &mut out, &mut folding);
        (out, folding)
    }

    #[test]
    fn folds_to_what_is_read() {
        let rows = [
            ("Dear  Customer,\r\n\tHI", "dear customer, hi", (0, 0, 0)),
            (
                "Ver\u{200b}ify yo\u{ad}ur acc\u{200d}ount",
                "verify your account",
                (3, 0, 0),
            ),
            (
                "\u{200b}\u{200b} preheader \u{200c}\u{200c}",
                " preheader ",
                (0, 0, 0),
            ),
            ("Ação für Größe", "acao fur grosse", (0, 0, 0)),
            ("\u{1d400}\u{1d41b}\u{ff23}", "abc", (0, 2, 0)),
            ("P\u{430}yP\u{430}l pay", "p\u{430}yp\u{430}l pay", (0, 0, 1)),
            (
                "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} hello",
                "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} hello",
                (0, 0, 0),
            ),
        ];
        for (text, expected, (invisible, styled, mixed_words)) in rows {
            let (out, folding) = folded(text);
            assert_eq!(out, expected);
            assert_eq!(
                folding,
                Folding {
                    invisible,
                    styled,
                    mixed_words
                },
                "{text}"
            );
        }
    }
}
