//! DKIM signing of outbound mail by the domain of its author. RFC 6376, RFC 8301 (RSA keys of 2,048 bits and more, SHA-256
//! only), RFC 8463 (Ed25519).
//!
//! Who may send in a domain's name is not asked here: mail is outbound because its client may relay
//! ([`Direction::Outbound`]), and a key is configured for each domain that such clients own.

use crate::cuts::kept;
use bytes::Bytes;
use mail_auth::common::crypto::{Algorithm, DkimKey as Key, Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::{HeaderWriter, Writable};
use mail_auth::dkim::{Canonicalization, DkimSigner};
use postern_policy::DkimKey;
use postern_vocab::{BodyKind, Direction, Domain, Facts};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is signed, where the message has it: what a reader sees or answers to. RFC 6376 §5.4.1. Our own trace fields are
/// not: relays may rewrite or remove them.
const SIGNED_FIELDS: [&str; 11] = [
    "From",
    "Date",
    "Subject",
    "To",
    "Cc",
    "Reply-To",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
];

/// All keys that mail is signed with.
#[derive(Default)]
pub struct Signers {
    by_domain: BTreeMap<Domain, Vec<Signer>>,
}

struct Signer {
    selector: String,
    key: Key,
}

/// A key that a signature borrows: the library wants to own it, and it serves many messages.
struct Borrowed<'a>(&'a Key);

impl SigningKey for Borrowed<'_> {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        self.0.sign(input)
    }

    fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }
}

impl Signers {
    /// Reads the keys.
    ///
    /// # Errors
    /// One line for each key that cannot be used, with file, cause and remedy.
    pub fn load(keys: &[DkimKey]) -> Result<Self, Vec<String>> {
        let (mut signers, mut errors) = (Self::default(), Vec::new());
        for key in keys {
            match read(key) {
                Ok(signer) => signers
                    .by_domain
                    .entry(key.domain.clone())
                    .or_default()
                    .push(signer),
                Err(why) => errors.push(why),
            }
        }
        match errors.is_empty() {
            true => Ok(signers),
            false => Err(errors),
        }
    }

    /// The `DKIM-Signature` fields for a message as it will leave, one for each key of its author's domain, each ending in
    /// CRLF; they go in front of everything. `None` where nothing is to be signed: inbound mail, an author who is not exactly
    /// one, a domain without a key, a user who logged in and writes in another domain's name, or octets that are no lines (RFC 6376 §5.3 has no form for them).
    #[must_use]
    pub fn sign(&self, facts: &Facts, body: &[u8], cuts: &[(u64, u64)]) -> Option<Bytes> {
        if facts.direction != Direction::Outbound || facts.envelope.body == BodyKind::BinaryMime {
            return None;
        }
        let (domain, signers) = self.of_author(facts)?;
        let leaving = leaving(body, cuts);
        let fields = fields_of(&leaving)?;
        let mut signatures = String::new();
        for signer in signers {
            let signature = DkimSigner::from_key(Borrowed(&signer.key))
                .domain(domain.as_str())
                .selector(&signer.selector)
                .headers(fields.iter().copied())
                .header_canonicalization(Canonicalization::Relaxed)
                .body_canonicalization(Canonicalization::Relaxed)
                .sign(&leaving);
            match signature {
                Ok(signature) => signatures.push_str(&signature.to_header()),
                // Mail without a signature is better than no mail, and the administrator hears of it.
                Err(error) => eprintln!(
                    "postern: MID {} is not signed with {}._domainkey.{domain}: {error}",
                    facts.mid, signer.selector
                ),
            }
        }
        (!signatures.is_empty()).then(|| Bytes::from(signatures))
    }

