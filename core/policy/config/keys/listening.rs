//! Where mail is taken in, and the certificates for it.

use super::{Table, default, optional, required};

const NETWORKS: &str = "a list of addresses and networks, such as [\"192.0.2.1\", \"10.0.0.0/8\"]";

pub(super) const LISTENER: Table = Table::repeated(
    "listener",
    "Where mail is taken in; one table for each address.",
    &[
        required(
            "listener.name",
            "a name of letters, digits, - and _",
            "\"inbound\"",
            "Its name in logs and rules.",
        ),
        required(
            "listener.address",
            "an IP address with a port",
            "\"127.0.0.1:2525\"",
            "Where it listens: \"0.0.0.0:25\" takes mail from everywhere, \"[::]:25\" over IPv6.",
        ),
        default(
            "listener.tls",
            "\"starttls\", \"implicit\" or \"off\"",
            "\"starttls\"",
            "How TLS begins: by STARTTLS, with the first octet (port 465), or never.",
        ),
        default(
            "listener.auth",
            "true or false",
            "false",
            "Whether users of the portal can log in to send mail; in TLS only.",
        ),
        default(
            "listener.policy",
            "the name of a flow policy",
            "\"ACCEPTED\"",
            "The mail flow policy of clients that no sender group names.",
        ),
        default(
            "listener.proxy_protocol",
            NETWORKS,
            "[]",
            "Proxies in front of us: each of them must begin with a PROXY header (HAProxy), and is believed.",
        ),
        default(
            "listener.xclient",
            NETWORKS,
            "[]",
            "Hosts that may say by XCLIENT for whom they speak, and are believed.",
        ),
    ],
);

pub(super) const TLS: Table = Table::one(
    "tls",
    "Certificates. Without any, one is made at the first start, and kept.",
    &[
        optional(
            "tls.certificates",
            "a list of absolute paths",
            "[\"/etc/postern/mx.pem\"]",
            "Our certificates, PEM, each with those that lead to its authority. The name that a client asks for (SNI) \
             picks one; of two for a name, ECDSA and RSA, the client's abilities do.",
        ),
        optional(
            "tls.keys",
            "a list of absolute paths",
            "[\"/etc/postern/mx.key\"]",
            "Their keys, PEM, in the same order. Unless written, each key is in its certificate's file.",
        ),
        default(
            "tls.ask_client_certificate",
            "true or false",
            "false",
            "Whether a client is asked for a certificate. It need not have one.",
        ),
        optional(
            "tls.client_authorities",
            "an absolute path",
            "\"/etc/postern/client-ca.pem\"",
            "Authorities whose client certificates count as verified, PEM.",
        ),
    ],
);

pub(super) const DKIM: Table = Table::repeated(
    "dkim",
    "A key that outbound mail of a domain is signed with (RFC 6376).",
    &[
        required(
            "dkim.domain",
            "a domain name",
            "\"example.test\"",
            "The domain of the sender, and d= of the signature.",
        ),
        required(
            "dkim.selector",
            "a name of letters, digits, - and dots",
            "\"postern\"",
            "s= of the signature: the public key is in the DNS at SELECTOR._domainkey.DOMAIN.",
        ),
        required(
            "dkim.key",
            "an absolute path",
            "\"/etc/postern/dkim.key\"",
            "The private key, RSA or Ed25519, PEM.",
        ),
    ],
);

pub(super) const LOG: Table = Table::repeated(
    "log",
    "What is logged beside mail_logs. It follows a reload.",
    &[
        required(
            "log.name",
            "a name of letters, digits, - and _",
            "\"partner_trouble\"",
            "Its name, and that of its file.",
        ),
        required(
            "log.kind",
            "\"injection_debug\"",
            "\"injection_debug\"",
            "injection_debug keeps all that is said on the connections of some peers.",
        ),
        required(
            "log.peers",
            "a list of addresses, networks, ranges, hosts and .hosts",
            "[\"192.0.2.7\", \".partner.example\"]",
            "Which peers.",
        ),
        default(
            "log.connections",
            "a whole number from 1 to 100000",
            "100",
            "How many connections are enough.",
        ),
    ],
);
