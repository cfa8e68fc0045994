use super::*;
use postern_vocab::DnsListAnswer;

fn group(name: &str, policy: &str, hosts: &[&str]) -> SenderGroup {
    SenderGroup {
        name: name.to_owned(),
        hosts: hosts.iter().map(|line| line.parse().expect(line)).collect(),
        policy: policy.to_owned(),
        listeners: Vec::new(),
    }
}

fn table() -> Hat {
    let inside = SenderGroup {
        listeners: vec!["inside".to_owned(), "submission".to_owned()],
        ..group("INSIDE", "RELAY", &["10.0.0.0/8", "192.0.2.250"])
    };
    let groups = vec![
        inside,
        group(
            "GOOD",
            "TRUSTED",
            &[
                "192.0.2.7",
                ".partner.example",
                "mail.example.org",
                "2001:db8::/64",
            ],
        ),
        group("LOOKED_AT", "CONTINUE", &["192.0.2.0/24"]),
        group(
            "LISTED",
            "BLOCKED",
            &[
                "dnslist[bl.example]",
                "dnslist[other.example=127.0.0.4]",
                "country[XX]",
            ],
        ),
        group("BAD", "BLOCKED", &["sbrs[-10.0:-3.0]", "198.51.100.10-20"]),
        group("UNKNOWN", "THROTTLED", &["sbrs[none]", "sbrs[-3.0:-1.0]"]),
    ];
    let last_lines = [("closed".to_owned(), "BLOCKED".to_owned())];
    Hat::new(groups, FlowPolicy::shipped()).with_last_lines(last_lines.into())
}

/// Address, then what is known: `=name` forward-confirmed, `~name` not, `score`, `zone:answer`, `zone?` without one,
/// `cc XX`, `on listener` | group, line and policy | reason.
const CLIENTS: &str = "
192.0.2.7                         | GOOD 192.0.2.7 TRUSTED | by address, whatever else is known
192.0.2.7 -9.0 bl.example:2       | GOOD 192.0.2.7 TRUSTED | the first line wins, the later ones are not asked
::ffff:192.0.2.7                  | GOOD 192.0.2.7 TRUSTED | IPv4 in IPv6's clothes
2001:db8::99                      | GOOD 2001:db8::/64 TRUSTED | IPv6
203.0.113.1 =Mx.Partner.example.  | GOOD .partner.example TRUSTED | by a forward-confirmed name
203.0.113.1 ~mx.partner.example   | UNKNOWN sbrs[none] THROTTLED | a name that is not confirmed is a claim
203.0.113.1 =partner.example      | UNKNOWN sbrs[none] THROTTLED | .partner.example is not partner.example
203.0.113.1 =badpartner.example   | UNKNOWN sbrs[none] THROTTLED | a longer name is another
203.0.113.1 =mail.example.org     | GOOD mail.example.org TRUSTED | one host
203.0.113.1 =x.mail.example.org   | UNKNOWN sbrs[none] THROTTLED | not those below it
192.0.2.8 -3.0                    | BAD sbrs[-10.0:-3.0] BLOCKED | continue goes on down the table; ends are included
192.0.2.8 5.0                     | - ALL ACCEPTED | to its very end
203.0.113.1 -2.9                  | UNKNOWN sbrs[-3.0:-1.0] THROTTLED | a score between
203.0.113.1 0.0                   | - ALL ACCEPTED | a score of zero is a score
203.0.113.1 5.0 bl.example:2      | LISTED dnslist[bl.example] BLOCKED | on a DNS list
203.0.113.1 5.0 bl.example?       | - ALL ACCEPTED | a list without an answer lists nobody
203.0.113.1 5.0 other.example:2   | - ALL ACCEPTED | on it, with another answer
203.0.113.1 5.0 other.example:4   | LISTED dnslist[other.example=127.0.0.4] BLOCKED | with that answer
203.0.113.1 5.0 cc xx             | LISTED country[XX] BLOCKED | a country
198.51.100.15 5.0                 | BAD 198.51.100.10-20 BLOCKED | a range
198.51.100.21 5.0                 | - ALL ACCEPTED | behind it
10.1.2.3 5.0                      | - ALL ACCEPTED | the group is for other listeners
10.1.2.3 5.0 on inside            | INSIDE 10.0.0.0/8 RELAY | and for this one
192.0.2.250 on submission         | INSIDE 192.0.2.250 RELAY | and for that one
203.0.113.1 5.0 on closed         | - ALL BLOCKED | a listener with a last line of its own
203.0.113.1 on closed             | UNKNOWN sbrs[none] THROTTLED | which is the last one only
";

