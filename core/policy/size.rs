//! Sizes as people write them: `50 MiB`, `50MB`, or a number of octets.

/// Every unit and its octets; decimal ones are powers of 1,000, binary ones (IEC 80000-13) of 1,024. The bare `M` of
/// other mail servers is left out: it means the one here and the other there.
const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("bytes", 1),
];

/// The octets a text stands for, or why it stands for none.
pub fn parse(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let Some((_, octets)) = UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name)) else {
        return Err(format!(
            "\"{unit}\" is not a unit of size: there are B, KB, MB, GB, KiB, MiB and GiB"
        ));
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("\"{text}\" does not begin with a whole number"))?;
    number
        .checked_mul(*octets)
        .ok_or_else(|| format!("\"{text}\" is too large"))
}

/// The leading digits and the unit behind them.
pub(crate) fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (&text[..digits], text[digits..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_in_decimal_and_binary_units() {
        let rows = [
            ("1234", Some(1_234), "octets"),
            ("50MB", Some(50_000_000), "decimal"),
            ("50 MiB", Some(52_428_800), "binary"),
            (" 2 gib ", Some(2 << 30), "case and space do not matter"),
            ("1 KB", Some(1_000), "decimal"),
            ("1KiB", Some(1_024), "binary"),
            ("7 bytes", Some(7), "spelled out"),
            ("50M", None, "not told whether decimal or binary"),
            ("1.5 MB", None, "whole numbers only"),
            ("-1", None, "not negative"),
            ("MB", None, "no number"),
            ("", None, "nothing"),
            ("99999999999999999999", None, "too large for the number"),
            ("99999999999 GB", None, "too large for the product"),
        ];
        for (text, expected, reason) in rows {
            assert_eq!(parse(text).ok(), expected, "{text}: {reason}");
        }
    }
}
