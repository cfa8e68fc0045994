//! The tables about clients, senders and recipients.

use super::*;
use crate::flow::{BareLineEnds, Greylist, POOR_REPUTATION, Rate, RejectAt, Requirement, Verification};
use crate::hat::Client;
use crate::rat::Check;
use postern_vocab::refusals;
use postern_vocab::{Access, Classification, Reply, Reputation, ReverseName};

/// The table of an appliance in use, line by line: groups and score ranges as they come with it, its own hosts in them.
///
/// ```text
/// RELAYLIST:                     $RELAYED (inside mail servers)
///   10.1.4.20, 10.1.4.21, 10.2., 192.168.7.32-47, .mx.corp.example, 2001:db8:4::/48
/// WHITELIST:                     $TRUSTED (partners)
///   203.0.113.0/26, mail.partner.example, .bank.example
/// BLACKLIST:                     $BLOCKED
///   198.51.100.13, 198.51.100.64-198.51.100.95, .bulk.example, SBRS[-10.0:-3.0], dnslist[bl.example.org], country[xx]
/// SUSPECTLIST:                   $THROTTLED
///   SBRS[-3.0:-1.0], 198.18.
/// UNKNOWNLIST:                   $ACCEPTED
///   SBRS[-1.0:10.0], SBRS[none]
/// ALL:                           $ACCEPTED
/// ```
const APPLIANCE: &str = r#"
[reputation]
country_database = "/var/lib/GeoIP/country.mmdb"

[[sender_group]]
name = "RELAYLIST"
hosts = ["10.1.4.20", "10.1.4.21", "10.2.", "192.168.7.32-47", ".mx.corp.example", "2001:db8:4::/48"]
policy = "RELAY"
listeners = ["inbound"]

[[sender_group]]
name = "WHITELIST"
hosts = ["203.0.113.0/26", "mail.partner.example", ".bank.example"]
policy = "TRUSTED"

[[sender_group]]
name = "BLACKLIST"
hosts = [
    "198.51.100.13", "198.51.100.64-198.51.100.95", ".bulk.example", "SBRS[-10.0:-3.0]", "dnslist[bl.example.org]",
    "country[xx]",
]
policy = "BLOCKED"

[[sender_group]]
name = "SUSPECTLIST"
hosts = ["SBRS[-3.0:-1.0]", "198.18."]
policy = "THROTTLED"

[[sender_group]]
name = "UNKNOWNLIST"
hosts = ["SBRS[-1.0:10.0]", "SBRS[none]"]
policy = "ACCEPTED"

[[sender_group]]
name = "EVERYONE_ELSE"
hosts = ["ALL"]
policy = "ACCEPTED"
"#;

fn classified(config: &Config, address: &str, name: &str, score: Option<i16>) -> Classification {
    let reverse = match name {
        "" => ReverseName::None,
        name => ReverseName::Verified(name.to_owned()),
    };
    config.policy.hat.classify(&Client {
        address: address.parse().expect("valid"),
        listener: "inbound",
        reverse: &reverse,
        reputation: score.map(Reputation),
        dns_lists: &[],
        country: None,
    })
}

