//! Everything that can be written in the configuration, in one place: the reader checks keys against this table, its
//! hints and "did you mean" come from it, and the starter configuration is printed from it. The texts are the manual.

/// One table of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Table {
    /// Its name; empty for the keys above the first table.
    pub name: &'static str,
    /// Whether it is written `[[name]]`, once for each of its kind.
    pub repeats: bool,
    /// What it is for.
    pub doc: &'static str,
}

/// One key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// `table.key`, or `key` above the first table.
    pub path: &'static str,
    /// What is written there, so that "must be" can stand before it.
    pub kind: &'static str,
    /// What holds when it is not written.
    pub default: Given,
    /// What it is for.
    pub doc: &'static str,
}

/// What holds for a key that is not written. Each text is TOML.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Given {
    /// It must be written, for example so.
    Required(&'static str),
    /// This value.
    Default(&'static str),
    /// What its text says; a value would look like this.
    Optional(&'static str),
}

impl Key {
    /// The table it belongs to; empty above the first one.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(table, _)| table)
    }

    /// Its name within the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// A value that may be written: the default where there is one.
    #[must_use]
    pub fn example(&self) -> &'static str {
        match self.default {
            Given::Required(text) | Given::Default(text) | Given::Optional(text) => text,
        }
    }
}

/// Every table, in the order of the starter configuration.
pub const TABLES: &[Table] = &[
    table(
        "",
        "Postern, an email security gateway. Times are \"30s\", \"5m\", \"2h\", \"5d\"; sizes \"50 MiB\", \"50 MB\".",
    ),
    repeated("listener", "Where mail is taken in; one table for each address."),
    repeated("domain", "A domain to take mail for, and where that mail goes."),
    table(
        "portal",
        "The web pages for users and administrators. Without this table there are none.",
    ),
    repeated(
        "route",
        "Where other mail goes, such as bounces. The most specific one wins; without one, MX records.",
    ),
    table("antispam", "The spam score runs from 0 to 100."),
    table(
        "antivirus",
        "What follows when a virus is found. No safelist changes it.",
    ),
    table(
        "scan",
        "What follows when a message cannot be looked into: nested too deep, too many parts, broken.",
    ),
    repeated(
        "quarantine",
        "How long held mail is kept, by quarantine: \"spam\", \"virus\", \"unscannable\".",
    ),
    table("digest", "The mail that tells users what is held for them."),
    table("dns", "Name look-ups."),
    table(
        "limits",
        "What is too much. A client that goes over a limit is told so and the event is kept.",
    ),
];

/// Tables that are planned and not there yet: an entry in them would have no effect, so they are refused by name.
pub(crate) const NOT_SUPPORTED: [&str; 13] = [
    "authentication",
    "content_filter",
    "destination",
    "directory",
    "flow_policy",
    "log",
    "mail_policy",
    "message_filter",
    "recipient",
    "report",
    "sender_exception",
    "sender_group",
    "tls",
];

const ACTION: &str = "\"deliver\", \"quarantine\", \"drop\" or \"refuse\"";

