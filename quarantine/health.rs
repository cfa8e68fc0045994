//! How the appliance is, in numbers.

use crate::Store;
use crate::mail::GatewayHealth;
use crate::store::lock;
use postern_quarantine_api::Health;
use std::sync::atomic::Ordering;

impl Store {
    /// Tells how many journal records are not fed yet, for health.
    pub fn note_behind(&self, records: u64) {
        self.behind.store(records, Ordering::Relaxed);
    }

    pub(crate) fn health(&self, gateway: GatewayHealth) -> Health {
        let totals = lock(&self.shown);
        Health {
            version: self.settings.version.clone(),
            started_at: self.started_at,
            held: totals.held,
            queued: totals.queued,
            counts: totals.counts.clone(),
            index_behind: self.behind.load(Ordering::Relaxed),
            connections: gateway.connections,
            services: gateway.services,
        }
    }
}