#[test]
fn the_table_of_an_appliance_means_here_what_it_means_there() {
    let rows = [
        ("10.1.4.20", "", None, "RELAYLIST 10.1.4.20 RELAY"),
        ("10.1.4.22", "", None, "UNKNOWNLIST SBRS[none] ACCEPTED"),
        ("10.2.99.1", "", Some(-90), "RELAYLIST 10.2. RELAY"),
        ("192.168.7.47", "", None, "RELAYLIST 192.168.7.32-47 RELAY"),
        ("192.168.7.48", "", None, "UNKNOWNLIST SBRS[none] ACCEPTED"),
        (
            "192.0.2.1",
            "a.mx.corp.example",
            None,
            "RELAYLIST .mx.corp.example RELAY",
        ),
        ("2001:db8:4:1::25", "", None, "RELAYLIST 2001:db8:4::/48 RELAY"),
        ("203.0.113.63", "", Some(-100), "WHITELIST 203.0.113.0/26 TRUSTED"),
        (
            "203.0.113.64",
            "",
            Some(-100),
            "BLACKLIST SBRS[-10.0:-3.0] BLOCKED",
        ),
        (
            "192.0.2.1",
            "mail.partner.example",
            Some(-40),
            "WHITELIST mail.partner.example TRUSTED",
        ),
        (
            "198.51.100.80",
            "x.bank.example",
            Some(80),
            "WHITELIST .bank.example TRUSTED",
        ),
        (
            "198.51.100.80",
            "",
            Some(80),
            "BLACKLIST 198.51.100.64-198.51.100.95 BLOCKED",
        ),
        (
            "192.0.2.1",
            "x.bulk.example",
            Some(80),
            "BLACKLIST .bulk.example BLOCKED",
        ),
        ("192.0.2.1", "", Some(-30), "BLACKLIST SBRS[-10.0:-3.0] BLOCKED"),
        (
            "192.0.2.1",
            "",
            Some(-29),
            "SUSPECTLIST SBRS[-3.0:-1.0] THROTTLED",
        ),
        ("198.18.3.4", "", None, "SUSPECTLIST 198.18. THROTTLED"),
        ("192.0.2.1", "", Some(-9), "UNKNOWNLIST SBRS[-1.0:10.0] ACCEPTED"),
        ("192.0.2.1", "", None, "UNKNOWNLIST SBRS[none] ACCEPTED"),
    ];
    let config = loaded(&with(APPLIANCE));
    for (address, name, score, expected) in rows {
        let found = classified(&config, address, name, score);
        let shown = format!("{} {} {}", found.sender_group, found.matched, found.flow_policy);
        assert_eq!(shown, expected, "{address} {name} {score:?}");
    }
    let zones = config.policy.dns_list_zones();
    assert_eq!(zones.into_iter().collect::<Vec<_>>(), ["bl.example.org"]);
    assert_eq!(
        config.country_database,
        Some("/var/lib/GeoIP/country.mmdb".into())
    );
}

#[test]
fn shipped_policies_are_as_administrators_know_them() {
    let config = loaded(SMALLEST);
    let policy = |name: &str| config.policy.hat.policy(name).unwrap().clone();
    let throttled = policy("THROTTLED");
    assert_eq!(
        (
            throttled.messages_per_connection,
            throttled.recipients_per_message,
            throttled.message_bytes
        ),
        (10, 20, 1 << 20)
    );
    assert_eq!(
        (throttled.connections_per_address, throttled.recipients_per_hour),
        (Some(10), Some(20))
    );
    let accepted = policy("ACCEPTED");
    assert_eq!(accepted, FlowPolicy::accepted());
    assert_eq!(accepted.invalid_recipients_per_hour, Some(25));
    assert_eq!(
        (accepted.verification, accepted.greylist),
        (Verification::default(), None)
    );
    let trusted = policy("TRUSTED");
    assert_eq!(
        (trusted.antispam, trusted.reputation, trusted.access),
        (false, false, Access::Accept)
    );
    let blocked = policy("BLOCKED");
    assert_eq!(
        (blocked.access, blocked.reject_at),
        (Access::Reject, RejectAt::Recipient)
    );
    assert_eq!(blocked.reject_reply, POOR_REPUTATION);
    assert_eq!(
        (policy("RELAY").access, policy("CONTINUE").access),
        (Access::Relay, Access::Continue)
    );
}

#[test]
fn limits_are_those_of_the_shipped_policies() {
    let text = with("[limits]\nmessage_bytes = 500000\nrecipients = 200\nmessages_per_connection = 50\n");
    let config = loaded(&text);
    let amounts = |name: &str| {
        let policy = config.policy.hat.policy(name).unwrap();
        (
            policy.message_bytes,
            policy.recipients_per_message,
            policy.messages_per_connection,
        )
    };
    for name in ["ACCEPTED", "TRUSTED", "RELAY", "BLOCKED"] {
        assert_eq!(amounts(name), (500_000, 200, 50), "{name}");
    }
    assert_eq!(amounts("THROTTLED"), (500_000, 20, 10), "the smaller one");
}

