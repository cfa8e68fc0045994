use super::*;
use crate::config::load;
use postern_vocab::refusals;

/// A policy with sender rules in it.
fn policy() -> Policy {
    let text = r#"
hostname = "mx.example.test"
listener = [{ name = "inbound", address = "127.0.0.1:2525" }]
domain = [{ name = "example.test", route = "127.0.0.1:2526" }]

[senders]
permitted = ["ceo@blocked.example", "boss@"]
blocked = ["blocked.example", ".worse.example", "spammer@", "x@[192.0.2.1]"]
blocked_reply = "553 5.7.1 Not from you"

[[sender_exception]]
sender = "@gone.example"
action = "allow"

[[sender_exception]]
sender = "bad@gone.example"
action = "reject"

[[sender_exception]]
sender = "@.refused.example"
action = "reject"
reply = "450 4.7.1 Not today"
"#;
    load(text, "p.toml")
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
        .policy
}

fn path(text: &str) -> ReversePath {
    match text {
        "<>" => ReversePath::Null,
        text => ReversePath::Mailbox(text.parse().expect("a valid address")),
    }
}

/// A mail flow policy that verifies all there is.
fn strict() -> FlowPolicy {
    let mut flow = FlowPolicy::accepted();
    flow.verification = crate::flow::Verification {
        reverse_absent: Some(refusals::REVERSE_NAME_ABSENT.reply),
        reverse_unavailable: Some(refusals::REVERSE_NAME_UNAVAILABLE.reply),
        reverse_mismatch: Some(refusals::REVERSE_NAME_MISMATCH.reply),
        sender_malformed: Some(refusals::SENDER_SYNTAX.reply),
        sender_unqualified: Some(refusals::SENDER_UNQUALIFIED.reply),
        sender_unresolvable: Some(refusals::SENDER_DOMAIN_MISSING.reply),
        sender_unavailable: Some(refusals::SENDER_DOMAIN_UNAVAILABLE.reply),
    };
    flow
}

#[test]
fn senders_are_permitted_blocked_verified_or_looked_up_in_this_order() {
    let rows = [
        ("<>", "take", "the null sender of bounces"),
        (
            "a@blocked.example",
            "553 5.7.1, blocked sender blocked.example",
            "blocked",
        ),
        (
            "ceo@blocked.example",
            "look up blocked.example",
            "permitted beats blocked, and no more",
        ),
        (
            "boss@blocked.example",
            "look up blocked.example",
            "permitted in every domain",
        ),
        (
            "a@x.worse.example",
            "553 5.7.1, blocked sender .worse.example",
            "below",
        ),
        ("a@worse.example", "look up worse.example", "not itself"),
        (
            "Spammer@anywhere.example",
            "553 5.7.1, blocked sender spammer@",
            "in every domain",
        ),
        (
            "x@[192.0.2.1]",
            "553 5.7.1, blocked sender x@[192.0.2.1]",
            "at a literal",
        ),
        ("y@[192.0.2.1]", "take", "a literal has nothing to look up"),
        ("a@gone.example", "take", "an exception: not verified"),
        (
            "bad@gone.example",
            "take",
            "the first row that fits, though another fits closer",
        ),
        (
            "a@x.refused.example",
            "450 4.7.1, sender exception .refused.example",
            "rejected",
        ),
        (
            "a@localhost",
            "550 5.1.8, sender domain not fully qualified",
            "no dot",
        ),
        ("a@example.com", "look up example.com", "any other"),
    ];
    let (policy, strict) = (policy(), strict());
    for (sender, expected, reason) in rows {
        let shown = match policy.sender(&strict, &path(sender)) {
            SenderAnswer::Take => "take".to_owned(),
            SenderAnswer::LookUp(domain) => format!("look up {domain}"),
            SenderAnswer::Refuse(refusal) => format!(
                "{} {}, {}",
                refusal.reply.code, refusal.reply.enhanced, refusal.rule
            ),
        };
        assert_eq!(shown, expected, "{sender}: {reason}");
    }
}

#[test]
fn a_policy_that_verifies_nothing_looks_nothing_up() {
    let flow = FlowPolicy::accepted();
    for sender in ["a@localhost", "a@example.com", "<>"] {
        assert_eq!(
            policy().sender(&flow, &path(sender)),
            SenderAnswer::Take,
            "{sender}"
        );
    }
    for reverse in [
        ReverseName::None,
        ReverseName::Unknown,
        ReverseName::Unverified("x".into()),
    ] {
        assert_eq!(verify_host(&flow, &reverse), None);
    }
    for domain in [SenderDomain::Missing, SenderDomain::Unavailable] {
        assert_eq!(verify_domain(&flow, domain), None);
    }
}

#[test]
fn exceptions_are_asked_only_where_the_policy_says_so() {
    let flow = FlowPolicy {
        sender_exceptions: false,
        ..strict()
    };
    let policy = policy();
    for sender in ["a@gone.example", "a@x.refused.example"] {
        let answer = policy.sender(&flow, &path(sender));
        assert!(matches!(answer, SenderAnswer::LookUp(_)), "{sender}: {answer:?}");
    }
    let answer = policy.sender(&flow, &path("a@blocked.example"));
    assert!(
        matches!(answer, SenderAnswer::Refuse(_)),
        "blocked senders are no exception"
    );
}

#[test]
fn each_failure_has_its_own_reply() {
    let strict = strict();
    let hosts = [
        (ReverseName::NotAsked, None, "loopback, and what was not asked"),
        (ReverseName::Verified("mx.example".into()), None, "good"),
        (ReverseName::None, Some("550 5.7.25"), "absent"),
        (ReverseName::Unknown, Some("451 4.7.25"), "for now"),
        (
            ReverseName::Unverified("mx.example".into()),
            Some("550 5.7.25"),
            "a mismatch",
        ),
    ];
    let codes = |found: Option<(Reply, &'static str)>| {
        found.map(|(reply, _)| format!("{} {}", reply.code, reply.enhanced))
    };
    for (reverse, expected, reason) in hosts {
        assert_eq!(
            codes(verify_host(&strict, &reverse)).as_deref(),
            expected,
            "{reason}"
        );
    }
    let domains = [
        (SenderDomain::Exists, None),
        (SenderDomain::NotAsked, None),
        (SenderDomain::Missing, Some("550 5.1.8")),
        (SenderDomain::Unavailable, Some("451 4.1.8")),
    ];
    for (domain, expected) in domains {
        assert_eq!(
            codes(verify_domain(&strict, domain)).as_deref(),
            expected,
            "{domain:?}"
        );
    }
}

#[test]
fn one_switch_alone_is_enough_for_a_look_up() {
    let only = |change: fn(&mut FlowPolicy)| {
        let mut flow = FlowPolicy::accepted();
        change(&mut flow);
        needs_sender_domain(&flow, &path("a@example.com"))
    };
    assert!(only(
        |flow| flow.verification.sender_unresolvable = Some(refusals::SENDER_DOMAIN_MISSING.reply)
    ));
    assert!(only(
        |flow| flow.verification.sender_unavailable = Some(refusals::SENDER_DOMAIN_UNAVAILABLE.reply)
    ));
    assert!(!only(
        |flow| flow.verification.sender_unqualified = Some(refusals::SENDER_UNQUALIFIED.reply)
    ));
}
