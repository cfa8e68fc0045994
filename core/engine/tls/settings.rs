//! What holds for TLS on all listeners: read from files, and swapped as a whole.

use super::certificates::{self, Loaded};
use super::choice::{Choice, Noted};
use super::clients::ClientCertificates;
use super::provider;
use arc_swap::ArcSwap;
use postern_policy::{CertificateFiles, Tls};
use postern_vocab::ClientCertificate;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::{ServerConfig, version};
use std::sync::Arc;

/// TLS of one appliance. What a handshake began with holds to the end of its connection.
pub struct ServerTls {
    in_force: ArcSwap<Settings>,
    /// Their keys outlive a reload, so that clients can resume across it; they change every six hours by themselves.
    tickets: Arc<dyn ProducesTickets>,
}

/// What the files have.
struct Files {
    loaded: Vec<Loaded>,
    warnings: Vec<String>,
    clients: Option<Arc<ClientCertificates>>,
}

/// One state of the certificates.
pub struct Settings {
    config: ServerConfig,
    choice: Arc<Choice>,
    clients: Option<Arc<ClientCertificates>>,
    warnings: Vec<String>,
}

impl ServerTls {
    /// Reads the certificates; `self_signed` if the configuration has none.
    ///
    /// # Errors
    /// Everything that is wrong with the files, each with its remedy.
    pub fn new(tls: &Tls, self_signed: &CertificateFiles) -> Result<Self, Vec<String>> {
        let tickets = Ticketer::new().map_err(|error| {
            vec![format!(
                "no random octets for TLS session tickets ({error}); try again"
            )]
        })?;
        let settings = Settings::read(tls, self_signed, &tickets)?;
        Ok(Self {
            in_force: ArcSwap::from_pointee(settings),
            tickets,
        })
    }

    /// What holds now.
    #[must_use]
    pub fn in_force(&self) -> Arc<Settings> {
        self.in_force.load_full()
    }

    /// Reads the certificates anew, and changes nothing yet.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn read(&self, tls: &Tls, self_signed: &CertificateFiles) -> Result<Settings, Vec<String>> {
        Settings::read(tls, self_signed, &self.tickets)
    }

    /// For connections whose TLS begins from now on.
    pub fn put_in_force(&self, settings: Settings) {
        self.in_force.store(Arc::new(settings));
    }

    /// Reads the certificates anew and puts them in force, or changes nothing.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn reload(&self, tls: &Tls, self_signed: &CertificateFiles) -> Result<(), Vec<String>> {
        self.read(tls, self_signed)
            .map(|settings| self.put_in_force(settings))
    }
}

/// Reads the certificates, and keeps none of them. Without a self-signed one, the configuration need not have any. What an
/// administrator should know about them, though they work.
///
/// # Errors
/// As [`ServerTls::new`].
pub fn check(tls: &Tls, self_signed: Option<&CertificateFiles>) -> Result<Vec<String>, Vec<String>> {
    Files::read(tls, self_signed, &provider()).map(|files| files.warnings)
}

impl Files {
    fn read(
        tls: &Tls,
        self_signed: Option<&CertificateFiles>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Vec<String>> {
        let now = UnixTime::now();
        let configured = match tls.certificates.as_slice() {
            [] => self_signed.map(std::slice::from_ref).unwrap_or_default(),
            configured => configured,
        };
        let (mut loaded, mut errors) = (Vec::new(), Vec::new());
        for files in configured {
            match certificates::load(files, provider, now) {
                Ok(one) => loaded.push(one),
                Err(error) => errors.push(error),
            }
        }
        let clients = clients(tls, provider).map_err(|error| errors.push(error));
        let (Ok(clients), true) = (clients, errors.is_empty()) else {
            return Err(errors);
        };
        let warnings = loaded.iter_mut().filter_map(|one| one.warning.take()).collect();
        Ok(Self {
            loaded,
            warnings,
            clients,
        })
    }
}

impl Settings {
    fn read(
        tls: &Tls,
        self_signed: &CertificateFiles,
        tickets: &Arc<dyn ProducesTickets>,
    ) -> Result<Self, Vec<String>> {
        let provider = provider();
        let Files {
            loaded,
            warnings,
            clients,
        } = Files::read(tls, Some(self_signed), &provider)?;
        let choice = Arc::new(Choice::new(loaded));
        let config = config(
            provider,
            Arc::clone(&choice),
            clients.clone(),
            Arc::clone(tickets),
        );
        Ok(Self {
            config: config.map_err(|error| vec![error])?,
            choice,
            clients,
            warnings,
        })
    }

    /// What an administrator should know about the certificates, though they work.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The configuration for one connection, and who notes the name that is asked for.
    pub(super) fn for_one_connection(&self) -> (Arc<ServerConfig>, Arc<Noted>) {
        let noted = Arc::new(Noted::new(Arc::clone(&self.choice)));
        // A copy is two dozen counted references; it lives as long as the handshake.
        let mut config = self.config.clone();
        config.cert_resolver = Arc::clone(&noted) as _;
        (Arc::new(config), noted)
    }

    /// What there is to say about a client's certificate. A resumed session brings the one of its first handshake, and
    /// the authorities of today judge it.
    pub(super) fn client_facts(&self, chain: &[CertificateDer<'_>]) -> Option<ClientCertificate> {
        self.clients.as_ref()?.facts(chain, UnixTime::now())
    }
}

fn clients(tls: &Tls, provider: &Arc<CryptoProvider>) -> Result<Option<Arc<ClientCertificates>>, String> {
    let authorities = tls.client_authorities.as_deref().map(certificates::authorities);
    let clients = ClientCertificates::new(authorities.transpose()?, provider)?;
    Ok(tls.ask_client_certificate.then(|| Arc::new(clients)))
}

/// No early data (the default of 0 octets): RFC 8446 §8 lets it be replayed, and a mail must not be. No ALPN: SMTP has
/// no name in it that clients would send.
fn config(
    provider: Arc<CryptoProvider>,
    choice: Arc<Choice>,
    clients: Option<Arc<ClientCertificates>>,
    tickets: Arc<dyn ProducesTickets>,
) -> Result<ServerConfig, String> {
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(clients),
        None => builder.with_no_client_auth(),
    };
    // Each connection gets one of its own.
    let mut config = builder.with_cert_resolver(Arc::new(Noted::new(choice)));
    // Sessions are kept by the clients, in tickets: nothing here to fill up, or to lock between the shards.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = tickets;
    Ok(config)
}