const EVERY_PARAMETER: &str = r#"
[[flow_policy]]
name = "ALL_OF_IT"
like = "THROTTLED"
access = "reject"
reject_at = "banner"
reject_reply = "450 Come again"
hostname = "other.example.test"
banner = "ESMTP here"
connections_per_address = 3
connections_per_network = 4
messages_per_connection = 5
recipients_per_message = 6
message_bytes = "7 KiB"
recipients_per_hour = 0
recipients_per_sender = "100/30m"
sender_rate_exempt = ["Boss@Example.org", "@example.net", ".example.com"]
significant_bits_v4 = 24
significant_bits_v6 = 48
invalid_recipients_per_hour = 8
errors_per_connection = 9
tarpit = "10s"
antispam = false
reputation = false
tls = "required"
auth = "none"
reverse_absent = "on"
reverse_unavailable = "450 Not now"
reverse_mismatch = "No match"
sender_malformed = "on"
sender_unqualified = "on"
sender_unresolvable = "on"
sender_unavailable = "on"
sender_exceptions = false
greylist_below = -2.5
greylist = true
greylist_wait = "1m"
greylist_retry_within = "1h"
greylist_remember = "7d"
bare_line_ends = "normalise"
"#;

#[test]
fn every_parameter_of_a_flow_policy_takes_effect() {
    let config = loaded(&with(EVERY_PARAMETER));
    let minute = |count: u64| Duration::from_secs(60 * count);
    let expected = FlowPolicy {
        name: "ALL_OF_IT".into(),
        access: Access::Reject,
        reject_at: RejectAt::Banner,
        reject_reply: Reply::fixed(450, "4.7.1", "Come again"),
        hostname: Some("other.example.test".parse().unwrap()),
        banner: Some("ESMTP here".into()),
        connections_per_address: Some(3),
        connections_per_network: Some(4),
        messages_per_connection: 5,
        recipients_per_message: 6,
        message_bytes: 7 * 1024,
        recipients_per_hour: None,
        recipients_per_sender: Some(Rate {
            count: 100,
            interval: minute(30),
        }),
        sender_rate_exempt: ["boss@example.org", "example.net", ".example.com"]
            .map(str::to_owned)
            .into(),
        significant_bits_v4: 24,
        significant_bits_v6: 48,
        invalid_recipients_per_hour: Some(8),
        errors_per_connection: 9,
        tarpit: Duration::from_secs(10),
        antispam: false,
        reputation: false,
        tls: Requirement::Required,
        auth: Requirement::None,
        verification: Verification {
            reverse_absent: Some(refusals::REVERSE_NAME_ABSENT.reply),
            reverse_unavailable: Some(Reply::fixed(450, "4.7.25", "Not now")),
            reverse_mismatch: Some(Reply::fixed(550, "5.7.25", "No match")),
            sender_malformed: Some(refusals::SENDER_SYNTAX.reply),
            sender_unqualified: Some(refusals::SENDER_UNQUALIFIED.reply),
            sender_unresolvable: Some(refusals::SENDER_DOMAIN_MISSING.reply),
            sender_unavailable: Some(refusals::SENDER_DOMAIN_UNAVAILABLE.reply),
        },
        sender_exceptions: false,
        greylist: Some(Greylist {
            below_tenths: -25,
            wait: minute(1),
            retry_within: minute(60),
            remember: minute(7 * 24 * 60),
        }),
        bare_line_ends: BareLineEnds::Normalise,
    };
    assert_eq!(config.policy.hat.policy("ALL_OF_IT"), Some(&expected));
    assert_eq!(
        config.policy.hat.policy("THROTTLED"),
        loaded(SMALLEST).policy.hat.policy("THROTTLED"),
        "what it starts from stays as it is"
    );
}

