//! Who may connect, and who may be a sender.

use super::{Table, default, optional, required};

pub(super) const SENDER_GROUP: Table = Table {
    example: EXAMPLE,
    ..Table::repeated(
        "sender_group",
        "Which clients get which mail flow policy. Groups are asked from top to bottom, and their lines in order; the \
         first line that matches counts. Who is in none gets the policy of the listener, else ACCEPTED.",
        &[
            required(
                "sender_group.name",
                "a name of letters, digits, - and _",
                "\"WHITELIST\"",
                "Its name in logs and pages.",
            ),
            required(
                "sender_group.hosts",
                "a list of hosts",
                "[\"192.0.2.10\", \"2001:db8::/64\", \".partner.example\"]",
                "192.0.2.1, 10.1. for all that begins so, 192.0.2.0/24, 192.0.2.10-20, 2001:db8::1-2001:db8::9, \
                 mail.example.org, .example.org for all below it (names count when they resolve back to the address), \
                 sbrs[-10.0:-3.0] for a reputation, sbrs[none] for none, dnslist[bl.example.org], \
                 dnslist[bl.example.org=127.0.0.2], country[XX], all.",
            ),
            required(
                "sender_group.policy",
                "the name of a flow policy",
                "\"TRUSTED\"",
                "There are ACCEPTED, TRUSTED (not judged as spam, scanned for viruses), THROTTLED, BLOCKED, RELAY (may \
                 send to everywhere), CONTINUE (on to the next group), and those of [[flow_policy]].",
            ),
            default(
                "sender_group.listeners",
                "a list of listeners' names",
                "[]",
                "The listeners it is for; none means all.",
            ),
        ],
    )
};

/// A table as administrators know it. With its comment signs taken off it must load.
const EXAMPLE: &str = r##"# An example, as is usual: inside hosts relay; bad reputation is blocked; doubtful reputation and
# clients never seen are throttled and greylisted, and must have a reverse name.
#[[sender_group]]
#name = "RELAYLIST"
#hosts = ["10.0.0.0/8", "192.0.2.32-47"]
#policy = "RELAY"
#[[sender_group]]
#name = "BLACKLIST"
#hosts = ["198.51.100.7", "sbrs[-10.0:-3.0]", "dnslist[bl.example.org]"]
#policy = "BLOCKED"
#[[sender_group]]
#name = "SUSPECTLIST"
#hosts = ["sbrs[-3.0:-1.0]", "sbrs[none]"]
#policy = "SUSPECTED"
#[[flow_policy]]
#name = "SUSPECTED"
#like = "THROTTLED"
#recipients_per_hour = 50
#reverse_absent = "450 4.7.25 Your address has no reverse name; come again when it has one"
#sender_unresolvable = "on"
#greylist = true
"##;

pub(super) const SENDERS: Table = Table::one(
    "senders",
    "Envelope senders that are always or never taken: user@example.org, user@, example.org, .example.org for all \
     below it, user@[192.0.2.1].",
    &[
        default(
            "senders.permitted",
            "a list of senders",
            "[]",
            "Taken though they are blocked below; all other rules hold for them.",
        ),
        default(
            "senders.blocked",
            "a list of senders",
            "[]",
            "Refused at MAIL FROM.",
        ),
        optional(
            "senders.blocked_reply",
            "a refusal of one line, such as \"550 5.7.1 Not from you\"",
            "\"550 5.7.1 Mail from this sender is not taken here\"",
            "What they are told.",
        ),
    ],
);

pub(super) const SENDER_EXCEPTION: Table = Table::repeated(
    "sender_exception",
    "Envelope senders that are not verified, or are refused, where a flow policy verifies senders. Asked from top to \
     bottom; the first that fits counts.",
    &[
        required(
            "sender_exception.sender",
            "user@domain, user@, @domain, @.domain or user@[ip]",
            "\"@partner.example\"",
            "Who: one address, \"user@\" in every domain, \"@example.org\", \"@.example.org\" for all below it.",
        ),
        required(
            "sender_exception.action",
            "\"allow\" or \"reject\"",
            "\"reject\"",
            "allow (its domain is not verified) or reject.",
        ),
        optional(
            "sender_exception.reply",
            "a refusal of one line, such as \"550 5.7.1 Not from you\"",
            "\"550 5.7.1 This sender is no longer used\"",
            "What a rejected one is told. Unless written, 550 5.7.1.",
        ),
    ],
);

pub(super) const REPUTATION: Table = Table::one(
    "reputation",
    "A client's score, from -10.0 to 10.0, comes of its history here; this may be added.",
    &[
        default(
            "reputation.dns_lists",
            "a list of zones",
            "[]",
            "DNS lists that take points off the score of those who are on them. A list that gives nonsense, or no \
             answer, is left out and shown by postern status.",
        ),
        default(
            "reputation.dns_list_points",
            "a number from 0.0 to 20.0",
            "4.0",
            "How many points each listing takes.",
        ),
        optional(
            "reputation.country_database",
            "an absolute path",
            "\"/var/lib/GeoIP/GeoLite2-Country.mmdb\"",
            "A database in MaxMind's format, for country[XX] in sender groups.",
        ),
    ],
);
