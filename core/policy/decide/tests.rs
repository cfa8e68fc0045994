use super::*;
use crate::judge::{ANTISPAM, ANTIVIRUS};
use crate::policy::AntiSpam;
use crate::{Rat, Routes};
use postern_vocab::{
    Classification, Direction, Disposition, Envelope, Finding, HeaderFacts, Icid, ListEntry, ListOwner, Mid,
    MimeFacts, Peer, ReverseName, ReversePath, Timestamp, Verdict,
};

fn policy() -> Policy {
    Policy {
        version: "0123456789abcdef".into(),
        hostname: "mx.ours.example".parse().expect("valid"),
        hat: crate::hat::Hat::default(),
        listeners: std::collections::BTreeMap::new(),
        reputation: crate::policy::ReputationRules::default(),
        senders: crate::sender_rules::SenderAccess::default(),
        exceptions: crate::sender_rules::SenderExceptions::default(),
        injection_debug: Vec::new(),
        rat: Rat::default(),
        routes: Routes::default(),
        antispam: AntiSpam::default(),
        antivirus_action: Action::Quarantine,
        unscannable_action: Action::Quarantine,
    }
}

/// A message from bob@x.example to alice, carol and dave, in that order.
fn facts() -> Facts {
    let recipients = ["alice@ours.example", "carol@ours.example", "dave@ours.example"];
    let envelope = Envelope {
        sender: ReversePath::Mailbox("bob@x.example".parse().expect("valid")),
        recipients: recipients.map(|one| one.parse().expect("valid")).into(),
        ..Envelope::default()
    };
    let peer = Peer {
        remote: "192.0.2.1:40000".parse().expect("valid"),
        local: "192.0.2.2:25".parse().expect("valid"),
        listener: "inbound".into(),
    };
    Facts {
        mid: Mid(1),
        icid: Icid(1),
        received_at: Timestamp(0),
        peer,
        reverse: ReverseName::NotAsked,
        helo: "x.example".into(),
        helo_valid: true,
        classification: Classification::default(),
        tls: None,
        user: None,
        direction: Direction::Inbound,
        envelope,
        body_bytes: 1_000,
        header: HeaderFacts {
            from: vec!["bob@x.example".into()],
            ..HeaderFacts::default()
        },
        mime: MimeFacts::default(),
        findings: Vec::new(),
    }
}

fn finding(engine: &str, rule: &str, points: i32) -> Finding {
    Finding {
        engine: engine.into(),
        rule: rule.into(),
        points,
        detail: String::new(),
    }
}

/// The message with this spam score, and with a virus, or an oddity, where `what` says one.
fn message(score: i32, what: &str) -> Facts {
    let mut facts = facts();
    facts.findings.push(finding(ANTISPAM, "SOME_RULE", score));
    match what {
        "" => {}
        "virus" => facts.findings.push(finding(ANTIVIRUS, "EICAR-TEST-FILE", 0)),
        "long way" => facts.header.received_count = 50,
        "loop" => facts.header.received_count = 51,
        oddity => facts.mime.oddities.push(oddity.into()),
    }
    facts
}

/// Entries as `OWNER KIND PATTERN`.
fn lists(written: &[&str]) -> Lists {
    Lists::from_entries(written.iter().map(|written| {
        let words: Vec<&str> = written.split(' ').collect();
        ListEntry {
            owner: match words[0] {
                "everyone" => ListOwner::Everyone,
                name => ListOwner::Mailbox(format!("{name}@ours.example")),
            },
            kind: if words[1] == "safe" {
                ListKind::Safe
            } else {
                ListKind::Block
            },
            pattern: words[2].parse().expect("a valid pattern"),
            added_at: Timestamp(0),
            added_by: "operator".into(),
        }
    }))
}

/// What happens to alice, carol and dave, in a word each: the quarantine's name where the mail is held.
fn outcome(decision: &Decision) -> String {
    let word = |disposition: &Disposition| match disposition {
        Disposition::Quarantine(name) => name.clone(),
        Disposition::Refuse(reply) => format!("{} {}", reply.code, reply.enhanced),
        Disposition::Deliver | Disposition::Drop => disposition.as_str().to_owned(),
    };
    let words: Vec<String> = decision
        .recipients
        .iter()
        .map(|one| word(&one.disposition))
        .collect();
    if words.windows(2).all(|two| two[0] == two[1]) {
        words[0].clone()
    } else {
        words.join(", ")
    }
}