/// Every key, table by table.
pub const KEYS: &[Key] = &[
    Key {
        path: "hostname",
        kind: "a domain name",
        default: Given::Required("\"mx.example.test\""),
        doc: "The name of this gateway in its banner, in Received fields and in bounces: one that resolves to it.",
    },
    Key {
        path: "data_dir",
        kind: "an absolute path",
        default: Given::Default("\"/var/lib/postern\""),
        doc: "Accepted mail, held mail and what is known about all of it.",
    },
    Key {
        path: "run_dir",
        kind: "an absolute path",
        default: Given::Optional("\"/run/postern\""),
        doc: "The socket that commands and the portal use. Unless written: /run/postern if data_dir is the default, \
              else the directory run in data_dir.",
    },
    Key {
        path: "shards",
        kind: "a whole number from 0 to 1024",
        default: Given::Default("0"),
        doc: "How many cores take mail; 0 is all of them.",
    },
    Key {
        path: "driver",
        kind: "\"auto\", \"io_uring\" or \"epoll\"",
        default: Given::Default("\"auto\""),
        doc: "How the network is driven; auto is io_uring where the kernel allows it.",
    },
    Key {
        path: "listener.name",
        kind: "a name of letters, digits, - and _",
        default: Given::Required("\"inbound\""),
        doc: "Its name in logs.",
    },
    Key {
        path: "listener.address",
        kind: "an IP address with a port",
        default: Given::Required("\"127.0.0.1:2525\""),
        doc: "Where it listens: \"0.0.0.0:25\" takes mail from everywhere, \"[::]:25\" over IPv6.",
    },
    Key {
        path: "domain.name",
        kind: "a domain name",
        default: Given::Required("\"example.test\""),
        doc: "The domain; its subdomains are not included.",
    },
    Key {
        path: "domain.route",
        kind: "HOST:PORT",
        default: Given::Required("\"127.0.0.1:2526\""),
        doc: "The mail server behind: an address or a host name; port 25 unless written.",
    },
    Key {
        path: "domain.recipients",
        kind: "a list of addresses, or of the parts before the @",
        default: Given::Optional("[\"alice\", \"bob\"]"),
        doc: "The recipients there are, beside postmaster and abuse; others are refused with 550 5.1.1. Unless \
              written, all recipients of the domain are taken.",
    },
    Key {
        path: "portal.address",
        kind: "an IP address with a port",
        default: Given::Required("\"127.0.0.1:8025\""),
        doc: "Where it listens.",
    },
    Key {
        path: "portal.public_url",
        kind: "a URL that begins with http:// or https://",
        default: Given::Optional("\"https://quarantine.example.test\""),
        doc: "How users reach it, for the links in digests. Unless written, http:// and the address.",
    },
    Key {
        path: "route.domain",
        kind: "a domain, .domain for all below it, or *",
        default: Given::Required("\"*\""),
        doc: "\"example.org\", \".example.org\" for all below it, \"*\" for all the rest.",
    },
    Key {
        path: "route.to",
        kind: "HOST:PORT",
        default: Given::Required("\"smarthost.example.test:25\""),
        doc: "The next hop.",
    },
    Key {
        path: "antispam.suspect",
        kind: "a whole number from 25 to antispam.positive",
        default: Given::Default("50"),
        doc: "From this score on, a message is suspected spam.",
    },
    Key {
        path: "antispam.positive",
        kind: "a whole number from 50 to 99",
        default: Given::Default("90"),
        doc: "From this score on, a message is spam.",
    },
    Key {
        path: "antispam.suspect_action",
        kind: ACTION,
        default: Given::Default("\"deliver\""),
        doc: "deliver (marked in the header), quarantine, drop or refuse.",
    },
    Key {
        path: "antispam.positive_action",
        kind: ACTION,
        default: Given::Default("\"quarantine\""),
        doc: "The same, for spam.",
    },
    Key {
        path: "antivirus.action",
        kind: "\"quarantine\", \"drop\" or \"refuse\"",
        default: Given::Default("\"quarantine\""),
        doc: "quarantine, drop or refuse.",
    },
    Key {
        path: "scan.unscannable_action",
        kind: ACTION,
        default: Given::Default("\"quarantine\""),
        doc: "deliver, quarantine, drop or refuse.",
    },
    Key {
        path: "quarantine.name",
        kind: "\"spam\", \"virus\" or \"unscannable\"",
        default: Given::Required("\"spam\""),
        doc: "Which one.",
    },
    Key {
        path: "quarantine.retention",
        kind: "a time from 1h to 3650d",
        default: Given::Default("\"30d\""),
        doc: "How long mail stays before it is deleted.",
    },
    Key {
        path: "digest.from",
        kind: "a mail address",
        default: Given::Optional("\"quarantine@example.test\""),
        doc: "Who it comes from. Unless written, quarantine@ and the first domain.",
    },
    Key {
        path: "dns.servers",
        kind: "a list of IP addresses, with or without a port",
        default: Given::Default("[]"),
        doc: "The servers to ask, such as \"127.0.0.1:53\"; none means those of the system.",
    },
    Key {
        path: "limits.message_bytes",
        kind: "a size from 1 B to 1 GiB",
        default: Given::Default("\"50 MiB\""),
        doc: "One message.",
    },
    Key {
        path: "limits.recipients",
        kind: "a whole number from 1 to 10000",
        default: Given::Default("1000"),
        doc: "Recipients of one message; RFC 5321 asks for at least 100.",
    },
    Key {
        path: "limits.messages_per_connection",
        kind: "a whole number from 1 to 1000000",
        default: Given::Default("1000"),
        doc: "Messages of one connection.",
    },
    Key {
        path: "limits.connections",
        kind: "a whole number from 1 to 1000000",
        default: Given::Default("20000"),
        doc: "Connections at once, for each core.",
    },
    Key {
        path: "limits.command_timeout",
        kind: "a time from 1s to 1h",
        default: Given::Default("\"5m\""),
        doc: "How long a client may be silent.",
    },
    Key {
        path: "limits.retry_first",
        kind: "a time from 1s to 1d",
        default: Given::Default("\"1m\""),
        doc: "The wait after a delivery's first temporary failure; it doubles after each.",
    },
    Key {
        path: "limits.retry_max",
        kind: "a time from 1s to 7d",
        default: Given::Default("\"1h\""),
        doc: "The longest wait between two attempts.",
    },
    Key {
        path: "limits.retry_for",
        kind: "a time from 1s to 30d",
        default: Given::Default("\"5d\""),
        doc: "How long delivery is tried before the sender gets a bounce.",
    },
];