#[test]
fn a_policy_starts_from_what_stands_above_it() {
    let text = with(
        r#"
[[flow_policy]]
name = "THROTTLED"
recipients_per_hour = 50
greylist = true
[[flow_policy]]
name = "SLOW"
like = "THROTTLED"
greylist_wait = "10m"
[[flow_policy]]
name = "OPEN"
like = "SLOW"
greylist = false
[[flow_policy]]
name = "PLAIN"
greylist_wait = "10m"
[[flow_policy]]
name = "ACCEPTED"
tls = "required"
"#,
    );
    let hat = loaded(&text).policy.hat;
    let wait = |name: &str| {
        hat.policy(name)
            .unwrap()
            .greylist
            .map(|greylist| greylist.wait.as_secs())
    };
    assert_eq!(
        ["THROTTLED", "SLOW", "OPEN", "PLAIN"].map(wait),
        [Some(180), Some(600), None, None],
        "times alone switch nothing on"
    );
    let throttled = hat.policy("THROTTLED").unwrap();
    assert_eq!(
        (throttled.recipients_per_hour, throttled.recipients_per_message),
        (Some(50), 20)
    );
    assert_eq!(
        hat.policy("PLAIN").unwrap().tls,
        Requirement::Preferred,
        "ACCEPTED as it was then"
    );
    assert_eq!(hat.policy("ACCEPTED").unwrap().tls, Requirement::Required);
    let stranger = classified(&loaded(&text), "192.0.2.1", "", None);
    assert_eq!(stranger.flow_policy, "ACCEPTED");
}

const AROUND: &str = r#"
[[listener]]
name = "submission"
address = "127.0.0.1:2465"
tls = "implicit"
auth = true
policy = "RELAY"
proxy_protocol = ["10.0.0.1", "2001:db8::/64"]
xclient = ["10.0.0.0/8"]

[tls]
certificates = ["/etc/postern/a.pem", "/etc/postern/b.pem"]
keys = ["/etc/postern/a.key", "/etc/postern/b.key"]
ask_client_certificate = true
client_authorities = "/etc/postern/ca.pem"

[[dkim]]
domain = "Example.test"
selector = "s1.mail"
key = "/etc/postern/s1.key"

[directory]
url = "ldaps://ldap.example.test/"
authorities = "/etc/postern/ca.pem"
bind_dn = "cn=Postfächer,dc=example"
bind_password_file = "/etc/postern/secret"
base = "dc=example"
filter = "(&(uid={local})(!(ou={domain})))"
when_down = "accept"

[reputation]
dns_lists = ["BL.example.org"]
dns_list_points = 2.5

[[log]]
name = "trouble"
kind = "injection_debug"
peers = ["192.0.2.7", "10.1.", ".partner.example"]
connections = 5
"#;

#[test]
fn what_stands_around_takes_effect() {
    let config = loaded(&with(AROUND));
    let rules = &config.policy.listeners["submission"];
    assert_eq!(config.listeners[1].rules, *rules);
    assert_eq!(
        (rules.tls, rules.auth, rules.policy.as_deref()),
        (TlsMode::Implicit, true, Some("RELAY"))
    );
    let networks = |list: &[IpNet]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(networks(&rules.proxy_protocol), ["10.0.0.1/32", "2001:db8::/64"]);
    assert_eq!(networks(&rules.xclient), ["10.0.0.0/8"]);
    let pair = |name: &str| CertificateFiles {
        certificate: format!("/etc/postern/{name}.pem").into(),
        key: format!("/etc/postern/{name}.key").into(),
    };
    assert_eq!(config.tls.certificates, [pair("a"), pair("b")]);
    assert!(config.tls.ask_client_certificate);
    assert_eq!(config.tls.client_authorities, Some("/etc/postern/ca.pem".into()));
    assert_eq!(config.dkim[0].domain.as_str(), "example.test");
    assert_eq!(
        (config.dkim[0].selector.as_str(), config.dkim[0].key.to_str()),
        ("s1.mail", Some("/etc/postern/s1.key"))
    );
    let directory = Directory {
        url: "ldaps://ldap.example.test".into(),
        start_tls: false,
        authorities: Some("/etc/postern/ca.pem".into()),
        bind_dn: "cn=Postf\u{e4}cher,dc=example".into(),
        bind_password_file: Some("/etc/postern/secret".into()),
        base: "dc=example".into(),
        filter: "(&(uid={local})(!(ou={domain})))".into(),
        when_down: WhenDown::Accept,
    };
    assert_eq!(config.directory, Some(directory));
    assert_eq!(config.policy.reputation.dns_lists, ["bl.example.org"]);
    assert_eq!(config.policy.reputation.points_tenths, 25);
    let log = &config.policy.injection_debug[0];
    assert_eq!((log.name.as_str(), log.connections), ("trouble", 5));
    let named = ReverseName::Verified("mx.partner.example".into());
    assert!(log.wants("10.1.2.3".parse().unwrap(), &ReverseName::NotAsked));
    assert!(log.wants("203.0.113.1".parse().unwrap(), &named));
    assert!(!log.wants("203.0.113.1".parse().unwrap(), &ReverseName::None));
}