/// Every decision, whatever it says, must be told apart by its trail.
fn check_trail(decision: &Decision, reason: &str) {
    for (rid, one) in (0..3).map(Rid).zip(&decision.recipients) {
        assert_eq!(one.rid, rid, "{reason}: in order");
        let deciding: Vec<_> = decision
            .trail
            .iter()
            .filter(|step| step.decided.contains(&rid))
            .collect();
        assert_eq!(
            deciding.len(),
            1,
            "{reason}: one step decides for {rid}: {:?}",
            decision.trail
        );
        let consulted = deciding[0].rids.is_empty() || deciding[0].rids.contains(&rid);
        assert!(consulted, "{reason}: and it was consulted for {rid}");
        assert!(!one.reason.is_empty(), "{reason}");
    }
    assert_eq!(decision.trail[0].saw, "version 0123456789abcdef", "{reason}");
}

/// Score, what else is found, list entries, dispositions of alice, carol and dave, verdict, reason.
const STEPS: &str = "
 0 |                          |                          | deliver                | clean       | nothing against it
49 |                          |                          | deliver                | clean       | just below suspect
50 |                          |                          | deliver                | suspect     | suspect is delivered, marked
89 |                          |                          | deliver                | suspect     | just below positive
90 |                          |                          | spam                   | spam        | positive is held
 0 |                          | everyone block x.example | spam                   | clean       | everyone's block
 0 |                          | alice block x.example    | spam, deliver, deliver | clean       | one user's block
99 |                          | everyone safe x.example  | deliver                | spam        | everyone's safe
99 |                          | carol safe x.example     | spam, deliver, spam    | spam        | one user's safe
99 |                          | everyone safe x.example, dave block x.example | deliver, deliver, spam | spam | a user's block over everyone's safe
 0 |                          | everyone block x.example, dave safe x.example | spam | clean    | everyone's block over a user's safe
 0 | virus                    |                          | virus                  | virus       | a virus is held
99 | virus                    |                          | virus                  | virus       | where users cannot release it
 0 | virus                    | everyone safe x.example  | virus                  | virus       | a safelist lets no virus through
 0 | virus                    | alice block x.example    | virus                  | virus       | nor does a block hold it with the spam
 0 | limit.parts=1001         |                          | unscannable            | unscannable | not seen through
 0 | mime.panic               | everyone safe x.example  | unscannable            | unscannable | a safelist is about spam only
 0 | mime.ambiguous           |                          | unscannable            | unscannable | which reading is shown?
99 | header.duplicate=from    | everyone safe x.example  | unscannable            | unscannable | whom is it from?
 0 | header.missing=from      |                          | deliver                | clean       | a device: it poses as nobody
 0 | header.empty=from        |                          | unscannable            | unscannable | from nobody, in so many words
 0 | header.duplicate=subject |                          | unscannable            | unscannable | which subject is shown?
 0 | header.duplicate=references |                       | deliver                | clean       | odd, and harmless
 0 | header.missing=fromage   |                          | deliver                | clean       | another word
 0 | mime.external-body       |                          | unscannable            | unscannable | the content is elsewhere
 0 | mime.partial             | everyone safe x.example  | 554 5.6.0              | unscannable | a fragment
 0 | long way                 |                          | deliver                | clean       | as many hops as a message may have
 0 | loop                     | everyone safe x.example  | 554 5.4.6              | clean       | refused before all else
 0 | limit.header-fields=5001 |                          | 554 5.6.0              | unscannable | a header over a limit
 0 | limit.header-field       | everyone safe x.example  | 554 5.6.0              | unscannable | whoever it is from
";

