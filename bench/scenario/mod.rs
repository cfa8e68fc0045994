//! The scenarios: what is started, loaded, measured and written down.

mod figures;
mod floor;
mod gateway;
mod machine;
mod peer;
mod place;
mod run;
mod started;

pub use run::accept;
