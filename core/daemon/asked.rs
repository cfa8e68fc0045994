//! Those whom the engine asks beside its shards: the directory about recipients, the store about passwords.

use postern_engine::policy::Config;
use postern_engine::{Credentials, Recipients, Services};
use postern_quarantine::Store;
use postern_quarantine::api::Failure;
use std::sync::Arc;

/// The directory, if one is configured.
pub(super) fn recipients(config: &Config, services: &Services) -> Recipients {
    let directory = config.directory.clone();
    Recipients::new(directory.map(|directory| (directory, services.handle().clone())))
}

/// The store's accounts. Whoever has one may send.
pub(super) fn credentials(store: &Arc<Store>, services: &Services) -> Credentials {
    let store = Arc::clone(store);
    Credentials::new(services.handle().clone(), move |login, password| {
        match store.check_password(login, password) {
            Ok(account) => Ok(account.map(|account| account.login)),
            // Too long for any account: that is wrong, and will be tomorrow.
            Err(Failure::Invalid(_)) => Ok(None),
            Err(failure) => Err(failure.to_string()),
        }
    })
}
