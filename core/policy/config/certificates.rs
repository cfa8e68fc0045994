//! `[tls]` and `[[dkim]]`: keys of our own, and whose word about clients' we take.

use crate::config::error::Problems;
use crate::config::section::{At, Section};
use crate::config::values;
use crate::config::{CertificateFiles, DkimKey, Tls};
use postern_vocab::Domain;
use std::path::PathBuf;
use toml::de::DeValue;

/// `[tls]`.
#[derive(Default)]
pub(crate) struct TypedTls {
    certificates: Option<Vec<At<PathBuf>>>,
    keys: Option<Vec<At<PathBuf>>>,
    ask_client_certificate: Option<At<bool>>,
    client_authorities: Option<At<PathBuf>>,
}

/// `[[dkim]]`.
pub(crate) struct TypedDkim {
    domain: Option<At<Domain>>,
    selector: Option<At<String>>,
    key: Option<At<PathBuf>>,
}

pub(crate) fn read(section: Section<'_>) -> TypedTls {
    TypedTls {
        certificates: section.list("certificates", values::path),
        keys: section.list("keys", values::path),
        ask_client_certificate: section.optional("ask_client_certificate", values::boolean),
        client_authorities: section.optional("client_authorities", values::path),
    }
}

pub(crate) fn read_dkim(section: &Section<'_>) -> TypedDkim {
    TypedDkim {
        domain: section.required("domain", values::domain),
        selector: section.required("selector", selector),
        key: section.required("key", values::path),
    }
}

/// Labels of a DNS name. RFC 6376 §3.1.
fn selector(value: &DeValue<'_>) -> Result<String, String> {
    values::domain(value).map(|domain| domain.to_string())
}

/// Each certificate with its key: the one at the same place of the other list, else the certificate's own file.
pub(crate) fn complete(typed: TypedTls, problems: &Problems<'_>) -> Tls {
    let certificates = typed.certificates.unwrap_or_default();
    let keys = typed.keys.unwrap_or_default();
    if let Some(first) = keys.first()
        && keys.len() != certificates.len()
    {
        problems.add_with_hint(
            first.at,
            format!(
                "there are {} tls.keys for {} tls.certificates",
                keys.len(),
                certificates.len()
            ),
            "write one key for each certificate, in the same order, or none where each file holds both",
        );
    }
    let mut keys = keys.into_iter();
    let files = certificates.into_iter().map(|certificate| CertificateFiles {
        key: keys
            .next()
            .map_or_else(|| certificate.value.clone(), |key| key.value),
        certificate: certificate.value,
    });
    Tls {
        certificates: files.collect(),
        ask_client_certificate: typed.ask_client_certificate.is_some_and(|one| one.value),
        client_authorities: typed.client_authorities.map(|one| one.value),
    }
}

/// The keys that outbound mail is signed with.
pub(crate) fn dkim(typed: Vec<TypedDkim>, problems: &Problems<'_>) -> Vec<DkimKey> {
    let mut keys: Vec<DkimKey> = Vec::with_capacity(typed.len());
    for one in typed {
        let (Some(domain), Some(selector), Some(key)) = (one.domain, one.selector, one.key) else {
            continue;
        };
        if keys
            .iter()
            .any(|known| known.domain == domain.value && known.selector == selector.value)
        {
            let message = format!(
                "there are two keys for selector \"{}\" of {}",
                selector.value, domain.value
            );
            problems.add(selector.at, message);
        }
        keys.push(DkimKey {
            domain: domain.value,
            selector: selector.value,
            key: key.value,
        });
    }
    keys
}