#[test]
fn the_listener_of_a_client_has_the_last_word() {
    let config = loaded(&with(AROUND));
    let found = config.policy.hat.classify(&Client {
        address: "203.0.113.1".parse().unwrap(),
        listener: "submission",
        reverse: &ReverseName::None,
        reputation: None,
        dns_lists: &[],
        country: None,
    });
    assert_eq!(
        (found.matched.as_str(), found.flow_policy.as_str(), found.access),
        ("ALL", "RELAY", Access::Relay)
    );
    assert_eq!(
        classified(&config, "203.0.113.1", "", None).flow_policy,
        "ACCEPTED"
    );
}

#[test]
fn a_listener_of_ones_own_may_relay_for_whoever_reaches_it() {
    let group =
        "[[sender_group]]\nname = \"A\"\nhosts = [\"ALL\"]\npolicy = \"RELAY\"\nlisteners = [\"inbound\"]\n";
    let found = classified(&loaded(&with(group)), "192.0.2.1", "", None);
    assert_eq!(found.access, Access::Relay);
}

#[test]
fn keys_may_be_in_their_certificates_files() {
    let config = loaded(&with("[tls]\ncertificates = [\"/a.pem\"]\n"));
    let [files] = &config.tls.certificates[..] else {
        panic!("one certificate")
    };
    assert_eq!(files.certificate, files.key);
}

const RECIPIENTS: &str = r#"
[[recipient]]
address = "gone@example.test"
action = "reject"
reply = "5.2.1 Gone"

[[recipient]]
address = "news@"
action = "accept"
bypass_rates = true
bypass_check = true

[[domain]]
name = ".example.test"
route = "10.0.0.1"

[[domain]]
name = "listed.test"
route = "10.0.0.2"
recipients = ["alice"]
recipients_file = "/etc/postern/listed"
sub_address = "--"

[[domain]]
name = "ahead.test"
route = "10.0.0.3:2525"
check = "call-ahead"
when_down = "accept"

[[domain]]
name = "ldap.test"
route = "10.0.0.4"
check = "directory"
sub_address = ""

[directory]
url = "ldap://127.0.0.1:3389"
base = "dc=example"
"#;

const FILE: &str = "# our people\r\nBob\n\ncarol@listed.test   # works here\n";

#[test]
fn recipients_domains_and_their_files_take_effect() {
    let read = |path: &Path| match path.to_str() {
        Some("/etc/postern/listed") => Ok(FILE.to_owned()),
        _ => Err("not asked for".to_owned()),
    };
    let config = load_with(&with(RECIPIENTS), "p.toml", &read).unwrap();
    let rows = [
        ("gone@example.test", "550 5.2.1"),
        ("news@listed.test", "None, rates bypassed"),
        ("x@sub.example.test", "None"),
        ("x@example.test", "None"),
        ("alice@listed.test", "None"),
        ("BOB@listed.test", "None"),
        ("carol--x@listed.test", "None"),
        ("dave@listed.test", "550 5.1.1"),
        ("x@ahead.test", "CallAhead 10.0.0.3:2525 Accept"),
        ("x+y@ldap.test", "Directory"),
        ("x@elsewhere.test", "550 5.7.1"),
    ];
    for (address, expected) in rows {
        let shown = match config.policy.rat.check(&address.parse().unwrap()) {
            RatAnswer::Refuse { reply, .. } => format!("{} {}", reply.code, reply.enhanced),
            RatAnswer::Local(local) => {
                assert_eq!(local.asked, None, "{address}");
                let check = match local.check {
                    Check::CallAhead(hop, when_down) => format!("CallAhead {hop} {when_down:?}"),
                    check => format!("{check:?}"),
                };
                format!(
                    "{check}{}",
                    if local.bypass_rates {
                        ", rates bypassed"
                    } else {
                        ""
                    }
                )
            }
        };
        assert_eq!(shown, expected, "{address}");
    }
    let names: Vec<&str> = config.domains.iter().map(Domain::as_str).collect();
    assert_eq!(names, ["example.test", "listed.test", "ahead.test", "ldap.test"]);
    let hop = |domain: &str| match config.policy.routes.find(&domain.parse().unwrap()) {
        Route::Hop(hop) => hop.to_string(),
        Route::Mx => "mx".into(),
    };
    assert_eq!(hop("x.example.test"), "10.0.0.1:25");
    assert_eq!(hop("example.test"), "127.0.0.1:2526");

    let other = |_: &Path| Ok("bob\n".to_owned());
    let changed = load_with(&with(RECIPIENTS), "p.toml", &other).unwrap();
    assert_ne!(
        changed.policy.version, config.policy.version,
        "the file belongs to the version"
    );
}