#[test]
fn the_steps_in_their_order() {
    for row in STEPS.lines().skip(1) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let entries: Vec<&str> = columns[2].split(", ").filter(|one| !one.is_empty()).collect();
        let facts = message(columns[0].parse().expect("a score"), columns[1]);
        let decision = decide(&facts, &policy(), &lists(&entries));
        let got = (
            decision.score.to_string(),
            outcome(&decision),
            decision.verdict.as_str(),
        );
        assert_eq!(
            got,
            (columns[0].to_owned(), columns[3].to_owned(), columns[4]),
            "{row}: {:?}",
            decision.trail
        );
        check_trail(&decision, row);
    }
}

/// Actions for suspect, positive, virus, unscannable; score, what else is found; what comes of it; reason.
const ACTIONS: &str = "
quarantine quarantine quarantine quarantine | 60 |             | spam        | suspect can be held
drop       quarantine quarantine quarantine | 60 |             | drop        | or dropped
refuse     quarantine quarantine quarantine | 60 |             | 550 5.7.1   | or refused
deliver    deliver    quarantine quarantine | 95 |             | deliver     | spam can be delivered, marked
deliver    drop       quarantine quarantine | 95 |             | drop        | or dropped
deliver    refuse     quarantine quarantine | 95 |             | 550 5.7.1   | or refused
deliver    quarantine drop       quarantine |  0 | virus       | drop        | a virus can be dropped
deliver    quarantine refuse     quarantine | 95 | virus       | 550 5.7.1   | or refused
deliver    drop       quarantine quarantine | 95 | virus       | virus       | the virus scanner has the last word
deliver    quarantine quarantine deliver    |  0 | limit.depth | deliver     | unscannable can be delivered
deliver    quarantine quarantine deliver    | 95 | limit.depth | spam        | but not what is spam besides
deliver    quarantine quarantine drop       | 95 | limit.depth | drop        | or dropped
deliver    quarantine quarantine refuse     |  0 | limit.depth | 554 5.6.0   | or refused
deliver    quarantine quarantine deliver    |  0 | mime.ambiguous | deliver  | so can be what is ambiguous
deliver    quarantine quarantine refuse     |  0 | mime.ambiguous | 554 5.6.0 | or refused
deliver    quarantine quarantine deliver    |  0 | mime.partial   | 554 5.6.0 | a fragment never is
";

#[test]
fn actions_are_the_administrators() {
    let action = |word: &str| {
        Action::ALL
            .into_iter()
            .find(|one| one.as_str() == word)
            .expect("an action")
    };
    for row in ACTIONS.lines().skip(1) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let actions: Vec<Action> = columns[0].split_whitespace().map(action).collect();
        let antispam = AntiSpam {
            suspect_action: actions[0],
            positive_action: actions[1],
            ..AntiSpam::default()
        };
        let policy = Policy {
            antispam,
            antivirus_action: actions[2],
            unscannable_action: actions[3],
            ..policy()
        };
        let facts = message(columns[1].parse().expect("a score"), columns[2]);
        let decision = decide(&facts, &policy, &Lists::default());
        assert_eq!(outcome(&decision), columns[3], "{row}");
        check_trail(&decision, row);
    }
}

#[test]
fn reasons_name_the_threshold_that_counted() {
    let rows = [
        (0, "", "clean: score 0 is below 50"),
        (49, "", "clean: score 49 is below 50"),
        (50, "", "suspected spam: score 50 is at or above 50"),
        (89, "", "suspected spam: score 89 is at or above 50"),
        (90, "", "spam: score 90 is at or above 90"),
        (0, "virus", "virus: EICAR-TEST-FILE"),
        (
            0,
            "limit.parts=1001",
            "it could not be scanned in full: limit.parts=1001",
        ),
        (0, "header.duplicate=from", "ambiguous: two From fields"),
        (0, "header.empty=from", "ambiguous: nobody in the From field"),
        (
            0,
            "header.malformed=from",
            "ambiguous: no address in the From field",
        ),
        (
            0,
            "mime.ambiguous",
            "ambiguous: its parts can be taken apart in two ways",
        ),
        (
            0,
            "mime.external-body",
            "it could not be scanned in full: mime.external-body",
        ),
        (0, "loop", "mail loop: 51 Received fields, at most 50 allowed"),
        (
            0,
            "limit.header-bytes=1",
            "the message header is over a limit: limit.header-bytes=1",
        ),
    ];
    for (score, what, expected) in rows {
        let decision = decide(&message(score, what), &policy(), &Lists::default());
        assert_eq!(decision.recipients[0].reason, expected);
    }
}

