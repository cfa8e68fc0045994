use super::*;

fn listed(addresses: &[&str]) -> Recipients {
    Recipients::Listed(addresses.iter().map(|&one| one.to_owned()).collect())
}

/// The domains of all tests: one open, one listed, all below one, one that the directory knows, one that the next hop
/// knows, one without sub-addresses and one with another separator.
fn domains() -> Rat {
    let asked = |recipients, check| LocalDomain {
        check,
        ..LocalDomain::from(recipients)
    };
    let separated = |separator: &str| LocalDomain {
        sub_address: separator.to_owned(),
        ..listed(&["alice@plain.example", "alice@dash.example", "a--b@dash.example"]).into()
    };
    let hop = || Check::CallAhead("192.0.2.1".parse().expect("valid"), WhenDown::Accept);
    Rat::new(
        [
            ("open.example", Recipients::All.into()),
            (
                "listed.example",
                listed(&["alice@listed.example", "bob@listed.example"]).into(),
            ),
            (".below.example", Recipients::All.into()),
            (
                "closed.below.example",
                listed(&["alice@closed.below.example"]).into(),
            ),
            (
                "directory.example",
                asked(listed(&["alice@directory.example"]), Check::Directory),
            ),
            ("ahead.example", asked(Recipients::All, hop())),
            ("plain.example", separated("")),
            ("dash.example", separated("--")),
        ]
        .map(|(name, domain)| (name.parse().expect("valid"), domain)),
    )
}

/// The answer in a few words: `taken`, `ask directory about bob@..`, `550 5.1.1`; `relay` for an attempt to relay.
fn answer(table: &Rat, recipient: &str) -> String {
    let rates = |local: &LocalRecipient| if local.bypass_rates { " past the rates" } else { "" };
    match table.check(&recipient.parse().expect("a valid address")) {
        RatAnswer::Local(local) => {
            let asked = local
                .asked
                .as_ref()
                .map_or(String::new(), |one| format!(" about {one}"));
            match &local.check {
                Check::None => format!("taken{}", rates(&local)),
                Check::Directory => format!("ask directory{asked}{}", rates(&local)),
                Check::CallAhead(hop, _) => format!("ask {hop}{asked}{}", rates(&local)),
            }
        }
        RatAnswer::Refuse {
            reply,
            rule,
            incident,
        } => {
            match incident {
                Some(kind) => {
                    assert_eq!(
                        (kind, rule),
                        (IncidentKind::RelayAttempt, "relaying denied"),
                        "{recipient}"
                    );
                    assert_eq!(reply, refusals::RELAYING_DENIED.reply, "{recipient}");
                    return "relay".to_owned();
                }
                None => assert_eq!(rule, "recipient table", "{recipient}"),
            }
            format!("{} {}", reply.code, reply.enhanced)
        }
    }
}

fn assert_answers(table: &Rat, rows: &str) {
    for row in rows.trim().lines() {
        let columns: Vec<&str> = row.split(" | ").map(str::trim).collect();
        assert_eq!(answer(table, columns[0]), columns[1], "{row}");
    }
}

/// Recipient, answer, reason.
const DOMAINS: &str = r#"
anyone@open.example                          | taken     | a domain without a list takes all
ANYONE@OPEN.example                          | taken     | domains fold
alice@listed.example                         | taken     | listed
Alice@listed.example                         | taken     | local parts fold for the comparison
"alice"@listed.example                       | taken     | quotes that are not needed do not matter
carol@listed.example                         | 550 5.1.1 | not listed
alice+news@listed.example                    | taken     | a sub-address of one that is
Alice+a+b@listed.example                     | taken     | the first separator counts
"alice+news"@listed.example                  | taken     | quoted, too
carol+alice@listed.example                   | 550 5.1.1 | a sub-address of one that is not
+news@listed.example                         | 550 5.1.1 | a sub-address of nobody
alice+news@plain.example                     | 550 5.1.1 | where there are none, it is another address
alice--x@dash.example                        | taken     | another separator
alice-x@dash.example                         | 550 5.1.1 | not half of it
a--b@dash.example                            | taken     | a whole address stands for itself
postmaster@listed.example                    | taken     | always there
Abuse@listed.example                         | taken     | always there, whatever the case
"PostMaster"@listed.example                  | taken     | always there, quoted too
postmaster+x@listed.example                  | taken     | and its sub-addresses
postmaster@elsewhere.example                 | relay     | but only in our domains
anyone@x.below.example                       | taken     | below .below.example
anyone@y.x.below.example                     | taken     | farther below
anyone@below.example                         | relay     | .below.example is not below.example
alice@closed.below.example                   | taken     | the closest table says who
carol@closed.below.example                   | 550 5.1.1 | and who not
carol@x.closed.below.example                 | taken     | closed.below.example is not .closed.below.example
alice@directory.example                      | taken     | the table knows: nobody is asked
bob@directory.example                        | ask directory | the table does not
bob+x@directory.example                      | ask directory about bob@directory.example | without the sub-address
abuse@directory.example                      | taken     | always there: nobody is asked
bob@ahead.example                            | ask 192.0.2.1:25 | no table, the next hop knows
Bob+x@ahead.example                          | ask 192.0.2.1:25 about Bob@ahead.example | as it is written
anyone@elsewhere.example                     | relay     | foreign
anyone@sub.open.example                      | relay     | a subdomain is another domain
anyone@badopen.example                       | relay     | a longer name is another domain
anyone@[192.0.2.1]                           | relay     | an address literal is foreign
user%elsewhere.example@open.example          | relay     | percent hack
elsewhere.example!user@open.example          | relay     | bang path
"user@elsewhere.example"@open.example        | relay     | quoted at sign
"user%elsewhere.example"@open.example        | relay     | quoted percent hack
"u\@elsewhere.example"@open.example          | relay     | escaped at sign
alice+user%elsewhere.example@listed.example  | relay     | in a sub-address
postmaster%elsewhere.example@listed.example  | relay     | not even for postmaster
"#;

