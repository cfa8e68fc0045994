use super::*;
use postern_vocab::{ReversePath, Timestamp};

const ALICE: &str = "alice@ours.example";

/// An entry as `safe PATTERN` or `block PATTERN`.
fn entry(owner: &ListOwner, written: &str) -> ListEntry {
    let (kind, pattern) = written.split_once(' ').expect("kind and pattern");
    ListEntry {
        owner: owner.clone(),
        kind: if kind == "safe" {
            ListKind::Safe
        } else {
            ListKind::Block
        },
        pattern: pattern.parse().expect("a valid pattern"),
        added_at: Timestamp(1),
        added_by: "operator".into(),
    }
}

fn alice() -> ListOwner {
    ListOwner::of(&ALICE.parse().expect("valid"))
}

fn lists(everyones: &[&str], own: &[&str]) -> Lists {
    let everyones = everyones
        .iter()
        .map(|written| entry(&ListOwner::Everyone, written));
    let own = own.iter().map(|written| entry(&alice(), written));
    Lists::from_entries(everyones.chain(own).collect::<Vec<_>>())
}

fn senders(envelope: &str, from: &[&str]) -> Senders {
    let envelope = match envelope {
        "" => ReversePath::Null,
        mailbox => ReversePath::Mailbox(mailbox.parse().expect("valid")),
    };
    Senders::new(
        &envelope,
        &from.iter().map(|&one| one.to_owned()).collect::<Vec<_>>(),
    )
}

/// What was found, as `safe alice@ours.example PATTERN: From ADDRESS`; `-` for nothing.
fn found(lists: &Lists, senders: &Senders) -> String {
    let recipient = "Alice@OURS.example".parse().expect("valid");
    lists.find(&recipient, senders).map_or_else(
        || "-".into(),
        |found| {
            let kind = if found.is_block() { "block" } else { "safe" };
            format!(
                "{kind} {} {}: {}",
                found.entry.owner,
                found.entry.pattern,
                found.saw()
            )
        },
    )
}

/// Entries, envelope sender, From addresses, what is found, reason.
const COMPETITIONS: &str = "
                                   | bob@x.example     |                         | -                                              | no entry
safe bob@x.example                 | BOB@X.example     |                         | safe bob@x.example: envelope sender bob@x.example | case folds
block x.example                    | bob@x.example     |                         | block x.example: envelope sender bob@x.example | a domain
block x.example                    | bob@a.x.example   |                         | -                                              | a domain is not its subdomains
block .x.example                   | bob@a.x.example   |                         | block .x.example: envelope sender bob@a.x.example | subdomains
block .x.example                   | bob@x.example     |                         | -                                              | subdomains are not the domain
block .x.example                   | bob@badx.example  |                         | -                                              | a longer name is not below
safe x.example, block bob@x.example | bob@x.example    |                         | block bob@x.example: envelope sender bob@x.example | address over domain
block x.example, safe bob@x.example | bob@x.example    |                         | safe bob@x.example: envelope sender bob@x.example | the other way round
safe a.x.example, block .x.example | bob@a.x.example   |                         | safe a.x.example: envelope sender bob@a.x.example | domain over parent
safe .a.x.example, block .x.example | bob@b.a.x.example |                        | safe .a.x.example: envelope sender bob@b.a.x.example | nearer parent over farther
safe x.example, block x.example    | bob@x.example     |                         | block x.example: envelope sender bob@x.example | tie: block
safe x.example                     | bounce@y.example  | bob@x.example           | safe x.example: From bob@x.example             | the From fits
safe x.example, block y.example    | bob@x.example     | eve@y.example           | block y.example: From eve@y.example            | tie between two addresses: block
safe bob@x.example, block y.example | eve@y.example    | bob@x.example           | safe bob@x.example: From bob@x.example         | closeness counts wherever it fits
block z.example                    |                   | a@x.example, b@z.example | block z.example: From b@z.example             | every From counts, the null sender does not
";

