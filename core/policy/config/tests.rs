mod receiving;
mod receiving_mistakes;

use super::*;
use crate::flow::FlowPolicy;
use crate::hat::Hat;
use crate::policy::{Action, AntiSpam, ReputationRules};
use crate::rat::{LocalRecipient, RatAnswer};
use crate::routes::Route;

const SMALLEST: &str = r#"
hostname = "mx.example.test"
data_dir = "/var/lib/postern"

[[listener]]
name = "inbound"
address = "127.0.0.1:2525"

[[domain]]                      # accept mail for it (RAT) and route it, in one place
name = "example.test"
route = "127.0.0.1:2526"

[portal]
address = "127.0.0.1:8025"
"#;

fn loaded(text: &str) -> Config {
    load(text, "p.toml").unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"))
}

/// With files that are all there, and all hold one recipient.
fn loaded_with_files(text: &str) -> Config {
    let read = |_: &Path| Ok("zoe\n".to_owned());
    load_with(text, "p.toml", &read).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"))
}

/// The mistakes as they are printed, without the file's name.
fn mistakes(text: &str) -> Vec<String> {
    let errors = load(text, "p.toml").expect_err(text);
    errors
        .iter()
        .map(|error| error.to_string().replacen("p.toml:", "", 1))
        .collect()
}

/// The smallest configuration with more behind it.
fn with(more: &str) -> String {
    format!("{SMALLEST}{more}")
}

#[test]
fn the_smallest_configuration_has_every_default() {
    let config = loaded(SMALLEST);
    assert_eq!(config.hostname.as_str(), "mx.example.test");
    assert_eq!(config.data_dir.to_str(), Some("/var/lib/postern"));
    assert_eq!(config.run_dir.to_str(), Some("/run/postern"));
    assert_eq!((config.shards, config.driver), (0, Driver::Auto));
    assert_eq!(
        config.listeners,
        [Listener {
            name: "inbound".into(),
            address: "127.0.0.1:2525".parse().unwrap(),
            rules: crate::config::ListenerRules::default(),
        }]
    );
    assert_eq!(
        config.portal.as_ref().unwrap().public_url,
        "http://127.0.0.1:8025"
    );
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.dns_servers, []);
    assert_eq!(config.digest_from.to_string(), "quarantine@example.test");
    for name in ["spam", "virus", "unscannable"] {
        assert_eq!(config.retention(name), limits::QUARANTINE_RETENTION);
    }
    assert_eq!((&config.tls, &config.directory), (&Tls::default(), &None));
    assert_eq!((config.dkim.len(), &config.country_database), (0, &None));
    let policy = &config.policy;
    assert_eq!(policy.hat, Hat::default(), "no groups, and the shipped policies");
    assert_eq!(policy.reputation, ReputationRules::default());
    assert_eq!(policy.dns_list_zones().len(), 0, "nobody is asked about clients");
    assert_eq!(policy.injection_debug, []);
    assert_eq!(policy.listeners.keys().collect::<Vec<_>>(), ["inbound"]);
    assert_eq!(policy.listeners["inbound"], ListenerRules::default());
    assert_eq!(policy.hostname, config.hostname);
    assert_eq!(policy.antispam, AntiSpam::default());
    assert_eq!(
        (policy.antivirus_action, policy.unscannable_action),
        (Action::Quarantine, Action::Quarantine)
    );
    assert_eq!(
        policy.rat.check(&"anyone@example.test".parse().unwrap()),
        RatAnswer::Local(LocalRecipient::default())
    );
    let Route::Hop(hop) = policy.routes.find(&config.domains[0]) else {
        panic!("the domain has a route")
    };
    assert_eq!(hop.to_string(), "127.0.0.1:2526");
}

const FULL: &str = r#"
hostname = "MX.example.org."
data_dir = "/srv/mail"
shards = 2
driver = "epoll"
listener = [{ name = "in-1", address = "[::]:25" }]

[[domain]]
name = "example.org"
route = "[2001:db8::1]:2526"
recipients = ["Alice", "bob@example.org", "\"c d\""]

[[domain]]
name = "example.com"
route = "mail.example.com"

[portal]
address = "0.0.0.0:8025"

[[route]]
domain = "*"
to = "smart.example.net:587"

[antispam]
suspect = 25
positive = 60
suspect_action = "quarantine"
positive_action = "refuse"

