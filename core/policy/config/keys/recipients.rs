//! Whose mail is taken, and where it goes.

use super::{Table, default, optional, required};

pub(super) const DOMAIN: Table = Table::repeated(
    "domain",
    "A domain to take mail for, and where that mail goes.",
    &[
        required(
            "domain.name",
            "a domain name, or .domain for all below it",
            "\"example.test\"",
            "The domain without those below it; \".example.test\" is those below it without itself.",
        ),
        required(
            "domain.route",
            "HOST:PORT",
            "\"127.0.0.1:2526\"",
            "The mail server behind: an address or a host name; port 25 unless written.",
        ),
        optional(
            "domain.recipients",
            "a list of addresses, or of the parts before the @",
            "[\"alice\", \"bob\"]",
            "The recipients there are, beside postmaster and abuse; others are refused with 550 5.1.1. Unless \
             written, all recipients of the domain are taken.",
        ),
        optional(
            "domain.recipients_file",
            "an absolute path",
            "\"/etc/postern/recipients\"",
            "A file with more of them, one a line; what follows a # is a comment. It is read with this file.",
        ),
        optional(
            "domain.check",
            "\"table\", \"directory\", \"call-ahead\" or \"none\"",
            "\"table\"",
            "Who knows whether a recipient exists that is not listed above: nobody (table), the [directory], the mail \
             server behind (call-ahead). Unless written, table where recipients are listed, else none.",
        ),
        default(
            "domain.when_down",
            "\"defer\" or \"accept\"",
            "\"defer\"",
            "What a recipient gets when call-ahead has no answer: 451, or it is taken.",
        ),
        default(
            "domain.sub_address",
            "a text of + - _ = . and #, or none",
            "\"+\"",
            "What stands between a mailbox and a tag: user+tag is there when user is. \"\" switches it off.",
        ),
    ],
);

pub(super) const RECIPIENT: Table = Table::repeated(
    "recipient",
    "Recipients that are treated otherwise than their [[domain]] says, or that are in none. Asked from top to bottom \
     before the domains; the first that fits counts.",
    &[
        required(
            "recipient.address",
            "an address, user@, a domain, .domain, user@[ip] or [ip]",
            "\"retired@example.test\"",
            "Who: one address, \"user@\" in all our domains, \"example.org\", \".example.org\" for all below it, \
             \"user@[192.0.2.1]\", \"[192.0.2.1]\".",
        ),
        required(
            "recipient.action",
            "\"accept\" or \"reject\"",
            "\"reject\"",
            "accept or reject; what is accepted for a domain without a table goes by [[route]].",
        ),
        optional(
            "recipient.reply",
            "a refusal of one line, such as \"550 5.1.1 Nobody here\"",
            "\"550 5.1.1 Retired; write to office@example.test\"",
            "What a rejected one is told. Unless written, 550 5.1.1.",
        ),
        default(
            "recipient.bypass_rates",
            "true or false",
            "false",
            "Whether an accepted one is left out of recipients_per_hour and recipients_per_sender.",
        ),
        default(
            "recipient.bypass_check",
            "true or false",
            "false",
            "Whether an accepted one is taken without asking table, directory or next hop whether it exists.",
        ),
    ],
);

pub(super) const DIRECTORY: Table = Table::one(
    "directory",
    "A directory (LDAP) that knows the recipients of domains with check = \"directory\".",
    &[
        required(
            "directory.url",
            "a URL that begins with ldap:// or ldaps://",
            "\"ldap://127.0.0.1:389\"",
            "Where it is.",
        ),
        default(
            "directory.start_tls",
            "true or false",
            "false",
            "Whether ldap:// goes on in TLS; ldaps:// begins with it.",
        ),
        optional(
            "directory.authorities",
            "an absolute path",
            "\"/etc/postern/directory-ca.pem\"",
            "Authorities for its certificate, PEM. Unless written, the system's.",
        ),
        optional(
            "directory.bind_dn",
            "a text",
            "\"cn=postern,dc=example,dc=test\"",
            "Who we are there. Unless written, nobody (anonymous).",
        ),
        optional(
            "directory.bind_password_file",
            "an absolute path",
            "\"/etc/postern/directory.password\"",
            "A file with our password on its first line.",
        ),
        required(
            "directory.base",
            "a text",
            "\"dc=example,dc=test\"",
            "Where to search, with all that is below.",
        ),
        default(
            "directory.filter",
            "a search filter with {address}, or {local} and {domain}, in it",
            "\"(|(mail={address})(proxyAddresses=smtp:{address}))\"",
            "What to search for (RFC 4515); {address}, {local} and {domain} are the recipient's, escaped.",
        ),
        default(
            "directory.when_down",
            "\"defer\" or \"accept\"",
            "\"defer\"",
            "What a recipient gets when it has no answer: 451, or it is taken.",
        ),
    ],
);

pub(super) const ROUTE: Table = Table::repeated(
    "route",
    "Where other mail goes, such as bounces. The most specific one wins; without one, MX records.",
    &[
        required(
            "route.domain",
            "a domain, .domain for all below it, or *",
            "\"*\"",
            "\"example.org\", \".example.org\" for all below it, \"*\" for all the rest.",
        ),
        required(
            "route.to",
            "HOST:PORT",
            "\"smarthost.example.test:25\"",
            "The next hop.",
        ),
    ],
);
