//! What the engine is given beside the rules: certificates, keys, the database of countries, and those who are asked
//! beside the shards. Made before the shards; what comes from files is read again with the configuration.

use super::certificate;
use arc_swap::ArcSwap;
use postern_engine::countries::Countries;
use postern_engine::credentials::Attempt;
use postern_engine::dkim::Signers;
use postern_engine::policy::Config;
use postern_engine::tls::{self, ServerTls};
use postern_engine::{Credentials, Equipment, Recipients, Services, Shared};
use postern_quarantine::Store;
use postern_quarantine::api::Failure;
use std::sync::Arc;

/// Everything, or every reason why not.
pub(super) fn prepare(
    config: &Config,
    store: &Arc<Store>,
    services: &Services,
) -> Result<Equipment, Vec<String>> {
    let certificates = certificate::prepare(config).map_err(|error| vec![error]);
    let tls = certificates.and_then(|own| ServerTls::new(&config.tls, &own));
    let (tls, signers, countries) = all(tls, config)?;
    say_warnings(tls.in_force().warnings());
    Ok(Equipment {
        tls,
        signers: ArcSwap::from_pointee(signers),
        countries,
        recipients: recipients(config, services),
        credentials: credentials(store, services),
    })
}

/// Reads all files that a configuration names, keeps nothing and makes nothing: a self-signed certificate is looked at only
/// where there is one. What an administrator should know about them, though they work.
///
/// # Errors
/// Everything that is wrong with them.
pub fn check(config: &Config) -> Result<Vec<String>, Vec<String>> {
    let warnings = tls::check(&config.tls, certificate::existing(config).as_ref());
    all(warnings, config).map(|(warnings, ..)| warnings)
}

/// What was read anew, and is not in force yet.
pub(super) struct ReadAgain {
    certificates: tls::Settings,
    signers: Signers,
    countries: Countries,
}

/// Reads the files of a new configuration; nothing changes by it.
pub(super) fn read_again(shared: &Shared, config: Config) -> Result<ReadAgain, Vec<String>> {
    // The self-signed certificate goes with the host's name and the directory, which change with a restart only.
    let in_force = Config {
        hostname: shared.config.hostname.clone(),
        data_dir: shared.config.data_dir.clone(),
        ..config
    };
    let own = certificate::prepare(&in_force).map_err(|error| vec![error]);
    let certificates = own.and_then(|own| shared.equipment.tls.read(&in_force.tls, &own));
    let (certificates, signers, countries) = all(certificates, &in_force)?;
    Ok(ReadAgain {
        certificates,
        signers,
        countries,
    })
}

/// Keys and databases beside the certificates, or everything that is wrong with all of them.
fn all<T>(tls: Result<T, Vec<String>>, config: &Config) -> Result<(T, Signers, Countries), Vec<String>> {
    let mut wrong = Vec::new();
    let tls = tls.map_err(|errors| wrong.extend(errors)).ok();
    let signers = Signers::load(&config.dkim)
        .map_err(|errors| wrong.extend(errors))
        .ok();
    let countries = Countries::open(config.country_database.as_deref());
    let countries = countries.map_err(|error| wrong.push(error)).ok();
    match (tls, signers, countries) {
        (Some(tls), Some(signers), Some(countries)) => Ok((tls, signers, countries)),
        _ => Err(wrong),
    }
}

impl ReadAgain {
    /// For connections and messages from now on.
    pub(super) fn put_in_force(self, shared: &Shared) {
        say_warnings(self.certificates.warnings());
        shared.equipment.tls.put_in_force(self.certificates);
        shared.equipment.signers.store(Arc::new(self.signers));
        shared.equipment.countries.replace(self.countries);
    }
}

fn say_warnings(warnings: &[String]) {
    for warning in warnings {
        eprintln!("postern: {warning}");
    }
}

/// The directory, if one is configured.
fn recipients(config: &Config, services: &Services) -> Recipients {
    let directory = config.directory.clone();
    Recipients::new(directory.map(|directory| (directory, services.handle().clone())))
}

/// The store's accounts. Whoever has one may send.
fn credentials(store: &Arc<Store>, services: &Services) -> Credentials {
    let store = Arc::clone(store);
    Credentials::new(services.handle().clone(), move |attempt: &Attempt| {
        match store.check_password(&attempt.login, &attempt.password, Some(attempt.client)) {
            Ok(account) => Ok(account.map(|account| account.login)),
            // Too long for any account: that is wrong, and will be tomorrow.
            Err(Failure::Invalid(_)) => Ok(None),
            Err(failure) => Err(failure.to_string()),
        }
    })
}