#[test]
fn other_thresholds_decide_the_same_facts_anew() {
    let facts = message(60, "");
    let stricter = AntiSpam {
        suspect: 30,
        positive: 55,
        ..AntiSpam::default()
    };
    let decision = decide(
        &facts,
        &Policy {
            antispam: stricter,
            ..policy()
        },
        &Lists::default(),
    );
    assert_eq!(
        (outcome(&decision).as_str(), decision.verdict),
        ("spam", Verdict::Spam)
    );
    assert_eq!(decision.recipients[0].reason, "spam: score 60 is at or above 55");
}

#[test]
fn a_message_is_held_for_those_who_would_refuse_it_when_others_take_it() {
    let antispam = AntiSpam {
        positive_action: Action::Refuse,
        ..AntiSpam::default()
    };
    let policy = Policy { antispam, ..policy() };
    let mixed = decide(&message(95, ""), &policy, &lists(&["carol safe x.example"]));
    assert_eq!(outcome(&mixed), "spam, deliver, spam");
    check_trail(&mixed, "mixed");
    assert_eq!(
        mixed.recipients[0].reason,
        "spam: score 95 is at or above 90; held, since other recipients take the message"
    );
    let settling = mixed.trail.last().expect("a step");
    assert_eq!(settling.rule, "one reply for all recipients");
    assert_eq!(settling.decided, [Rid(0), Rid(2)]);

    let alike = decide(&message(95, ""), &policy, &Lists::default());
    assert_eq!(outcome(&alike), "550 5.7.1", "all refuse, so it is refused");
    check_trail(&alike, "alike");
}