const fn table(name: &'static str, doc: &'static str) -> Table {
    Table {
        name,
        repeats: false,
        doc,
    }
}

const fn repeated(name: &'static str, doc: &'static str) -> Table {
    Table {
        name,
        repeats: true,
        doc,
    }
}

/// The keys of one table.
pub(crate) fn keys_of(table: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.table() == table)
}

/// The key of this name in this table.
pub(crate) fn find(table: &str, name: &str) -> Option<&'static Key> {
    keys_of(table).find(|key| key.name() == name)
}

/// The candidate that a misspelt word most likely stands for.
pub(crate) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    const LIKENESS_MIN: f64 = 0.8;
    let likeness = |candidate: &str| strsim::jaro_winkler(&word.to_lowercase(), candidate);
    let scored = candidates.map(|candidate| (likeness(candidate), candidate));
    let best = scored
        .filter(|(score, _)| *score >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_belongs_to_a_table_and_is_there_once() {
        for key in KEYS {
            assert!(
                TABLES.iter().any(|table| table.name == key.table()),
                "{} has a table",
                key.path
            );
            assert_eq!(
                KEYS.iter().filter(|other| other.path == key.path).count(),
                1,
                "{}",
                key.path
            );
        }
        for table in TABLES {
            assert!(keys_of(table.name).next().is_some(), "[{}] has keys", table.name);
            assert!(
                !NOT_SUPPORTED.contains(&table.name),
                "[{}] is either supported or not",
                table.name
            );
        }
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour_and_a_strange_one_finds_none() {
        let near = |word| nearest(word, KEYS.iter().map(Key::name));
        let rows = [
            ("hostnme", Some("hostname")),
            ("Hostname", Some("hostname")),
            ("datadir", Some("data_dir")),
            ("data-dir", Some("data_dir")),
            ("message_size", Some("message_bytes")),
            ("zzz", None),
        ];
        for (word, expected) in rows {
            assert_eq!(near(word), expected, "{word}");
        }
    }
}
