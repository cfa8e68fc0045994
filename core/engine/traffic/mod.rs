//! The counters that all shards share: connections, rates, reputation, greylisting.
//!
//! They know no sockets, no clock and no policy table: `now` and the limits of the mail flow policy in force are
//! parameters. Every shard calls them from its own thread. Whatever strangers can make us remember lies in a [`table`]
//! of a named size behind many small locks, none of which is held while another is taken or while anything waits.

mod client;
mod conduct;
mod connections;
mod greylist;
mod harvest;
mod rates;
mod reputation;
mod saved;
mod table;
mod waiting;
mod window;

pub use client::client_network;
pub use conduct::Conduct;
pub use connections::{ConnectionLimits, Connections, Permit, TooMany};
pub use greylist::{Grey, Greylisting, Triple};
pub use harvest::Harvest;
pub use rates::{Exceeded, RateKey, Rates};
pub use reputation::{Histories, lowered_by};
pub use saved::Damage;
pub use waiting::Waiting;

use std::hash::RandomState;

/// What one appliance counts of its clients, over all shards and listeners.
pub struct Traffic {
    /// Open connections.
    pub connections: Connections,
    /// How much within how long.
    pub rates: Rates,
    /// How clients have behaved.
    pub reputation: Histories,
    /// Who has to come again.
    pub greylist: Greylisting,
}

impl Traffic {
    /// Nothing counted yet. `seed` decides where in the tables a key lies; strangers must not know it, or they could
    /// choose keys that push out the one they want forgotten.
    #[must_use]
    pub fn new(seed: RandomState) -> Self {
        Self {
            connections: Connections::default(),
            rates: Rates::new(seed.clone()),
            reputation: Histories::new(seed.clone()),
            greylist: Greylisting::new(seed),
        }
    }
}