[antivirus]
action = "drop"

[scan]
unscannable_action = "deliver"

[[quarantine]]
name = "spam"
retention = "2w"

[digest]
from = "held@example.org"

[dns]
servers = ["192.0.2.53", "[2001:db8::53]:5353"]

[limits]
message_bytes = "10 MB"
recipients = 200
messages_per_connection = 10
conversation_lines = 40
connections = 100
command_timeout = 90
retry_first = "10s"
retry_max = "30m"
retry_for = "2d"
"#;

#[test]
fn every_setting_takes_effect() {
    let config = loaded(FULL);
    assert_eq!(config.hostname.as_str(), "mx.example.org");
    assert_eq!(
        config.run_dir.to_str(),
        Some("/srv/mail/run"),
        "beside a data_dir that is not the default"
    );
    assert_eq!((config.shards, config.driver), (2, Driver::Epoll));
    assert_eq!(
        config.portal.as_ref().unwrap().public_url,
        "http://mx.example.org:8025"
    );
    assert_eq!(config.retention("spam"), Duration::from_secs(14 * 86_400));
    assert_eq!(config.retention("virus"), limits::QUARANTINE_RETENTION);
    assert_eq!(config.digest_from.to_string(), "held@example.org");
    let servers: Vec<String> = config.dns_servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["192.0.2.53:53", "[2001:db8::53]:5353"]);
    let expected = Limits {
        message_bytes: 10_000_000,
        recipients: 200,
        messages_per_connection: 10,
        conversation_lines: 40,
        connections: 100,
        command_timeout: Duration::from_secs(90),
        retry_first: Duration::from_secs(10),
        retry_max: Duration::from_secs(1_800),
        retry_for: Duration::from_secs(2 * 86_400),
    };
    assert_eq!(config.limits, expected);
}

#[test]
fn every_rule_takes_effect() {
    let policy = loaded(FULL).policy;
    let antispam = AntiSpam {
        suspect: 25,
        positive: 60,
        suspect_action: Action::Quarantine,
        positive_action: Action::Refuse,
    };
    assert_eq!(policy.antispam, antispam);
    assert_eq!(
        (policy.antivirus_action, policy.unscannable_action),
        (Action::Drop, Action::Deliver)
    );
    for taken in [
        "alice@example.org",
        "BOB@example.org",
        "\"c d\"@example.org",
        "x@example.com",
    ] {
        assert_eq!(
            policy.rat.check(&taken.parse().unwrap()),
            RatAnswer::Local(LocalRecipient::default()),
            "{taken}"
        );
    }
    assert_ne!(
        policy.rat.check(&"carol@example.org".parse().unwrap()),
        RatAnswer::Local(LocalRecipient::default())
    );
    let hop = |domain: &str| match policy.routes.find(&domain.parse().unwrap()) {
        Route::Hop(hop) => hop.to_string(),
        Route::Mx => "mx".into(),
    };
    assert_eq!(hop("example.org"), "[2001:db8::1]:2526");
    assert_eq!(hop("example.com"), "mail.example.com:25");
    assert_eq!(hop("example.net"), "smart.example.net:587");
}

