//! Certificates and keys, read from their files. Every error names the file, the cause and the remedy. PEM: RFC 7468.

use postern_policy::CertificateFiles;
use postern_vocab::limits;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// A certificate that can be shown.
pub struct Loaded {
    /// With its chain and its key.
    pub certified: Arc<CertifiedKey>,
    /// The host names it is for, in lower case; a wildcard as it is written.
    pub names: Vec<String>,
    /// What an administrator should know about it, though it works.
    pub warning: Option<String>,
}

/// Reads a chain and its key, and looks whether they fit each other and the time.
///
/// # Errors
/// A sentence for the administrator.
pub fn load(files: &CertificateFiles, provider: &CryptoProvider, now: UnixTime) -> Result<Loaded, String> {
    let path = files.certificate.display();
    let chain = chain(&files.certificate)?;
    let key = private_key(&files.key)?;
    let leaf = parsed(&chain, &files.certificate)?;
    let (names, warning) = (
        names_in(&leaf),
        warning(&leaf, now).map(|what| format!("certificate {path}: {what}")),
    );
    let certified =
        CertifiedKey::from_der(chain, key, provider).map_err(|error| does_not_fit(files, &error))?;
    Ok(Loaded {
        certified: Arc::new(certified),
        names,
        warning,
    })
}

/// The host names that a certificate is for.
///
/// # Errors
/// The same as when it is loaded, but for the key.
pub fn names(files: &CertificateFiles) -> Result<Vec<String>, String> {
    let chain = chain(&files.certificate)?;
    Ok(names_in(&parsed(&chain, &files.certificate)?))
}

/// Reads the authorities whose client certificates count as verified.
///
/// # Errors
/// A sentence for the administrator.
pub fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(path)? {
        roots.add(certificate).map_err(|error| {
            format!(
                "client authorities {}: one certificate cannot be used ({error}); take it out",
                path.display()
            )
        })?;
    }
    Ok(roots)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let (text, path) = (read(path)?, path.display());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| {
        let why = not_pem(&error);
        format!("certificate {path} is not PEM ({why}); convert it, or copy it again")
    })?;
    match chain.is_empty() {
        true => Err(format!(
            "certificate {path}: there is no certificate in it; it must begin with -----BEGIN CERTIFICATE-----"
        )),
        false => Ok(chain),
    }
}

/// The library shows the octets of a line as numbers.
fn not_pem(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "an -----END line is missing".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a -----BEGIN line is damaged".to_owned(),
        other => other.to_string(),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = read(path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let encrypted = memchr::memmem::find(&text, b"ENCRYPTED").is_some();
        let path = path.display();
        match encrypted {
            true => format!(
                "key {path} is protected by a password; take it off: openssl pkey -in {path} -out plain.pem"
            ),
            false => format!(
                "key {path}: there is no private key in it ({error}); it must be PEM: PKCS#8, PKCS#1 or SEC1"
            ),
        }
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let file =
        File::open(path).and_then(|file| file.take(limits::TLS_FILE_BYTES_MAX + 1).read_to_end(&mut text));
    let remedy = match file {
        Ok(octets) if octets as u64 > limits::TLS_FILE_BYTES_MAX => {
            return Err(format!(
                "{} is larger than {} octets; it is no certificate, key or list of authorities",
                path.display(),
                limits::TLS_FILE_BYTES_MAX
            ));
        }
        Ok(_) => return Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (error, "put it there, or correct the path"),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            (error, "let the user that postern runs as read it")
        }
        Err(error) => (error, "see the path in [tls]"),
    };
    let (error, remedy) = remedy;
    Err(format!("{} cannot be read: {error}; {remedy}", path.display()))
}

fn parsed<'c>(chain: &'c [CertificateDer<'_>], path: &Path) -> Result<X509Certificate<'c>, String> {
    let first = chain.first().map_or(&[][..], |certificate| certificate.as_ref());
    let (_, certificate) = X509Certificate::from_der(first).map_err(|error| {
        format!(
            "certificate {} cannot be understood ({error}); have it issued again",
            path.display()
        )
    })?;
    Ok(certificate)
}

/// RFC 6125 §6.4.4: the common name counts only where there are no alternative names of hosts.
fn names_in(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let hosts = alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names);
    let hosts: Vec<_> = hosts
        .filter_map(|name| match name {
            GeneralName::DNSName(host) => Some(host.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    match hosts.is_empty() {
        true => {
            let common = certificate.subject().iter_common_name();
            common
                .filter_map(|name| Some(name.as_str().ok()?.to_ascii_lowercase()))
                .collect()
        }
        false => hosts,
    }
}

/// A certificate that is out of its time still encrypts, and few mail servers look.
fn warning(certificate: &X509Certificate<'_>, now: UnixTime) -> Option<String> {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = certificate.validity();
    if now > validity.not_after.timestamp() {
        return Some(format!("it expired on {}; renew it", validity.not_after));
    }
    (now < validity.not_before.timestamp()).then(|| {
        format!(
            "it is not valid before {}; wait, or check this machine's clock",
            validity.not_before
        )
    })
}

fn does_not_fit(files: &CertificateFiles, error: &Error) -> String {
    let (certificate, key) = (files.certificate.display(), files.key.display());
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => format!(
            "key {key} is not the one of certificate {certificate}; name the pair that belongs together (the \
             certificate file must begin with our own certificate, not with the authority's)"
        ),
        error => format!(
            "certificate {certificate} and key {key} cannot be used ({error}); take an ECDSA P-256 or P-384, RSA 2048 \
             to 4096 or Ed25519 key"
        ),
    }
}