    /// The keys of the author's domain, or of the nearest domain above it that has some: its signature is aligned with the
    /// author all the same (RFC 7489 §3.1.1).
    fn of_author(&self, facts: &Facts) -> Option<(&Domain, &[Signer])> {
        let has_two_fields = facts
            .mime
            .oddities
            .iter()
            .any(|oddity| oddity == "header.duplicate=from");
        let [author] = facts.header.from.as_slice() else {
            return None;
        };
        if has_two_fields {
            return None;
        }
        let mut name = author.rsplit_once('@')?.1;
        // Whoever logged in may write any From, but has our signature for their own domain only.
        if let Some(user) = &facts.user
            && !user
                .rsplit_once('@')
                .is_some_and(|(_, own)| own.eq_ignore_ascii_case(name))
        {
            return None;
        }
        loop {
            let domain: Domain = name.parse().ok()?;
            if let Some((domain, signers)) = self.by_domain.get_key_value(&domain) {
                return Some((domain, signers));
            }
            name = name.split_once('.')?.1;
        }
    }
}

/// The message without what is cut out of it; only then is it copied.
fn leaving<'a>(body: &'a [u8], cuts: &[(u64, u64)]) -> Cow<'a, [u8]> {
    if cuts.is_empty() {
        return Cow::Borrowed(body);
    }
    let pieces: Vec<&[u8]> = kept(body.len(), cuts)
        .into_iter()
        .map(|range| &body[range])
        .collect();
    Cow::Owned(pieces.concat())
}

/// Those of [`SIGNED_FIELDS`] that the header has, and From once more, so that nobody can add a second one (RFC 6376
/// §8.15). `None` without a From, which has to be signed (§5.4).
fn fields_of(message: &[u8]) -> Option<Vec<&'static str>> {
    let mut is_there = [false; SIGNED_FIELDS.len()];
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line == b"\r\n" {
            break;
        }
        let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
        let place = SIGNED_FIELDS
            .iter()
            .position(|field| name.eq_ignore_ascii_case(field.as_bytes()));
        if let Some(place) = place {
            is_there[place] = true;
        }
    }
    let mut fields: Vec<_> = SIGNED_FIELDS
        .into_iter()
        .zip(is_there)
        .filter_map(|(field, is_there)| is_there.then_some(field))
        .collect();
    fields.first().filter(|first| **first == "From")?;
    fields.push("From");
    Some(fields)
}

fn read(key: &DkimKey) -> Result<Signer, String> {
    let file = key.key.display();
    let der = PrivateKeyDer::from_pem_file(&key.key).map_err(|error| {
        format!(
            "{file}: the DKIM key of {} cannot be read: {error}; it has to be one PEM private key that the daemon's user can \
             read",
            key.domain
        )
    })?;
    let key_of = of_der(&der).map_err(|why| {
        format!(
            "{file}: the DKIM key of {} cannot be used: {why}; make one with `openssl genpkey -algorithm RSA -pkeyopt \
             rsa_keygen_bits:2048` or `openssl genpkey -algorithm ED25519`",
            key.domain
        )
    })?;
    Ok(Signer {
        selector: key.selector.clone(),
        key: key_of,
    })
}

/// RSA in either form, or Ed25519, with or without its public half.
fn of_der(der: &PrivateKeyDer<'_>) -> Result<Key, String> {
    let rsa = RsaKey::<Sha256>::from_key_der(der.clone_key());
    let rsa_error = match rsa {
        Ok(key) => return Ok(Key::Rsa(key)),
        Err(error) => error.to_string(),
    };
    if let PrivateKeyDer::Pkcs8(pkcs8) = der
        && let Ok(key) = Ed25519Key::from_pkcs8_maybe_unchecked_der(pkcs8.secret_pkcs8_der())
    {
        return Ok(Key::Ed25519(key));
    }
    Err(match rsa_error.contains("TooSmall") {
        true => "an RSA key needs 2,048 bits".to_owned(),
        false => format!("it is neither RSA nor Ed25519 ({rsa_error})"),
    })
}

#[cfg(test)]
pub(crate) mod tests;