#[test]
fn the_trail_tells_what_was_seen_and_whose_entry_counted() {
    let decision = decide(
        &message(93, ""),
        &policy(),
        &lists(&["alice block .example", "carol safe bob@x.example"]),
    );
    let told: Vec<String> = decision
        .trail
        .iter()
        .map(|step| {
            format!(
                "{} | {} | {} | {:?}",
                step.rule, step.saw, step.outcome, step.decided
            )
        })
        .collect();
    let expected = [
        "configuration | version 0123456789abcdef | in force | []",
        "sender group | none, by ALL; reputation none | mail flow policy ACCEPTED | []",
        "loop detection | 0 Received fields, at most 50 allowed | no loop | []",
        "header limits | nothing over a limit | within | []",
        "fragments | no message/partial | whole | []",
        "blocklist of alice@ours.example | envelope sender bob@x.example | entry .example fits: quarantine \"spam\" \
         | [Rid(0)]",
        "safelist of carol@ours.example | envelope sender bob@x.example | entry bob@x.example fits: not judged as \
         spam | [Rid(1)]",
        "safelists and blocklists | envelope sender bob@x.example | no entry fits | []",
        "anti-spam | score 93; suspect from 50, spam from 90 | quarantine \"spam\" | [Rid(2)]",
        "scan limits | nothing over a limit | scanned in full | []",
        "ambiguity | nothing ambiguous | one reading | []",
        "anti-virus | no virus found | clean | []",
    ];
    assert_eq!(told, expected);
    let reasons: Vec<&str> = decision
        .recipients
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    let expected = [
        "blocklisted: entry .example of the blocklist of alice@ours.example fits envelope sender bob@x.example",
        "safelisted: entry bob@x.example of the safelist of carol@ours.example fits envelope sender bob@x.example",
        "spam: score 93 is at or above 90",
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn a_bounce_from_nobody_is_no_ambiguity() {
    let rows = [
        ("header.empty=from", "deliver"),
        ("header.malformed=from", "unscannable"),
        ("header.duplicate=from", "unscannable"),
        ("mime.ambiguous", "unscannable"),
    ];
    for (oddity, expected) in rows {
        let mut facts = message(0, oddity);
        facts.envelope.sender = ReversePath::Null;
        let decision = decide(&facts, &policy(), &Lists::default());
        assert_eq!(outcome(&decision), expected, "{oddity}");
        check_trail(&decision, oddity);
    }
}

#[test]
fn the_step_that_holds_what_is_ambiguous_says_so() {
    let mut facts = message(0, "header.duplicate=from");
    facts.mime.oddities.push("mime.ambiguous".into());
    let decision = decide(&facts, &policy(), &Lists::default());
    let step = decision
        .trail
        .iter()
        .find(|step| step.decided.len() == 3)
        .expect("one step decides");
    assert_eq!(
        (step.rule.as_str(), step.saw.as_str()),
        (
            "ambiguity",
            "two From fields, its parts can be taken apart in two ways"
        )
    );
    let refusal = decide(&message(0, "mime.partial"), &policy(), &Lists::default());
    let Disposition::Refuse(reply) = &refusal.recipients[0].disposition else {
        panic!("a fragment is refused: {:?}", refusal.recipients)
    };
    assert!(reply.to_string().contains("send it whole"), "{reply}");
}

#[test]
fn a_message_without_recipients_is_decided_too() {
    let mut facts = message(95, "virus");
    facts.envelope.recipients.clear();
    let decision = decide(&facts, &policy(), &Lists::default());
    assert_eq!((decision.recipients.len(), decision.verdict), (0, Verdict::Virus));
}

#[test]
fn recipients_with_the_same_answer_share_a_step() {
    let mut facts = message(0, "");
    let many = (0..1_000).map(|at| format!("u{at}@ours.example").parse().expect("valid"));
    facts.envelope.recipients = many.collect();
    let decision = decide(&facts, &policy(), &lists(&["everyone block x.example"]));
    assert_eq!(decision.recipients.len(), 1_000);
    assert!(decision.trail.len() < 10, "{} steps", decision.trail.len());
}

/// Mail flow policy, score, what else is found, list entries, dispositions, reason.
const FLOWS: &str = "
TRUSTED  | 99 |                |                          | deliver     | anti-spam is skipped
TRUSTED  | 99 | virus          |                          | virus       | anti-virus never is
TRUSTED  | 99 | limit.parts=1001 |                        | unscannable | nor are scan limits
TRUSTED  | 99 | mime.ambiguous |                          | unscannable | nor what can be read two ways
TRUSTED  | 99 | loop           |                          | 554 5.4.6   | nor loops
TRUSTED  |  0 |                | everyone block x.example | spam        | nor lists
ACCEPTED | 99 |                |                          | spam        | the others skip nothing
RELAY    | 99 |                |                          | spam        | outbound mail neither
GONE     | 99 |                |                          | spam        | a policy that is not there any more is ACCEPTED
         | 99 |                |                          | spam        | and so is none
";

#[test]
fn a_mail_flow_policy_can_skip_the_thresholds_and_nothing_else() {
    for row in FLOWS.lines().skip(1) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let entries: Vec<&str> = columns[3].split(", ").filter(|one| !one.is_empty()).collect();
        let mut facts = message(columns[1].parse().expect("a score"), columns[2]);
        facts.classification.flow_policy = columns[0].to_owned();
        let decision = decide(&facts, &policy(), &lists(&entries));
        assert_eq!(outcome(&decision), columns[4], "{row}: {:?}", decision.trail);
        check_trail(&decision, row);
    }
}

#[test]
fn the_trail_tells_the_sender_group_and_what_it_skips() {
    let mut facts = message(99, "");
    facts.classification = Classification {
        sender_group: "WHITELIST".into(),
        matched: "192.0.2.0/24".into(),
        flow_policy: "TRUSTED".into(),
        reputation: Some(postern_vocab::Reputation(-34)),
        ..Classification::default()
    };
    let decision = decide(&facts, &policy(), &Lists::default());
    let step = |rule: &str| {
        let step = decision.trail.iter().find(|step| step.rule == rule).expect(rule);
        (step.saw.as_str(), step.outcome.as_str())
    };
    assert_eq!(
        step("sender group"),
        (
            "WHITELIST, by 192.0.2.0/24; reputation -3.4",
            "mail flow policy TRUSTED"
        )
    );
    assert_eq!(
        step("anti-spam"),
        ("score 99", "mail flow policy TRUSTED skips anti-spam")
    );
    assert_eq!(
        decision.recipients[0].reason,
        "mail flow policy TRUSTED skips anti-spam"
    );
}
