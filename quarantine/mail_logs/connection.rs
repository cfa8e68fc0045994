//! The lines about a connection in: who came, which sender group took them, TLS, log-in, misbehaviour, the end. What was
//! said of a connection is remembered while it is open, since a line may need it later.

use super::lines::{Page, clean, quoted};
use postern_vocab::events::{Connected, Disconnected, Ending, Incident, IncidentKind};
use postern_vocab::{Access, Classification, Icid, TlsFacts};
use std::collections::BTreeMap;

/// Connections that are remembered at once; over it the oldest is forgotten, and a line may say less or come twice.
const OPEN_MAX: usize = 100_000;

/// The connections that are open.
#[derive(Default)]
pub(super) struct Connections {
    open: BTreeMap<Icid, Open>,
}

/// What later lines need.
#[derive(Default)]
struct Open {
    /// `('192.0.2.7', 'mx.example.com')`, as the appliances write it.
    host: String,
    group: String,
    /// A line says that its sender group turned it away.
    is_rejected: bool,
    is_tls_told: bool,
    is_user_told: bool,
}

impl Connections {
    /// A connection came, or a proxy has named the client behind it. If it is turned away for another reason than its
    /// sender group, no line may say that the group accepted it.
    pub(super) fn connected(&mut self, page: &mut Page<'_>, connected: &Connected, turned_away: bool) {
        let (icid, by) = (connected.icid, &connected.classification);
        let (local, remote) = (connected.peer.local.ip(), connected.peer.remote.ip());
        let (local, remote) = (local.to_canonical(), remote.to_canonical());
        let listener = clean(&connected.peer.listener);
        let name = clean(connected.reverse.name().unwrap_or("unknown"));
        let verified = if connected.reverse.is_verified() {
            "yes"
        } else {
            "no"
        };
        page.line(&format!(
            "New SMTP ICID {icid} interface {listener} ({local}) address {remote} reverse dns host {name} verified {verified}"
        ));
        let is_rejected = matches!(by.access, Access::Reject | Access::Refuse);
        if is_rejected || !turned_away {
            page.line(&classified(icid, by));
        }
        let reverse = connected
            .reverse
            .name()
            .map_or_else(|| "None".to_owned(), |name| format!("'{}'", quoted(name)));
        let open = self.of(icid);
        open.host = format!("('{remote}', {reverse})");
        open.group = group(by);
        open.is_rejected = is_rejected;
    }

    /// The connection was refused instead of the banner.
    pub(super) fn turned_away(&mut self, page: &mut Page<'_>, icid: Icid, rule: &str) {
        if !self.of(icid).is_rejected {
            page.line(&format!(
                "ICID {icid} REJECT SG {rule} match {rule} SBRS not enabled"
            ));
        }
    }

    /// TLS and log-in, once for each connection, as soon as they are known.
    pub(super) fn secured(
        &mut self,
        page: &mut Page<'_>,
        icid: Icid,
        (tls, user): (Option<&TlsFacts>, Option<&str>),
    ) {
        if tls.is_none() && user.is_none() {
            return;
        }
        let open = self.of(icid);
        if let Some(tls) = tls
            && !std::mem::replace(&mut open.is_tls_told, true)
        {
            let (version, cipher) = (clean(&tls.version), clean(&tls.cipher));
            page.line(&format!(
                "ICID {icid} TLS success protocol {version} cipher {cipher}"
            ));
        }
        if let Some(user) = user
            && !std::mem::replace(&mut open.is_user_told, true)
        {
            page.line(&format!(
                "SMTP Auth: (ICID {icid}) succeeded for user: {}",
                clean(user)
            ));
        }
    }

    /// Misbehaviour.
    pub(super) fn incident(&mut self, page: &mut Page<'_>, incident: &Incident) {
        let (icid, detail) = (incident.icid, clean(&incident.detail));
        if incident.kind == IncidentKind::TlsFailed {
            return page.line(&format!("ICID {icid} TLS failed: {detail}"));
        }
        if incident.kind == IncidentKind::HarvestAttack {
            let open = self.of(icid);
            page.line(&format!(
                "LDAP: Dropping connection due to potential Directory Harvest Attack from host={}, dhap_limit={}, \
                 sender_group={}",
                open.host,
                first_number(&detail),
                open.group
            ));
        }
        let kind = crate::feed::word(&incident.kind);
        page.line(&format!("ICID {icid} {kind}: {detail}"));
    }

    /// The end.
    pub(super) fn disconnected(&mut self, page: &mut Page<'_>, disconnected: &Disconnected) {
        let icid = disconnected.icid;
        let (tls, user) = (disconnected.tls.as_ref(), disconnected.user.as_deref());
        self.secured(page, icid, (tls, user));
        self.open.remove(&icid);
        match disconnected.ending {
            Ending::Lost => page.line(&format!("ICID {icid} lost")),
            Ending::TimedOut => page.line(&format!("ICID {icid} timed out")),
            Ending::Quit | Ending::Closed | Ending::Shutdown => {}
        }
        page.line(&format!("ICID {icid} close"));
    }

    fn of(&mut self, icid: Icid) -> &mut Open {
        if self.open.len() >= OPEN_MAX && !self.open.contains_key(&icid) {
            self.open.pop_first();
        }
        self.open.entry(icid).or_default()
    }
}

/// `ICID 3160 ACCEPT SG None match ALL SBRS None country not enabled`.
fn classified(icid: Icid, by: &Classification) -> String {
    let verb = match by.access {
        Access::Accept | Access::Continue => "ACCEPT",
        Access::Relay => "RELAY",
        Access::Reject => "REJECT",
        Access::Refuse => "TCPREFUSE",
    };
    let matched = match by.matched.as_str() {
        "" => "ALL".to_owned(),
        matched => clean(matched),
    };
    // Where no policy is named, no table was asked, and so no reputation.
    let score = match by.reputation {
        Some(score) => score.to_string(),
        None if by.flow_policy.is_empty() => "not enabled".to_owned(),
        None => "None".to_owned(),
    };
    let country = by
        .country
        .as_deref()
        .map_or_else(|| "not enabled".to_owned(), clean);
    let group = group(by);
    format!("ICID {icid} {verb} SG {group} match {matched} SBRS {score} country {country}")
}

fn group(by: &Classification) -> String {
    match by.sender_group.as_str() {
        "" => "None".to_owned(),
        group => clean(group),
    }
}

/// The limit in an incident's detail, which names it first.
fn first_number(detail: &str) -> &str {
    let digits = |c: char| c.is_ascii_digit();
    let start = detail.find(digits).unwrap_or(detail.len());
    let rest = &detail[start..];
    &rest[..rest.find(|c| !digits(c)).unwrap_or(rest.len())]
}