#[derive(Default)]
struct Known {
    listener: String,
    reverse: ReverseName,
    reputation: Option<Reputation>,
    dns_lists: Vec<DnsListing>,
    country: Option<String>,
}

fn known(words: &[&str]) -> Known {
    let mut known = Known::default();
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        let listing = |zone: &str, answer| DnsListing {
            zone: zone.to_owned(),
            answer,
        };
        let mut next = || words.next().map(|&word| word.to_owned());
        if word == "on" {
            known.listener = next().expect("a listener");
        } else if word == "cc" {
            known.country = next();
        } else if let Some(name) = word.strip_prefix('=') {
            known.reverse = ReverseName::Verified(name.to_owned());
        } else if let Some(name) = word.strip_prefix('~') {
            known.reverse = ReverseName::Unverified(name.to_owned());
        } else if let Some(zone) = word.strip_suffix('?') {
            known
                .dns_lists
                .push(listing(zone, DnsListAnswer::Unavailable("timeout".into())));
        } else if let Some((zone, code)) = word.split_once(':') {
            let code = format!("127.0.0.{code}").parse().expect("valid");
            known
                .dns_lists
                .push(listing(zone, DnsListAnswer::Listed(vec![code])));
        } else {
            known.reputation = crate::hosts::tenths(word).map(Reputation);
        }
    }
    known
}

#[test]
fn the_first_line_that_matches_wins() {
    let table = table();
    for row in CLIENTS.trim().lines() {
        let columns: Vec<&str> = row.split(" | ").map(str::trim).collect();
        let words: Vec<&str> = columns[0].split(' ').collect();
        let known = known(&words[1..]);
        let found = table.classify(&Client {
            address: words[0].parse().expect("an address"),
            listener: &known.listener,
            reverse: &known.reverse,
            reputation: known.reputation,
            dns_lists: &known.dns_lists,
            country: known.country.as_deref(),
        });
        let group = if found.sender_group.is_empty() {
            "-"
        } else {
            &found.sender_group
        };
        assert_eq!(
            format!("{group} {} {}", found.matched, found.flow_policy),
            columns[1],
            "{row}"
        );
        let policy = table.policy_of(&found);
        assert_eq!(
            (policy.name.as_str(), policy.access),
            (found.flow_policy.as_str(), found.access),
            "{row}"
        );
        assert_eq!(
            found.reputation, known.reputation,
            "what was known is kept: {row}"
        );
        assert_eq!(found.dns_lists, known.dns_lists, "{row}");
    }
}

fn stranger(table: &Hat) -> Classification {
    table.classify(&Client {
        address: "203.0.113.1".parse().expect("valid"),
        listener: "inbound",
        reverse: &ReverseName::None,
        reputation: None,
        dns_lists: &[],
        country: None,
    })
}

#[test]
fn an_empty_table_accepts() {
    let found = stranger(&Hat::default());
    assert_eq!((found.sender_group.as_str(), found.matched.as_str()), ("", "ALL"));
    assert_eq!(
        (found.flow_policy.as_str(), found.access),
        ("ACCEPTED", Access::Accept)
    );
    assert_eq!(
        stranger(&Hat::new(Vec::new(), Vec::new())),
        found,
        "ACCEPTED is always there"
    );
}

#[test]
fn a_policy_that_a_reload_took_away_is_accepted() {
    let gone = Classification {
        flow_policy: "GONE".to_owned(),
        ..Classification::default()
    };
    assert_eq!(Hat::default().policy_of(&gone).name, "ACCEPTED");
}

#[test]
fn zones_are_asked_once_each() {
    let lines = [
        "dnslist[b.example]",
        "all",
        "dnslist[a.example]",
        "dnslist[B.example=127.0.0.2]",
    ];
    let table = Hat::new(vec![group("G", "BLOCKED", &lines)], FlowPolicy::shipped());
    assert_eq!(table.zones().collect::<Vec<_>>(), ["a.example", "b.example"]);
}

#[test]
fn the_last_of_a_hundred_thousand_lines_is_found_like_the_first() {
    let lines: Vec<String> = (0..100_000_u32)
        .map(|at| format!("10.{}.{}.{}", at >> 16, (at >> 8) & 255, at & 255))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let table = Hat::new(vec![group("MANY", "BLOCKED", &lines)], FlowPolicy::shipped());
    let reverse = ReverseName::NotAsked;
    // A walk over all lines would take minutes here in a debug build.
    for line in lines.iter().rev().step_by(3) {
        let found = table.classify(&Client {
            address: line.parse().expect("valid"),
            listener: "inbound",
            reverse: &reverse,
            reputation: None,
            dns_lists: &[],
            country: None,
        });
        assert_eq!(found.matched, *line);
    }
}
