//! What the findings come to: a score, and one word. Made anew from the facts each time, so that last week's mail can be
//! judged under other thresholds.

use crate::policy::AntiSpam;
use postern_vocab::{Finding, MimeFacts, Verdict};

/// The engine whose findings add up to the spam score.
pub const ANTISPAM: &str = "antispam";
/// The engine of which any finding is a virus.
pub const ANTIVIRUS: &str = "antivirus";

/// The oddity of a message that is a piece of another. RFC 2046 §5.2.2.
pub(crate) const FRAGMENT: &str = "mime.partial";

/// Oddities, beside every `limit.*`, that mean that the scanners did not see all there is.
const NOT_SEEN_THROUGH: [&str; 4] = [
    "mime.panic",
    "mime.unparsable",
    FRAGMENT,
    // Its content lies on another machine. RFC 2046 §5.2.3.
    "mime.external-body",
];

/// What the findings of one message come to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Judgement {
    /// The spam score, from 0 to 100.
    pub score: u8,
    /// One word, the worst that applies.
    pub verdict: Verdict,
    /// The names of the viruses.
    pub viruses: Vec<String>,
    /// The oddities for which it counts as not scanned.
    pub unscannable: Vec<String>,
}

/// Judges by an engine's findings and the oddities of the message's structure.
#[must_use]
pub fn judge(findings: &[Finding], mime: &MimeFacts, antispam: &AntiSpam) -> Judgement {
    let of_engine = |engine| findings.iter().filter(move |finding| finding.engine == engine);
    let points: i64 = of_engine(ANTISPAM).map(|finding| i64::from(finding.points)).sum();
    let score = u8::try_from(points.clamp(0, 100)).unwrap_or(100);
    let viruses: Vec<String> = of_engine(ANTIVIRUS).map(|finding| finding.rule.clone()).collect();
    let unscannable: Vec<String> = mime
        .oddities
        .iter()
        .filter(|oddity| hides_something(oddity))
        .cloned()
        .collect();
    let verdict = match () {
        () if !viruses.is_empty() => Verdict::Virus,
        () if !unscannable.is_empty() => Verdict::Unscannable,
        () if score >= antispam.positive => Verdict::Spam,
        () if score >= antispam.suspect => Verdict::Suspect,
        () => Verdict::Clean,
    };
    Judgement {
        score,
        verdict,
        viruses,
        unscannable,
    }
}

/// Whether the scanners could not see all there is. What cannot be looked into is never taken for clean.
fn hides_something(oddity: &str) -> bool {
    let word = oddity.split('=').next().unwrap_or_default();
    word.starts_with("limit.") || NOT_SEEN_THROUGH.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings as ENGINE:POINTS, an oddity, score, verdict, reason.
    const JUDGEMENTS: &str = "
                                         |                       |   0 | clean       | nothing found
antispam:20 antispam:29                  |                       |  49 | clean       | just below suspect
antispam:20 antispam:30                  |                       |  50 | suspect     | at the suspect threshold
antispam:89                              |                       |  89 | suspect     | just below positive
antispam:90                              |                       |  90 | spam        | at the positive threshold
antispam:80 antispam:80                  |                       | 100 | spam        | never above 100
antispam:-80 antispam:20                 |                       |   0 | clean       | never below 0
antispam:2147483647 antispam:2147483647  |                       | 100 | spam        | the sum does not overflow
antispam:110 antispam:-30                |                       |  80 | suspect     | clamped after adding, not before
mime:99                                  |                       |   0 | clean       | only the spam engine scores
antispam:95                              | limit.parts=1001      |  95 | unscannable | worse than spam
                                         | mime.panic            |   0 | unscannable | the parser gave up
                                         | mime.unparsable=x     |   0 | unscannable | the parser gave up
                                         | mime.partial          |   0 | unscannable | a piece of a message
                                         | mime.external-body    |   0 | unscannable | the content is elsewhere
                                         | mime.panicky          |   0 | clean       | another word
                                         | header.duplicate=from |   0 | clean       | odd, and seen through
antispam:95 antivirus:0                  | limit.depth           |  95 | virus       | the worst word wins
";

    fn finding(written: &str) -> Finding {
        let (engine, points) = written.split_once(':').expect("ENGINE:POINTS");
        let points = points.parse().expect("a number");
        Finding {
            engine: engine.into(),
            rule: "RULE".into(),
            points,
            detail: String::new(),
        }
    }

    #[test]
    fn findings_and_oddities_come_to_a_score_and_a_word() {
        for row in JUDGEMENTS.lines().skip(1) {
            let columns: Vec<&str> = row.split('|').map(str::trim).collect();
            let findings: Vec<Finding> = columns[0].split_whitespace().map(finding).collect();
            let oddities = columns[1].split_whitespace().map(str::to_owned).collect();
            let mime = MimeFacts {
                oddities,
                ..MimeFacts::default()
            };
            let judgement = judge(&findings, &mime, &AntiSpam::default());
            let got = (judgement.score.to_string(), judgement.verdict.as_str());
            assert_eq!(got, (columns[2].to_owned(), columns[3]), "{row}");
        }
    }
}
