//! What is known of a client beside its address, as rows of a label and a value: in one place, since the command line and
//! the pages tell the same in the same words.

use crate::tracking::Detail;
use postern_vocab::{Classification, ClientCertificate, Direction, DnsListAnswer, DnsListing, TlsFacts};

impl Detail {
    /// How the client was classified, how it came, who logged in and where the message goes; what is not known has no row.
    #[must_use]
    pub fn client_facts(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if self.classification != Classification::default() {
            classified(&self.classification, &mut rows);
        }
        match &self.tls {
            Some(tls) => secured(tls, &mut rows),
            None if self.facts.is_some() || self.disconnected.is_some() => {
                rows.push(("TLS", "not used".to_owned()));
            }
            None => {}
        }
        if let Some(user) = &self.user {
            rows.push(("User", user.clone()));
        }
        if let Some(facts) = &self.facts {
            let direction = match facts.direction {
                Direction::Inbound => "inbound",
                Direction::Outbound => "outbound",
            };
            rows.push(("Direction", direction.to_owned()));
        }
        if let Some(proxy) = self.proxy {
            rows.push(("Proxy", format!("{proxy} named the client")));
        }
        rows
    }
}

fn classified(by: &Classification, rows: &mut Vec<(&'static str, String)>) {
    let group = match by.sender_group.as_str() {
        "" => "none".to_owned(),
        group => group.to_owned(),
    };
    rows.push(("Sender group", group));
    if !by.matched.is_empty() {
        rows.push(("Matched", by.matched.clone()));
    }
    let policy = match by.flow_policy.as_str() {
        "" => by.access.as_str().to_owned(),
        policy => format!("{policy} ({})", by.access.as_str()),
    };
    rows.push(("Flow policy", policy));
    let reputation = by.reputation.map(|score| score.to_string());
    rows.push(("Reputation", reputation.unwrap_or_else(|| "none".to_owned())));
    if !by.dns_lists.is_empty() {
        let lists: Vec<String> = by.dns_lists.iter().map(listing).collect();
        rows.push(("DNS lists", lists.join("; ")));
    }
    if let Some(country) = &by.country {
        rows.push(("Country", country.clone()));
    }
}

fn listing(listing: &DnsListing) -> String {
    let zone = &listing.zone;
    match &listing.answer {
        DnsListAnswer::Listed(codes) => {
            let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
            format!("on {zone} ({})", codes.join(", "))
        }
        DnsListAnswer::NotListed => format!("not on {zone}"),
        DnsListAnswer::Unavailable(why) => format!("{zone} gave no answer that counts ({why})"),
    }
}

fn secured(tls: &TlsFacts, rows: &mut Vec<(&'static str, String)>) {
    let name = tls
        .server_name
        .as_ref()
        .map(|name| format!(", asked for {name}"))
        .unwrap_or_default();
    rows.push(("TLS", format!("{}, {}{name}", tls.version, tls.cipher)));
    if let Some(ClientCertificate { subject, verified }) = &tls.client_certificate {
        let trust = if *verified { "verified" } else { "not verified" };
        rows.push(("Client certificate", format!("{subject} ({trust})")));
    }
}