#[test]
fn the_closest_entry_of_one_owner_wins() {
    let listed = |column: &'static str| {
        column
            .split(", ")
            .filter(|one| !one.is_empty())
            .collect::<Vec<_>>()
    };
    for row in COMPETITIONS.lines().skip(1) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let (entries, senders) = (listed(columns[0]), senders(columns[1], &listed(columns[2])));
        let expected_of = |owner: &str| match columns[3].split_once(' ') {
            Some((kind, rest)) => format!("{kind} {owner} {rest}"),
            None => columns[3].to_owned(),
        };
        assert_eq!(
            found(&lists(&[], &entries), &senders),
            expected_of(ALICE),
            "{row}"
        );
        assert_eq!(
            found(&lists(&entries, &[]), &senders),
            expected_of("everyone"),
            "for everyone too: {row}"
        );
    }
}

#[test]
fn the_envelope_is_named_when_both_fit_alike() {
    let lists = lists(&[], &["safe x.example"]);
    let senders = senders("a@x.example", &["b@x.example"]);
    assert_eq!(
        found(&lists, &senders),
        "safe alice@ours.example x.example: envelope sender a@x.example"
    );
}

/// Everyone's entry, alice's entry, whose counts.
const OWNERS: &str = "
block x.example    | block bob@x.example | block everyone
block x.example    | safe bob@x.example  | block everyone
block x.example    |                     | block everyone
safe bob@x.example | block .example      | block alice
                   | block x.example     | block alice
safe bob@x.example | safe x.example      | safe alice
                   | safe x.example      | safe alice
safe x.example     |                     | safe everyone
                   |                     | -
";

#[test]
fn everyones_block_outranks_the_mailbox_and_the_mailbox_outranks_everyones_safe() {
    for row in OWNERS.lines().skip(1) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let listed = |at: usize| {
            columns[at..=at]
                .iter()
                .copied()
                .filter(|one| !one.is_empty())
                .collect::<Vec<_>>()
        };
        let found = found(&lists(&listed(0), &listed(1)), &senders("bob@x.example", &[]));
        assert!(found.starts_with(columns[2]), "{row}: {found}");
    }
}

#[test]
fn a_list_is_its_owners_alone() {
    let lists = lists(&[], &["block x.example"]);
    let senders = senders("bob@x.example", &[]);
    assert!(
        lists
            .find(&"carol@ours.example".parse().expect("valid"), &senders)
            .is_none()
    );
}

#[test]
fn a_change_makes_a_new_snapshot_and_leaves_the_old_one_and_other_owners_alone() {
    let carol = ListOwner::Mailbox("carol@ours.example".into());
    let before = Lists::from_entries([
        entry(&alice(), "block x.example"),
        entry(&carol, "safe x.example"),
    ]);
    let senders = senders("bob@x.example", &[]);
    let removal = |kind, pattern: &str| ListChange::Removed {
        owner: alice(),
        kind,
        pattern: pattern.parse().expect("valid"),
    };

    let both = before.with_change(ListChange::Added(entry(&alice(), "safe x.example")));
    assert_eq!((before.count(), both.count()), (2, 3));
    let same = both.with_change(ListChange::Added(entry(&alice(), "safe x.example")));
    assert_eq!(
        same.count(),
        3,
        "the same entry again takes the place of the first"
    );

    let after = both.with_change(removal(ListKind::Block, "x.example"));
    assert!(
        found(&before, &senders).starts_with("block"),
        "the old snapshot still says what it said"
    );
    assert!(found(&both, &senders).starts_with("block"));
    assert!(found(&after, &senders).starts_with("safe"));
    assert!(Arc::ptr_eq(
        &before.mailboxes["carol@ours.example"],
        &after.mailboxes["carol@ours.example"]
    ));

    let without = after.with_change(removal(ListKind::Safe, "x.example"));
    assert_eq!((found(&without, &senders).as_str(), without.count()), ("-", 1));
    assert!(
        !without.mailboxes.contains_key(ALICE),
        "an owner without entries takes no room"
    );
    let unchanged = without.with_change(removal(ListKind::Safe, "y.example"));
    assert_eq!(
        (unchanged.count(), unchanged.mailboxes.len()),
        (1, 1),
        "removing what is not there changes nothing"
    );
}