#[test]
fn only_our_own_recipients_are_taken() {
    assert_answers(&domains(), DOMAINS);
}

/// Pattern, what is done; `T` is past the rates, `C` past the check.
const ROWS: [(&str, &str); 13] = [
    ("vip@listed.example", "accept C"),
    ("bob@listed.example", "reject 550 5.2.1 Bob has left"),
    ("bulk@listed.example", "accept T"),
    ("alice@", "accept T"),
    ("spamtrap@", "reject 450 4.7.1 Not now"),
    ("postmaster@directory.example", "reject 550 5.7.1 Use the form"),
    ("directory.example", "accept C"),
    (".partner.example", "accept"),
    ("partner.example", "accept T"),
    ("ops@[192.0.2.1]", "accept"),
    ("[192.0.2.2]", "accept"),
    ("late.partner.example", "reject 550 5.1.2 Never asked"),
    ("x.below.example", "reject 550 5.1.2 Closed down"),
];

const WITH_ROWS: &str = r#"
vip@listed.example                   | taken                    | past the check, though it is not listed
vip+x@listed.example                 | taken                    | and by a sub-address
bob@listed.example                   | 550 5.2.1                | its own words, though it is listed
"Bob"@listed.example                 | 550 5.2.1                | however it is written
bob+work@listed.example              | 550 5.2.1                | no way around by a tag
bulk@listed.example                  | 550 5.1.1                | accepted, but the list does not know it
carol@listed.example                 | 550 5.1.1                | no row: the domain says
alice@listed.example                 | taken past the rates     | user@ in a domain of ours
alice@x.partner.example              | taken past the rates     | and in one that a row makes ours
alice@ahead.example                  | ask 192.0.2.1:25 past the rates | the domain still checks
alice@elsewhere.example              | relay                    | user@ makes no relay of us
alice%elsewhere.example@listed.example | relay                  | with routing characters, never
"alice@elsewhere.example"@partner.example | relay               | quoted at sign in a row's domain
spamtrap@listed.example              | 450 4.7.1                | rejected in every domain
spamtrap@elsewhere.example           | 450 4.7.1                | in foreign ones, too
postmaster@directory.example         | 550 5.7.1                | a row is stronger than the custom
bob@directory.example                | taken                    | past the check
anyone@sub.partner.example           | taken                    | a row without a [[domain]]
anyone@partner.example               | taken past the rates     | the row for the domain itself
anyone@late.partner.example          | taken                    | the first row that fits wins
ops@[192.0.2.1]                      | taken                    | an address literal by name
other@[192.0.2.1]                    | relay                    | and only that mailbox
anyone@[192.0.2.2]                   | taken                    | all of an address literal
anyone@x.below.example               | 550 5.1.2                | before the [[domain]] table
anyone@z.below.example               | taken                    | the others below are untouched
"#;

#[test]
fn rows_come_before_domains_and_the_first_that_fits_wins() {
    let rows = ROWS.map(|(pattern, written)| {
        let (word, rest) = written.split_once(' ').unwrap_or((written, ""));
        let row = RecipientRow {
            action: match word {
                "accept" => RecipientAction::Accept,
                _ => RecipientAction::Reject(
                    crate::replies::parse(rest, &refusals::NO_SUCH_RECIPIENT.reply).expect("valid"),
                ),
            },
            bypass_rates: rest == "T",
            bypass_check: rest == "C",
        };
        (pattern.parse().expect("valid"), row)
    });
    assert_answers(&domains().with_rows(rows), WITH_ROWS);
}

#[test]
fn a_domain_is_ours_when_it_has_a_table() {
    let table = domains();
    let rows = [
        ("open.example", true),
        ("x.below.example", true),
        ("below.example", false),
        ("elsewhere.example", false),
        ("[192.0.2.1]", false),
    ];
    for (domain, expected) in rows {
        assert_eq!(
            table.is_local(&domain.parse().expect("valid")),
            expected,
            "{domain}"
        );
    }
}

#[test]
fn an_empty_table_takes_nothing() {
    assert_eq!(answer(&Rat::default(), "postmaster@open.example"), "relay");
}
