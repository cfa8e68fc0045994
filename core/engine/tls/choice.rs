//! Which of our certificates a client is shown: by the name it asks for, then by the signatures it can check, so that
//! an ECDSA and an RSA certificate of one name stand side by side. RFC 6066 §3, RFC 8446 §4.2.3.

use super::certificates::Loaded;
use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// All our certificates, in the order of the configuration.
pub struct Choice(Vec<Named>);

struct Named {
    names: Vec<String>,
    certified: Arc<CertifiedKey>,
}

impl Choice {
    /// Out of these; there is at least one.
    pub fn new(loaded: Vec<Loaded>) -> Self {
        let named = loaded.into_iter().map(|one| Named {
            names: one.names,
            certified: one.certified,
        });
        Self(named.collect())
    }

    /// One that bears the name; else one whose wildcard covers it; else any. Of these the first that the client can
    /// check. A mail client seldom cares for the name (RFC 7435), so a foreign one is better than none.
    fn pick(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let exact = |one: &&Named| {
            name.is_some_and(|name| one.names.iter().any(|own| own.eq_ignore_ascii_case(name)))
        };
        let wild = |one: &&Named| name.is_some_and(|name| one.names.iter().any(|own| covers(own, name)));
        let fits = |one: &&Named| one.certified.key.choose_scheme(schemes).is_some();
        let ours = || self.0.iter();
        let picked = ours().filter(exact).find(fits);
        let picked = picked.or_else(|| ours().filter(wild).find(fits));
        let picked = picked.or_else(|| ours().find(fits));
        picked.map(|one| Arc::clone(&one.certified))
    }
}

/// A wildcard stands for one whole label, the first. RFC 6125 §6.4.3.
fn covers(own: &str, name: &str) -> bool {
    let rest = own.strip_prefix("*.");
    let asked = name.split_once('.');
    rest.zip(asked)
        .is_some_and(|(own, (label, asked))| !label.is_empty() && own.eq_ignore_ascii_case(asked))
}

impl fmt::Debug for Choice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.0.iter().map(|one| &one.names))
            .finish()
    }
}

/// One connection's view of the choice. It notes what was asked for, because the kind of connection that decrypts in the
/// buffer we read into does not tell it.
#[derive(Debug)]
pub struct Noted {
    choice: Arc<Choice>,
    asked: OnceLock<Asked>,
}

#[derive(Debug)]
struct Asked {
    name: Option<String>,
    fits: bool,
}

impl Noted {
    /// For one connection.
    pub fn new(choice: Arc<Choice>) -> Self {
        Self {
            choice,
            asked: OnceLock::new(),
        }
    }

    /// The name that the client asked for.
    pub fn name(&self) -> Option<String> {
        self.asked.get()?.name.clone()
    }

    /// Whether the client was offered none of our certificates: it could have checked none.
    pub fn none_fits(&self) -> bool {
        self.asked.get().is_some_and(|asked| !asked.fits)
    }
}

impl ResolvesServerCert for Noted {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_owned);
        let picked = self.choice.pick(name.as_deref(), hello.signature_schemes());
        let fits = picked.is_some();
        // A second hello (RFC 8446 §4.1.2) repeats what the first one said.
        let _ = self.asked.set(Asked { name, fits });
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::PrivateKeyDer;

    const ECDSA: &[SignatureScheme] = &[SignatureScheme::ECDSA_NISTP256_SHA256];
    const RSA: &[SignatureScheme] = &[SignatureScheme::RSA_PSS_SHA256];
    const ED25519: &[SignatureScheme] = &[SignatureScheme::ED25519];

    fn named(algorithm: &'static rcgen::SignatureAlgorithm, names: &[&str]) -> Named {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let certificate = CertificateParams::new(names.clone())
            .expect("names")
            .self_signed(&key);
        let chain = vec![certificate.expect("a certificate").der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let certified = CertifiedKey::from_der(chain, key, &crate::tls::provider()).expect("they fit");
        Named {
            names,
            certified: Arc::new(certified),
        }
    }

    #[test]
    fn by_name_and_then_by_what_the_client_can_check() {
        let choice = Choice(vec![
            named(&rcgen::PKCS_RSA_SHA256, &["mx.example.com"]),
            named(
                &rcgen::PKCS_ECDSA_P256_SHA256,
                &["mx.example.com", "other.example"],
            ),
            named(&rcgen::PKCS_ECDSA_P256_SHA256, &["*.example.net"]),
            named(&rcgen::PKCS_ECDSA_P256_SHA256, &["mx.example.net"]),
        ]);
        let both = [ECDSA, RSA].concat();
        let rows = [
            (
                Some("mx.example.com"),
                &both[..],
                Some(0),
                "the first of its name",
            ),
            (
                Some("mx.example.com"),
                ECDSA,
                Some(1),
                "the one of its name that fits",
            ),
            (Some("MX.Example.COM"), RSA, Some(0), "names have no case"),
            (Some("other.example"), &both, Some(1), "its second name"),
            (
                Some("other.example"),
                RSA,
                Some(0),
                "no RSA of that name: any RSA",
            ),
            (
                Some("mx.example.net"),
                &both,
                Some(3),
                "the exact name before the wildcard",
            ),
            (Some("in.example.net"), &both, Some(2), "the wildcard"),
            (Some("a.b.example.net"), &both, Some(0), "a wildcard is one label"),
            (Some("example.net"), &both, Some(0), "and not none"),
            (Some(".example.net"), &both, Some(0), "nor an empty one"),
            (
                Some("unknown.example"),
                ECDSA,
                Some(1),
                "an unknown name: the first that fits",
            ),
            (None, &both, Some(0), "no name: the first"),
            (None, ECDSA, Some(1), "no name: the first that fits"),
            (None, ED25519, None, "the client can check none"),
        ];
        for (name, schemes, expected, reason) in rows {
            let picked = choice.pick(name, schemes);
            let index = picked.and_then(|picked| {
                let is_it = |one: &Named| Arc::ptr_eq(&one.certified, &picked);
                choice.0.iter().position(is_it)
            });
            assert_eq!(index, expected, "{name:?}: {reason}");
        }
    }
}
