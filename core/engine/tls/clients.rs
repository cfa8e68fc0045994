//! The certificates that clients show. None of them fails a handshake: mail servers show self-signed, expired and
//! foreign ones, and mail in TLS from a stranger is better than mail in the clear from a stranger. Whether one leads to
//! an authority that the configuration trusts is a fact. RFC 3207 §4.1.

use postern_vocab::{ClientCertificate, limits, text};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// Asks for a certificate, takes any, and can tell afterwards what it is worth.
#[derive(Debug)]
pub struct ClientCertificates {
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertificates {
    /// With the authorities that count; without any, no certificate is verified.
    ///
    /// # Errors
    /// There is no authority among them.
    pub fn new(authorities: Option<RootCertStore>, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let verifier = |roots| {
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                .build()
                .map_err(|error| format!("client authorities cannot be used: {error}"))
        };
        Ok(Self {
            authorities: authorities.map(verifier).transpose()?,
            algorithms: provider.signature_verification_algorithms,
        })
    }

    /// What there is to say about a chain that a client has shown, and has proved to own.
    pub fn facts(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Option<ClientCertificate> {
        let (own, intermediates) = chain.split_first()?;
        let verified = |authorities: &Arc<dyn ClientCertVerifier>| {
            authorities.verify_client_cert(own, intermediates, now).is_ok()
        };
        Some(ClientCertificate {
            subject: subject(own),
            verified: self.authorities.as_ref().is_some_and(verified),
        })
    }
}

fn subject(certificate: &CertificateDer<'_>) -> String {
    let parsed = X509Certificate::from_der(certificate.as_ref());
    parsed.map_or_else(
        |_| "(unreadable)".to_owned(),
        |(_, certificate)| {
            text::one_line(
                &certificate.subject().to_string(),
                limits::CERTIFICATE_SUBJECT_CHARS_MAX,
            )
        },
    )
}

/// What the library that proves and verifies cannot read (a version 1 certificate, say) is never verified either, so
/// its proof is worth nothing and need not hold.
fn unreadable(certificate: &CertificateDer<'_>) -> bool {
    ParsedCertificate::try_from(certificate).is_err()
}

impl ClientCertVerifier for ClientCertificates {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: a client that looks for its certificate in such a list would show none if its own is not there.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    /// The proof that the client owns the key: who shows someone else's certificate is not served.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match unreadable(certificate) {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match unreadable(certificate) {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
