//! The gateway itself: where it is, its pages, its limits.

use super::{Table, default, optional, required};

pub(super) const TOP: Table = Table::one(
    "",
    "Postern, an email security gateway. Times are \"30s\", \"5m\", \"2h\", \"5d\"; sizes \"50 MiB\", \"50 MB\".",
    &[
        required(
            "hostname",
            "a domain name",
            "\"mx.example.test\"",
            "The name of this gateway in its banner, in Received fields and in bounces: one that resolves to it.",
        ),
        default(
            "data_dir",
            "an absolute path",
            "\"/var/lib/postern\"",
            "Accepted mail, held mail and what is known about all of it.",
        ),
        optional(
            "run_dir",
            "an absolute path",
            "\"/run/postern\"",
            "The socket that commands and the portal use. Unless written: /run/postern if data_dir is the default, else the directory run in data_dir.",
        ),
        default(
            "shards",
            "a whole number from 0 to 1024",
            "0",
            "How many cores take mail; 0 is all of them.",
        ),
        default(
            "driver",
            "\"auto\", \"io_uring\" or \"epoll\"",
            "\"auto\"",
            "How the network is driven; auto is io_uring where the kernel allows it.",
        ),
    ],
);

pub(super) const PORTAL: Table = Table::one(
    "portal",
    "The web pages for users and administrators. Without this table there are none.",
    &[
        required(
            "portal.address",
            "an IP address with a port",
            "\"127.0.0.1:8025\"",
            "Where it listens.",
        ),
        optional(
            "portal.public_url",
            "a URL that begins with http:// or https://",
            "\"https://quarantine.example.test\"",
            "How users reach it, for the links in digests. Unless written, http:// and the address.",
        ),
    ],
);

pub(super) const DIGEST: Table = Table::one(
    "digest",
    "The mail that tells users what is held for them.",
    &[optional(
        "digest.from",
        "a mail address",
        "\"quarantine@example.test\"",
        "Who it comes from. Unless written, quarantine@ and the first domain.",
    )],
);

pub(super) const DNS: Table = Table::one(
    "dns",
    "Name look-ups.",
    &[default(
        "dns.servers",
        "a list of IP addresses, with or without a port",
        "[]",
        "The servers to ask, such as \"127.0.0.1:53\"; none means those of the system.",
    )],
);

pub(super) const LIMITS: Table = Table::one(
    "limits",
    "What is too much. A client that goes over a limit is told so and the event is kept.",
    &[
        default(
            "limits.message_bytes",
            "a size from 1 B to 1 GiB",
            "\"50 MiB\"",
            "One message.",
        ),
        default(
            "limits.recipients",
            "a whole number from 1 to 10000",
            "1000",
            "Recipients of one message; RFC 5321 asks for at least 100.",
        ),
        default(
            "limits.messages_per_connection",
            "a whole number from 1 to 1000000",
            "1000",
            "Messages of one connection.",
        ),
        default(
            "limits.conversation_lines",
            "a whole number from 0 to 10000",
            "400",
            "Lines that are kept of what a connection said; the rest is counted. 0 keeps nothing.",
        ),
        default(
            "limits.connections",
            "a whole number from 1 to 1000000",
            "20000",
            "Connections at once, for each core.",
        ),
        default(
            "limits.command_timeout",
            "a time from 1s to 1h",
            "\"5m\"",
            "How long a client may be silent.",
        ),
        default(
            "limits.retry_first",
            "a time from 1s to 1d",
            "\"1m\"",
            "The wait after a delivery's first temporary failure; it doubles after each.",
        ),
        default(
            "limits.retry_max",
            "a time from 1s to 7d",
            "\"1h\"",
            "The longest wait between two attempts.",
        ),
        default(
            "limits.retry_for",
            "a time from 1s to 30d",
            "\"5d\"",
            "How long delivery is tried before the sender gets a bounce.",
        ),
    ],
);
