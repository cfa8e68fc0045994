//! The other side of a TLS connection: a client, over the network in memory, and certificates for both.

use bytes::{Bytes, BytesMut};
use postern_engine::net::Conn;
use postern_engine::net::sim::SimConn;
use postern_engine::policy::CertificateFiles;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SignatureAlgorithm,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, SupportedProtocolVersion,
};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

/// A certificate with its key, in one PEM file and in memory.
pub struct Identity {
    pub files: CertificateFiles,
    pub certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Identity {
    /// Self-signed, in `directory`.
    pub fn new(directory: &Path, file: &str, algorithm: &'static SignatureAlgorithm, names: &[&str]) -> Self {
        let params = params(names);
        Self::of(directory, file, algorithm, |key| {
            params.self_signed(key).expect("a certificate")
        })
    }

    /// Signed by an authority.
    pub fn signed(directory: &Path, file: &str, authority: &CertifiedIssuer<'_, KeyPair>) -> Self {
        let params = params(&["client.example"]);
        Self::of(directory, file, &rcgen::PKCS_ECDSA_P256_SHA256, |key| {
            params.signed_by(key, authority).expect("a certificate")
        })
    }

    /// As `make` makes it.
    pub fn of(
        directory: &Path,
        file: &str,
        algorithm: &'static SignatureAlgorithm,
        make: impl FnOnce(&KeyPair) -> rcgen::Certificate,
    ) -> Self {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let certificate = make(&key);
        let path = directory.join(file);
        std::fs::write(&path, certificate.pem() + &key.serialize_pem()).expect("written");
        Self {
            files: CertificateFiles {
                certificate: path.clone(),
                key: path,
            },
            certificate: certificate.der().clone(),
            key,
        }
    }
}

pub fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names.clone()).expect("names");
    params.distinguished_name.push(DnType::CommonName, names.concat());
    params
}

pub fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params(&["ca.example"]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// What a client is like.
pub struct Wishes<'i> {
    pub versions: &'static [&'static SupportedProtocolVersion],
    pub schemes: &'static [SignatureScheme],
    pub identity: Option<&'i Identity>,
}

pub const ECDSA: &[SignatureScheme] = &[SignatureScheme::ECDSA_NISTP256_SHA256];
pub const RSA: &[SignatureScheme] = &[SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];
pub const ED25519: &[SignatureScheme] = &[SignatureScheme::ED25519];
pub const TLS12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
pub const TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

impl Default for Wishes<'_> {
    fn default() -> Self {
        Self {
            versions: TLS13,
            schemes: ECDSA,
            identity: None,
        }
    }
}

impl Wishes<'_> {
    pub fn config(&self) -> Arc<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(self.versions)
            .expect("versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TakesAny(self.schemes)));
        Arc::new(match self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = PrivateKeyDer::try_from(identity.key.serialize_der()).expect("a key");
                let chain = vec![identity.certificate.clone()];
                builder.with_client_auth_cert(chain, key).expect("they fit")
            }
        })
    }
}

/// Takes any certificate of the server, and understands these signatures.
#[derive(Debug)]
struct TakesAny(&'static [SignatureScheme]);

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.to_vec()
    }
}

/// How the server's side of the stream looks to the client.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Octets(Vec<u8>),
    /// With close_notify.
    Closed,
    /// Without.
    CutOff,
    Broken(String),
}

/// A client in TLS.
pub struct Client {
    pub conn: SimConn,
    pub tls: ClientConnection,
}

impl Client {
    pub fn new(conn: SimConn, config: &Arc<ClientConfig>, name: &str) -> Self {
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let tls = ClientConnection::new(Arc::clone(config), name).expect("a client");
        Self { conn, tls }
    }

    /// To its end, on this side.
    pub async fn handshake(mut self) -> Result<Self, String> {
        loop {
            self.flush().await;
            if !self.tls.is_handshaking() {
                return Ok(self);
            }
            match self.fill().await {
                Ok(true) => {}
                Ok(false) => return Err("closed".to_owned()),
                Err(error) => {
                    self.flush().await;
                    return Err(error.to_string());
                }
            }
        }
    }

    pub async fn write(&mut self, octets: &[u8]) {
        for part in octets.chunks(16 * 1024) {
            self.tls.writer().write_all(part).expect("room");
            self.flush().await;
        }
    }

    pub async fn close(&mut self) {
        self.tls.send_close_notify();
        self.flush().await;
    }

    pub async fn read(&mut self) -> Heard {
        let mut plaintext = vec![0; 64 * 1024];
        loop {
            match self.tls.reader().read(&mut plaintext) {
                Ok(0) => return Heard::Closed,
                Ok(octets) => {
                    plaintext.truncate(octets);
                    return Heard::Octets(plaintext);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return Heard::CutOff,
            }
            if let Err(error) = self.fill().await {
                return Heard::Broken(error.to_string());
            }
        }
    }

    /// So many octets.
    pub async fn read_all(&mut self, wanted: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < wanted {
            match self.read().await {
                Heard::Octets(octets) => all.extend(octets),
                other => panic!("{other:?} after {} octets", all.len()),
            }
        }
        all
    }

    /// Whether more came.
    async fn fill(&mut self) -> Result<bool, Error> {
        let (received, octets) = self.conn.receive(BytesMut::with_capacity(16 * 1024)).await;
        received.expect("this network does not break");
        let mut unread = &octets[..];
        let mut more = false;
        loop {
            // An empty read is how rustls learns of the end.
            let read = self.tls.read_tls(&mut unread).expect("room");
            self.tls.process_new_packets()?;
            more |= read > 0;
            if unread.is_empty() {
                return Ok(more);
            }
        }
    }

    pub async fn flush(&mut self) {
        let mut due = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut due).expect("a vector takes all");
        }
        // The server may be gone, which the next read shows.
        let _ = self.conn.send(vec![Bytes::from(due)]).await;
    }
}