#[test]
fn the_version_names_the_text() {
    let version = |text: &str| loaded(text).policy.version;
    assert_eq!(version(SMALLEST), version(SMALLEST));
    assert_eq!(version(SMALLEST).len(), 16);
    assert_ne!(version(SMALLEST), version(&with("# a word\n")));
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_text() {
    let text = r#"hostnme = "mx.example.test"
shards = "four"
data_dir = "var/lib"

[[listener]]
name = "in bound"
address = "127.0.0.1"

[[domain]]
route = "2001:db8::1"

[report]
certificate = "x"

[antispm]
suspect = 1

[limits]
message_bytes = "50M"
data_dir = "/x"
"#;
    let expected = [
        "1:1: \"hostname\" is missing; for example: hostname = \"mx.example.test\"",
        "1:1: unknown key \"hostnme\"; did you mean \"hostname\"?",
        "2:10: shards must be a whole number from 0 to 1024: this is a string; for example: shards = 0",
        "3:12: data_dir must be an absolute path: \"var/lib\" does not begin with /; for example: data_dir = \
         \"/var/lib/postern\"",
        "6:8: listener.name must be a name of letters, digits, - and _: \"in bound\" is none; for example: name = \
         \"inbound\"",
        "7:11: listener.address must be an IP address with a port: \"127.0.0.1\" is none; for example: address = \
         \"127.0.0.1:2525\"",
        "9:1: [domain]: \"name\" is missing; for example: name = \"example.test\"",
        "10:9: domain.route must be HOST:PORT: \"2001:db8::1\" leaves open where the port begins: write \
         [2001:db8::1]:25; for example: route = \"127.0.0.1:2526\"",
        "12:2: table [report] is not supported by this version; take it out: nothing would act on it",
        "15:2: unknown table \"antispm\"; did you mean \"antispam\"?",
        "19:17: limits.message_bytes must be a size from 1 B to 1 GiB: \"M\" is not a unit of size: there are B, KB, \
         MB, GB, KiB, MiB and GiB; for example: message_bytes = \"50 MiB\"",
        "20:1: unknown key \"data_dir\"; \"data_dir\" belongs above the first table of the file",
    ];
    assert_eq!(mistakes(text), expected);
}

/// What is written behind the smallest configuration, and a part of what is said about it.
const SINGLE_MISTAKES: &[(&str, &str)] = &[
    (
        "[[listener]]\nname = \"inbound\"\naddress = \"127.0.0.1:26\"",
        "there are two of listener \"inbound\"",
    ),
    (
        "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:2525\"",
        "there are two of address \"127.0.0.1:2525\"",
    ),
    (
        "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:8025\"",
        "there are two of address \"127.0.0.1:8025\"",
    ),
    (
        "[[domain]]\nname = \"EXAMPLE.test\"\nroute = \"a\"",
        "there are two of domain \"example.test\"",
    ),
    (
        "[[domain]]\nname = \"[192.0.2.1]\"\nroute = \"a\"",
        "domain.name must be a domain name",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a:0\"",
        "\"0\" is not a port",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nrecipients = \"x\"",
        "domain.recipients must be a list",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nrecipients = [1]",
        "this is an integer",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nrecipients = [\"x@c.test\"]",
        "is not an address of b.test",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nrecipients = [\"x y\"]",
        "neither an address nor",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nrecipients = [\"x%y\"]",
        "would always be refused",
    ),
    (
        "[[route]]\ndomain = \"example.test\"\nto = \"a\"",
        "has its route in its [[domain]] table",
    ),
    (
        "[[route]]\ndomain = \"*.b.test\"\nto = \"a\"",
        "route.domain must be a domain, .domain",
    ),
    (
        "[[route]]\ndomain = \"*\"\nto = \"a\"\n[[route]]\ndomain = \"*\"\nto = \"b\"",
        "two of route for \"*\"",
    ),
    ("[antispam]\nsuspect = 24", "antispam.suspect must be"),
    ("[antispam]\npositive = 100", "100 is out of that range"),
    ("[antispam]\nsuspect = -1", "-1 is out of that range"),
    (
        "[antispam]\nsuspect = 95",
        "antispam.suspect, 95, is above antispam.positive, 90",
    ),
    (
        "[antispam]\nsuspect_action = \"bounce\"",
        "\"bounce\" is none of them",
    ),
    ("[antivirus]\naction = \"deliver\"", "viruses are not delivered"),
    (
        "[[quarantine]]\nname = \"span\"",
        "no rule puts mail into a quarantine \"span\"",
    ),
    (
        "[[quarantine]]\nname = \"spam\"\nretention = \"1m\"",
        "1m is out of that range",
    ),
    (
        "[limits]\nretry_first = \"2h\"",
        "limits.retry_first is longer than limits.retry_max",
    ),
    ("[limits]\nmessage_bytes = 0", "0 is out of that range"),
    ("[limits]\nrecipients = 1.5", "this is a float"),
    (
        "[limits]\nrecipients = 99999999999999999999999",
        "is out of that range",
    ),
    (
        "[dns]\nservers = [\"dns.example.test\"]",
        "dns.servers must be a list of IP addresses",
    ),
    (
        "[digest]\nfrom = \"nobody\"",
        "\"nobody\" is none: the address has no @domain",
    ),
    ("[portal.x]\ny = 1", "unknown table \"x\""),
    ("[authentication]", "table [authentication] is not supported"),
    (
        "[[mail_policy]]\nname = \"x\"",
        "table [mail_policy] is not supported",
    ),
    (
        "[route]\ndomain = \"*\"",
        "route must be a table; write [[route]]",
    ),
    (
        "[[antispam]]\nsuspect = 30",
        "antispam must be a table; write [antispam]",
    ),
    (
        "[antispam]\nmessage_bytes = 5",
        "\"message_bytes\" belongs to [[flow_policy]] or [limits]",
    ),
    ("[antispam]\nzzz = 5", "unknown key \"zzz\""),
];

#[test]
fn one_mistake_is_told_in_one_line() {
    for (more, expected) in SINGLE_MISTAKES {
        let mistakes = mistakes(&with(more));
        assert_eq!(mistakes.len(), 1, "{more}: {mistakes:?}");
        assert!(mistakes[0].contains(expected), "{more}: {mistakes:?}");
    }
}

#[test]
fn portals_have_urls_that_a_browser_opens() {
    let rows = [
        ("https://q.example.test/", Some("https://q.example.test")),
        (
            "http://[2001:db8::1]:8025/mail",
            Some("http://[2001:db8::1]:8025/mail"),
        ),
        ("q.example.test", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://a b", None),
        ("https://a\\\"><script>", None),
    ];
    for (url, expected) in rows {
        let text = with(&format!("public_url = \"{url}\"\n"));
        let url_read = load(&text, "p.toml")
            .ok()
            .and_then(|config| config.portal)
            .map(|portal| portal.public_url);
        assert_eq!(url_read.as_deref(), expected, "{url}");
    }
}

#[test]
fn an_empty_file_lacks_three_things() {
    let expected = [
        "1:1: \"hostname\" is missing; for example: hostname = \"mx.example.test\"",
        "1:1: there is no [[domain]]; at least one is needed",
        "1:1: there is no [[listener]]; at least one is needed",
    ];
    assert_eq!(mistakes(""), expected);
}

#[test]
fn mistakes_of_syntax_are_told_with_the_others() {
    let text =
        "hostname = mx.example.test\n\u{e9} = 1\nshards = \"four\"\nshards = 2\n[portal]\naddress = 5\n";
    let told = mistakes(text);
    let places: Vec<&str> = told.iter().map(|one| &one[..one.find(": ").unwrap()]).collect();
    assert_eq!(places, ["1:12", "2:1", "3:10", "4:1", "6:11"], "{told:#?}");
    assert!(told[0].contains("must be quoted"), "{}", told[0]);
    assert!(told[3].contains("\"shards\" is written twice"), "{}", told[3]);
    assert!(
        !told.iter().any(|one| one.contains("missing")),
        "hostname is not missing, it is unreadable"
    );

    let told = mistakes("[portal\naddress = 5\nshrds = 1\n");
    assert_eq!(
        told.len(),
        1,
        "below a header that cannot be read nothing is sure: {told:?}"
    );
    assert!(told[0].starts_with("1:8: "), "{told:?}");
}

#[test]
fn what_windows_editors_write_is_read() {
    loaded(&format!("\u{feff}{}", SMALLEST.replace('\n', "\r\n")));
}

/// The starter configuration with every commented setting switched on.
fn uncommented(text: &str) -> String {
    let is_setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
    let switched = text
        .lines()
        .map(|line| if is_setting(line) { &line[1..] } else { line });
    switched.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_starter_configuration_loads_and_is_the_smallest_one() {
    let text = starter("mx.example.test", "example.test", "127.0.0.1:2526", None);
    let with_version_of = |other: &Config, mut config: Config| {
        config.policy.version.clone_from(&other.policy.version);
        config
    };
    let smallest = loaded(SMALLEST);
    assert_eq!(with_version_of(&smallest, loaded(&text)), smallest);
    for line in text.lines() {
        assert!(line.len() <= 100, "lines that fit a screen: {line}");
    }

    let elsewhere = loaded(&starter(
        "mx.example.test",
        "example.test",
        "127.0.0.1:2526",
        Some("/srv/postern"),
    ));
    assert_eq!(elsewhere.data_dir.to_str(), Some("/srv/postern"));
}

#[test]
fn the_values_in_the_manual_are_the_defaults() {
    let text = starter("mx.example.test", "example.test", "127.0.0.1:2526", None);
    let everything = loaded_with_files(&uncommented(&text));
    for key in keys() {
        assert!(
            uncommented(&text).contains(&format!("\n{} = ", key.name())),
            "{} is in it",
            key.path
        );
    }
    let smallest = loaded(SMALLEST);
    assert_eq!(everything.limits, smallest.limits);
    assert_eq!(everything.policy.antispam, smallest.policy.antispam);
    assert_eq!(
        everything.policy.antivirus_action,
        smallest.policy.antivirus_action
    );
    assert_eq!(
        everything.policy.unscannable_action,
        smallest.policy.unscannable_action
    );
    assert_eq!(everything.quarantines, smallest.quarantines);
    assert_eq!(
        (everything.shards, everything.driver),
        (smallest.shards, smallest.driver)
    );
    assert_eq!(everything.dns_servers, smallest.dns_servers);
    assert_eq!(
        (everything.data_dir, everything.run_dir),
        (smallest.data_dir, smallest.run_dir)
    );
    assert_eq!(everything.digest_from, smallest.digest_from);
    assert_eq!(
        everything.policy.reputation.points_tenths,
        smallest.policy.reputation.points_tenths
    );
    let rules = &everything.policy.listeners["inbound"];
    assert_eq!(
        rules.policy.as_deref(),
        Some("ACCEPTED"),
        "as if it were not written"
    );
    assert_eq!(
        (
            rules.tls,
            rules.auth,
            rules.proxy_protocol.len(),
            rules.xclient.len()
        ),
        (TlsMode::StartTls, false, 0, 0)
    );
    let partners = everything.policy.hat.policy("PARTNERS").unwrap();
    let accepted = FlowPolicy {
        name: "PARTNERS".into(),
        reject_reply: partners.reject_reply.clone(),
        hostname: partners.hostname.clone(),
        banner: partners.banner.clone(),
        connections_per_address: Some(limits::CONNECTIONS_PER_ADDRESS_MAX),
        ..FlowPolicy::accepted()
    };
    assert_eq!(partners, &accepted, "what is shown for a flow policy is ACCEPTED");
    let directory = everything.directory.unwrap();
    assert_eq!(
        (directory.start_tls, directory.when_down),
        (false, WhenDown::Defer)
    );
    let bare = "\n[directory]\nurl = \"ldap://127.0.0.1\"\nbase = \"dc=example\"\n";
    assert_eq!(directory.filter, loaded(&with(bare)).directory.unwrap().filter);
    assert_eq!(everything.policy.injection_debug[0].connections, 100);
}

#[test]
fn every_key_of_the_manual_is_read() {
    let text = uncommented(&starter(
        "mx.example.test",
        "example.test",
        "127.0.0.1:2526",
        None,
    ));
    for key in keys() {
        let table = TABLES.iter().find(|table| table.name == key.table()).unwrap();
        let header = match (table.name, table.repeats) {
            ("", _) => String::new(),
            (name, true) => format!("[[{name}]]\n"),
            (name, false) => format!("[{name}]\n"),
        };
        let from = text.find(&header).unwrap();
        let at = from + text[from..].find(&format!("\n{} = ", key.name())).unwrap() + 1;
        let end = at + text[at..].find('\n').unwrap_or(text.len() - at);
        let broken = format!("{}{} = 1979-05-27{}", &text[..at], key.name(), &text[end..]);
        let told = mistakes(&broken);
        let expected = format!("{} must be {}: this is a datetime", key.path, key.kind);
        assert!(
            told.iter().any(|one| one.contains(&expected)),
            "{}: {told:?}",
            key.path
        );
    }
}

#[test]
fn nothing_given_to_the_starter_configuration_escapes_its_quotes() {
    let text = starter("mx.example.test", "a\"\nshards = 3\nx = \"", "127.0.0.1:1", None);
    let told = mistakes(&text);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("domain.name must be a domain name, or .domain for all below it: \"a\" shards = 3 x = \"\" is none"),
        "{told:?}"
    );
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_reasons(text in "(?s)([a-z_.]{0,8}|[\\[\\]\"'=\\n#é0-9 ]|hostname|\\[\\[domain\\]\\]\\n){0,40}") {
        if let Err(errors) = load(&text, "p.toml") {
            assert!(!errors.is_empty(), "nothing is refused without a reason: {text}");
        }
    }
}
