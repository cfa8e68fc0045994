//! Mail flow policies: what clients may do.

use super::{Table, default, optional, required};

const COUNT: &str = "a whole number from 1 to 1000000";
const COUNT_OR_NONE: &str = "a whole number from 0 to 1000000, where 0 is any number";
const REQUIREMENT: &str = "\"none\", \"preferred\" or \"required\"";
const SWITCH: &str = "\"off\", \"on\" or a refusal of one line, such as \"550 5.7.25 No reverse name\"";

pub(super) const FLOW_POLICY: Table = Table::repeated(
    "flow_policy",
    "What clients may do, and how much of it. There are ACCEPTED, TRUSTED, THROTTLED, BLOCKED, RELAY and CONTINUE; one \
     of the same name takes the place of the shipped one. The values here are those of ACCEPTED.",
    &[
        required(
            "flow_policy.name",
            "a name of letters, digits, - and _",
            "\"PARTNERS\"",
            "Its name.",
        ),
        optional(
            "flow_policy.like",
            "the name of a flow policy",
            "\"ACCEPTED\"",
            "The policy that gives what is not written here: a shipped one, or one that is written above. Unless \
             written, the one whose place it takes, else ACCEPTED.",
        ),
        default(
            "flow_policy.access",
            "\"accept\", \"relay\", \"reject\", \"refuse\" or \"continue\"",
            "\"accept\"",
            "accept (mail for our recipients), relay (mail for everyone), reject (no mail), refuse (closed without a \
             word, and hardly on record), continue (on to the next sender group).",
        ),
        default(
            "flow_policy.reject_at",
            "\"recipient\" or \"banner\"",
            "\"recipient\"",
            "When a rejected client is told: at each recipient, so that both ends are on record and a user may log in \
             and send all the same, or at once.",
        ),
        optional(
            "flow_policy.reject_reply",
            "a refusal of one line, such as \"554 5.7.1 Not from you\"",
            "\"554 5.7.1 Your reputation is poor; contact the recipient by other means\"",
            "What it is told. Unless written, 554 5.7.1 and what administrators of other appliances know.",
        ),
        optional(
            "flow_policy.hostname",
            "a domain name",
            "\"mx2.example.test\"",
            "Our name in the banner and in the reply to EHLO. Unless written, hostname.",
        ),
        optional(
            "flow_policy.banner",
            "a text of one line",
            "\"ESMTP ready\"",
            "What stands behind our name in the banner. Unless written, ESMTP.",
        ),
        default(
            "flow_policy.connections_per_address",
            COUNT,
            "1000",
            "Connections at once from one address. Unless written, addresses of this machine are not counted.",
        ),
        default(
            "flow_policy.connections_per_network",
            COUNT_OR_NONE,
            "0",
            "Connections at once from one network, as large as significant_bits say.",
        ),
        default(
            "flow_policy.messages_per_connection",
            COUNT,
            "1000",
            "As in [limits].",
        ),
        default(
            "flow_policy.recipients_per_message",
            "a whole number from 1 to 10000",
            "1000",
            "As in [limits].",
        ),
        default(
            "flow_policy.message_bytes",
            "a size from 1 B to 1 GiB",
            "\"50 MiB\"",
            "As in [limits].",
        ),
        default(
            "flow_policy.recipients_per_hour",
            COUNT_OR_NONE,
            "0",
            "Recipients an hour from one client, over all listeners.",
        ),
        default(
            "flow_policy.recipients_per_sender",
            "a number and a time, such as \"100/1h\", or 0 for any number",
            "0",
            "Recipients from one envelope sender, in what time.",
        ),
        default(
            "flow_policy.sender_rate_exempt",
            "a list of addresses, domains and .domains",
            "[]",
            "Envelope senders that recipients_per_sender does not count.",
        ),
        default(
            "flow_policy.significant_bits_v4",
            "a whole number from 8 to 32",
            "32",
            "How much of an IPv4 address makes one client for the rates.",
        ),
        default(
            "flow_policy.significant_bits_v6",
            "a whole number from 16 to 128",
            "64",
            "The same for IPv6.",
        ),
        default(
            "flow_policy.invalid_recipients_per_hour",
            COUNT_OR_NONE,
            "25",
            "Recipients an hour that do not exist before a client is taken for a harvester of addresses.",
        ),
        default(
            "flow_policy.errors_per_connection",
            COUNT,
            "20",
            "Malformed and unknown commands before the connection is closed.",
        ),
        default(
            "flow_policy.tarpit",
            "a time from 0s to 1m",
            "\"1s\"",
            "How long each reply to an error waits, once there were ten.",
        ),
        default(
            "flow_policy.antispam",
            "true or false",
            "true",
            "Whether the spam score counts; viruses are looked for in any case.",
        ),
        default(
            "flow_policy.reputation",
            "true or false",
            "true",
            "Whether reputation counts for what follows, such as greylisting.",
        ),
        default(
            "flow_policy.tls",
            REQUIREMENT,
            "\"preferred\"",
            "STARTTLS: none is not to offer it.",
        ),
        default(
            "flow_policy.auth",
            REQUIREMENT,
            "\"preferred\"",
            "Logging in, on listeners with auth.",
        ),
        default(
            "flow_policy.reverse_absent",
            SWITCH,
            "\"off\"",
            "The client's address has no reverse name.",
        ),
        default(
            "flow_policy.reverse_unavailable",
            SWITCH,
            "\"off\"",
            "It could not be looked up.",
        ),
        default(
            "flow_policy.reverse_mismatch",
            SWITCH,
            "\"off\"",
            "It does not resolve back to the address.",
        ),
        default(
            "flow_policy.sender_malformed",
            SWITCH,
            "\"off\"",
            "The sender is no address. It is refused in any case; this is about the words.",
        ),
        default(
            "flow_policy.sender_unqualified",
            SWITCH,
            "\"off\"",
            "The sender's domain has no dot.",
        ),
        default(
            "flow_policy.sender_unresolvable",
            SWITCH,
            "\"off\"",
            "The sender's domain has neither MX nor address in the DNS.",
        ),
        default(
            "flow_policy.sender_unavailable",
            SWITCH,
            "\"off\"",
            "It could not be looked up.",
        ),
        default(
            "flow_policy.sender_exceptions",
            "true or false",
            "true",
            "Whether [[sender_exception]] is asked before the sender is verified.",
        ),
        default(
            "flow_policy.greylist",
            "true or false",
            "false",
            "Whether unknown senders are told to come again.",
        ),
        default(
            "flow_policy.greylist_below",
            "a number from -10.0 to 10.1",
            "10.1",
            "Only clients whose reputation is below this; those without one count as 0.0.",
        ),
        default(
            "flow_policy.greylist_wait",
            "a time from 1s to 1d",
            "\"3m\"",
            "How long they have to wait.",
        ),
        default(
            "flow_policy.greylist_retry_within",
            "a time from 1m to 7d",
            "\"2d\"",
            "How long they may take to come again.",
        ),
        default(
            "flow_policy.greylist_remember",
            "a time from 1h to 365d",
            "\"36d\"",
            "How long one that came again is known, since it was last seen.",
        ),
        default(
            "flow_policy.bare_line_ends",
            "\"refuse\" or \"normalise\"",
            "\"refuse\"",
            "What becomes of a message with bare CR or LF. Only for known broken senders may they be normalised.",
        ),
    ],
);
