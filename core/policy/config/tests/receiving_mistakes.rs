//! What is said about mistakes in the tables about clients, senders and recipients.

use super::*;
use crate::first_match::AddressPattern;
use crate::hat::HostPattern;
use crate::replies;
use postern_vocab::refusals;

/// What is written behind the smallest configuration, and a part of the one thing that is said about it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "[[sender_group]]\nname = \"A\"\nhosts = [\"all\"]\npolicy = \"TRUSTD\"",
        "did you mean \"TRUSTED\"?",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = [\"all\"]\npolicy = \"X\"",
        "no flow policy \"X\"; there are TRUSTED,",
    ),
    (
        "[[sender_group]]\nname = \"A\"\npolicy = \"TRUSTED\"",
        "[sender_group]: \"hosts\" is missing",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = []",
        "[sender_group]: \"policy\" is missing",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = []\npolicy = \"TRUSTED\"\nlisteners = [\"inbuond\"]",
        "no listener \"inbuond\"; did you mean \"inbound\"?",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = []\npolicy = \"RELAY\"\n[[sender_group]]\nname = \"A\"\nhosts = []\npolicy = \
         \"RELAY\"",
        "there are two of sender group \"A\"",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = [\"sbrs[3:-3]\"]\npolicy = \"RELAY\"",
        "ends the wrong way round: write sbrs[-3.0:3.0]",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = [\"192.0.2.0/24\", \"192.0.2.1/24\"]\npolicy = \"RELAY\"",
        "17:26: sender_group.hosts must be a list of hosts: \"192.0.2.1/24\" has bits set behind its prefix",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = [\"country[DE]\"]\npolicy = \"TRUSTED\"",
        "country[DE] would never match: nothing tells countries; set country_database",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = [\"10.0.0.0/8\", \"ALL\"]\npolicy = \"RELAY\"",
        "ALL may relay to everywhere: this makes an open relay; name your own hosts",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = [\"1.0.0.0-200.0.0.0\"]\npolicy = \"MINE\"\n[[flow_policy]]\nname = \
         \"MINE\"\naccess = \"relay\"",
        "this makes an open relay",
    ),
    (
        "[[sender_group]]\nname = \"A\"\nhosts = [\"sbrs[9:10]\"]\npolicy = \"RELAY\"",
        "this makes an open relay",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\n[[flow_policy]]\nname = \"A\"",
        "there are two of flow policy \"A\"",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nlike = \"B\"\n[[flow_policy]]\nname = \"B\"",
        "flow policy \"B\" is not there yet",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nlike = \"TRUST\"",
        "no flow policy \"TRUST\"; did you mean \"TRUSTED\"?",
    ),
    (
        "[[flow_policy]]\nname = \"ACCEPTED\"\naccess = \"relay\"",
        "everyone would be relayed for, an open relay",
    ),
    (
        "[[flow_policy]]\nname = \"ACCEPTED\"\nlike = \"CONTINUE\"",
        "there is nothing to go on to",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\naccess = \"deny\"",
        "\"deny\" is none of them",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nreject_reply = \"250 Ok\"",
        "250 does not refuse",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nreverse_absent = \"450 5.7.1 x\"",
        "contradict each other",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nreverse_absent = true",
        "this is a boolean",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nmessages_per_connection = 0",
        "0 is out of that range",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nrecipients_per_hour = 1000001",
        "out of that range",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nrecipients_per_sender = \"100\"",
        "has no / between number and time",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nrecipients_per_sender = 100",
        "100 is out of that range",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nrecipients_per_sender = \"0/1h\"",
        "does not begin with a number from 1",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nrecipients_per_sender = \"5/0s\"",
        "a time that is not from 1s to 7d",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nsender_rate_exempt = [\"boss@\"]",
        "whoever calls himself so",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nsignificant_bits_v4 = 33",
        "33 is out of that range",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\ngreylist_below = 10.2",
        "10.2 is out of that range",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\ngreylist_below = 1.25",
        "not in steps of 0.1",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\nbanner = \"a\\nb\"",
        "printable ASCII",
    ),
    (
        "[[flow_policy]]\nname = \"A\"\ntls = \"require\"",
        "\"require\" is none of them",
    ),
    (
        "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:26\"\ntls = \"off\"\nauth = true",
        "listener.auth is never offered without TLS",
    ),
    (
        "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:26\"\npolicy = \"ACEPTED\"",
        "did you mean \"ACCEPTED\"?",
    ),
    (
        "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:26\"\npolicy = \"CONTINUE\"",
        "there is nothing to go on to, and CONTINUE continues",
    ),
    (
        "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:26\"\nxclient = [\".example.org\"]",
        "\".example.org\" is neither an address nor a network",
    ),
    (
        "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:26\"\nproxy_protocol = [\"10.0.0.1/8\"]",
        "write 10.0.0.0/8 for the network",
    ),
    (
        "[tls]\nkeys = [\"/a\"]",
        "there are 1 tls.keys for 0 tls.certificates",
    ),
    (
        "[tls]\ncertificates = [\"/a\", \"/b\"]\nkeys = [\"/a\"]",
        "there are 1 tls.keys for 2 tls.certificates",
    ),
    ("[tls]\ncertificates = [\"a\"]", "\"a\" does not begin with /"),
    (
        "[[dkim]]\ndomain = \"a.test\"\nselector = \"s\"\nkey = \"/a\"\n[[dkim]]\ndomain = \"a.test\"\nselector = \"S\"\nkey = \
         \"/b\"",
        "two keys for selector \"s\" of a.test",
    ),
    (
        "[directory]\nurl = \"http://x\"\nbase = \"dc=x\"",
        "directory.url must be a URL that begins with ldap://",
    ),
    (
        "[directory]\nurl = \"ldap://x/dc=y\"\nbase = \"dc=x\"",
        "none of a host and a port",
    ),
    (
        "[directory]\nurl = \"ldaps://x\"\nbase = \"dc=x\"\nstart_tls = true",
        "ldaps:// begins with TLS",
    ),
    (
        "[directory]\nurl = \"ldap://x\"\nbase = \"dc=x\"\nbind_dn = \"cn=x\"",
        "write bind_password_file",
    ),
    (
        "[directory]\nurl = \"ldap://x\"\nbase = \"dc=x\"\nbind_password_file = \"/x\"",
        "without a name has nothing to do",
    ),
    (
        "[directory]\nurl = \"ldap://x\"\nbase = \"dc=x\"\nfilter = \"(mail=x)\"",
        "does not look for the recipient",
    ),
    (
        "[directory]\nurl = \"ldap://x\"\nbase = \"dc=x\"\nfilter = \"(a={address})(b={user})\"",
        "is none of {address}, {local}, {domain}",
    ),
    (
        "[directory]\nurl = \"ldap://x\"\nbase = \"dc=x\"\nfilter = \"(a={address})(b=c)\"",
        "brackets that do not close each other",
    ),
    (
        "[directory]\nurl = \"ldap://x\"\nbase = \"dc=x\"\nfilter = \"(|(mail={address})\"",
        "brackets that do not close each other",
    ),
    (
        "[directory]\nurl = \"ldap://x\"\nbase = \"dc=x\"\nfilter = \"mail={address}\"",
        "does not stand in brackets",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\ncheck = \"directory\"",
        "write a [directory] table",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\ncheck = \"table\"",
        "write recipients or recipients_file",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nrecipients = [\"a\"]\ncheck = \"none\"",
        "though recipients are listed",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nwhen_down = \"accept\"",
        "domain.when_down is about call-ahead",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nsub_address = \"%\"",
        "domain.sub_address must be a text of",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nsub_address = \"+++++++++\"",
        "is none of up to 8",
    ),
    (
        "[[domain]]\nname = \"*\"\nroute = \"a\"",
        "domain.name must be a domain name, or .domain",
    ),
    (
        "[[domain]]\nname = \".b.test\"\nroute = \"a\"\nrecipients = [\"x\"]",
        "neither an address nor",
    ),
    (
        "[[domain]]\nname = \"b.test\"\nroute = \"a\"\nrecipients_file = \"/r\"",
        "/r cannot be read: only this one text is looked at here",
    ),
    (
        "[[domain]]\nname = \".b.test\"\nroute = \"a\"\n[[route]]\ndomain = \".b.test\"\nto = \"c\"",
        "has its route in its [[domain]] table",
    ),
    (
        "[[recipient]]\naddress = \"a b@c.test\"\naction = \"accept\"",
        "recipient.address must be an address, user@",
    ),
    (
        "[[recipient]]\naddress = \"a%b@c.test\"\naction = \"accept\"",
        "would always be refused",
    ),
    (
        "[[recipient]]\naddress = \"a@c.test\"",
        "[recipient]: \"action\" is missing",
    ),
    (
        "[[recipient]]\naddress = \"a@c.test\"\naction = \"accept\"\nreply = \"no\"",
        "recipient.reply would never be sent",
    ),
    (
        "[[recipient]]\naddress = \"a@c.test\"\naction = \"reject\"\nbypass_check = true",
        "recipient.bypass_check has nothing to do",
    ),
    (
        "[[recipient]]\naddress = \"A@c.test\"\naction = \"reject\"\n[[recipient]]\naddress = \"a@c.test\"\naction = \"accept\"",
        "there are two of recipient \"a@c.test\"",
    ),
    (
        "[[sender_exception]]\nsender = \"@\"\naction = \"allow\"",
        "sender_exception.sender must be user@domain",
    ),
    (
        "[[sender_exception]]\nsender = \"@c.test\"\naction = \"allow\"\nreply = \"no\"",
        "sender_exception.reply would never be sent",
    ),
    (
        "[[sender_exception]]\nsender = \"@c.test\"\naction = \"allow\"\n[[sender_exception]]\nsender = \"c.test\"\naction = \
         \"allow\"",
        "there are two of sender exception for \"c.test\"",
    ),
    (
        "[senders]\nblocked = [\"*.c.test\"]",
        "senders.blocked must be a list of senders",
    ),
    ("[senders]\nblocked_reply = \"\"", "is no text of one line"),
    (
        "[reputation]\ndns_lists = [\"192.0.2.1/24\"]",
        "\"192.0.2.1/24\" is none",
    ),
    (
        "[reputation]\ndns_list_points = 20.1",
        "20.1 is out of that range",
    ),
    (
        "[[log]]\nname = \"a\"\nkind = \"mail\"\npeers = []",
        "\"mail\" is none of them",
    ),
    (
        "[[log]]\nname = \"a\"\nkind = \"injection_debug\"",
        "[log]: \"peers\" is missing",
    ),
    (
        "[[log]]\nname = \"a\"\nkind = \"injection_debug\"\npeers = [\"sbrs[none]\"]",
        "log.peers must be a list of addresses, networks, ranges, hosts and .hosts: \"sbrs[none]\" is none of them",
    ),
];

#[test]
fn each_mistake_is_told_once_with_its_place_and_remedy() {
    for (more, expected) in MISTAKES {
        let mistakes = mistakes(&with(more));
        assert_eq!(mistakes.len(), 1, "{more}: {mistakes:?}");
        assert!(mistakes[0].contains(expected), "{more}: {mistakes:?}");
    }
}

#[test]
fn mistakes_of_all_tables_come_in_one_run() {
    let all: Vec<&str> = MISTAKES
        .iter()
        .map(|(more, _)| *more)
        .filter(|more| more.starts_with("[[recipient]]") || more.starts_with("[[flow_policy]]"))
        .collect();
    let told = mistakes(&with(&all.join("\n")));
    assert!(told.len() > 20, "{told:#?}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_host_an_address_a_refusal_or_explained(
        text in "(?s)(sbrs|dnslist|country|all|10|1|255|::|2001:db8|[-.:/@\\[\\]=*\"%! ]|é|550|5|a|x\\.org|\\PC){0,8}"
    ) {
        let name = &text;
        if let Err(why) = name.parse::<HostPattern>() {
            proptest::prop_assert!(why.len() > text.len());
        }
        match name.parse::<AddressPattern>() {
            Ok(pattern) => {
                let shown = pattern.to_string();
                proptest::prop_assert_eq!(shown.parse::<AddressPattern>(), Ok(pattern));
            }
            Err(why) => proptest::prop_assert!(why.contains("user@example.org")),
        }
        if let Ok(reply) = replies::parse(name, &refusals::NO_SUCH_RECIPIENT.reply) {
            let line = reply.to_string();
            proptest::prop_assert!(line.len() <= 510 && line.bytes().all(|c| (b' '..=b'~').contains(&c)), "{}", line);
            proptest::prop_assert!(reply.enhanced.starts_with(['4', '5']) && reply.code >= 400);
        }
        let quoted = toml::Value::String(name.clone());
        let more = format!("[[sender_group]]\nname = \"A\"\nhosts = [{quoted}]\npolicy = \"BLOCKED\"\n[directory]\nurl = {quoted}\nbase = {quoted}\nfilter = {quoted}\n");
        if let Err(errors) = load(&with(&more), "p.toml") {
            proptest::prop_assert!(!errors.is_empty());
        }
    }
}