#[test]
fn a_gateway_for_subdomains_alone_needs_no_domain_of_its_own() {
    let config = loaded(&SMALLEST.replace("\"example.test\"", "\".example.test\""));
    assert_eq!(config.domains, []);
    assert_eq!(config.digest_from.to_string(), "quarantine@mx.example.test");
}

#[test]
fn mistakes_in_a_recipients_file_name_file_and_line() {
    let text = with(
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nrecipients_file = \"/r\"\n[[domain]]\nname = \".c.test\"\nroute = \
         \"a\"\nrecipients_file = \"/c\"\n[[domain]]\nname = \"d.test\"\nroute = \"a\"\nrecipients_file = \"/none\"\n",
    );
    let read = |path: &Path| match path.to_str() {
        Some("/r") => Ok(format!("alice\nx y\nbob@c.test # wrong\n{}", "a b\n".repeat(30))),
        Some("/c") => Ok("x@y.c.test\nalice\nbob@c.test\n".to_owned()),
        _ => Err("No such file or directory".to_owned()),
    };
    let errors = load_with(&text, "p.toml", &read).unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let has = |line: &str| assert!(told.iter().any(|one| one == line), "{line}: {told:#?}");
    has("p.toml:18:19: /r, line 2: \"x y\" is neither an address nor the part before its @");
    has("p.toml:18:19: /r, line 3: \"bob@c.test\" is not an address of b.test");
    has("p.toml:18:19: /r: 12 more lines are wrong");
    has("p.toml:22:19: /c, line 2: \"alice\" is neither an address nor the part before its @");
    has("p.toml:22:19: /c, line 3: \"bob@c.test\" is not an address of .c.test");
    has("p.toml:26:19: domain.recipients_file: /none cannot be read: No such file or directory");
    assert_eq!(told.len(), 20 + 1 + 2 + 1, "{told:#?}");
}

#[test]
fn the_example_of_the_starter_does_what_it_says() {
    let text = starter("mx.example.test", "example.test", "127.0.0.1:2526", None);
    let config = loaded_with_files(&uncommented(&text));
    let rows = [
        ("10.9.8.7", Some(50), "RELAYLIST RELAY"),
        ("192.0.2.10", Some(-90), "WHITELIST TRUSTED"),
        ("192.0.2.47", None, "RELAYLIST RELAY"),
        ("198.51.100.7", Some(50), "BLACKLIST BLOCKED"),
        ("203.0.113.1", Some(-40), "BLACKLIST BLOCKED"),
        ("203.0.113.1", None, "SUSPECTLIST SUSPECTED"),
        ("203.0.113.1", Some(0), " ACCEPTED"),
    ];
    for (address, score, expected) in rows {
        let found = classified(&config, address, "", score);
        assert_eq!(
            format!("{} {}", found.sender_group, found.flow_policy),
            expected,
            "{address}"
        );
    }
    let suspected = config.policy.hat.policy("SUSPECTED").unwrap();
    assert_eq!(
        (suspected.recipients_per_hour, suspected.recipients_per_message),
        (Some(50), 20)
    );
    assert!(suspected.greylist.is_some() && suspected.verification.reverse_absent.is_some());
}
