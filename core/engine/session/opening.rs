//! Up to the banner: who the client is, which sender group it belongs to, and whether it may stay. The DNS has a second
//! for all of it; what it has not said by then is a fact, not a wait.

use super::Session;
use crate::driver::Driver;
use crate::net::Conn;
use crate::traffic::{ConnectionLimits, client_network, lowered_by};
use bytes::BytesMut;
use ipnet::IpNet;
use postern_policy::{
    BareLineEnds, Client, FlowPolicy, ListenerRules, RejectAt, Requirement, TlsMode, verify_host,
};
use postern_smtp::{BareLineEnds as OnTheWire, Offer, ServerSettings};
use postern_vocab::events::{Connected, Ending, IncidentKind, Stage};
use postern_vocab::{Access, Classification, DnsListing, Event, Reply, limits, refusals};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Why nothing is taken from a client that may talk all the same.
pub(super) struct TurnedAway {
    pub(super) reply: Reply,
    pub(super) rule: String,
}

impl<D: Driver> Session<D> {
    /// Everything up to the banner. The error is how the connection has ended before there was one.
    pub(super) async fn open(&mut self) -> Result<(), Ending> {
        let rules = self.listener_rules();
        let mut early = BytesMut::new();
        if self.is_full() {
            let rule = "connections of this gateway";
            self.turn_away_unknown((refusals::TOO_MANY_CONNECTIONS.reply, rule));
            return Ok(());
        }
        if is_among(&rules.proxy_protocol, self.peer.remote.ip()) {
            match self.proxy_header().await {
                Ok(behind) => early = behind,
                Err(why) => {
                    self.turn_away_unknown((refusals::PROXY_HEADER_MISSING.reply, "no PROXY header"));
                    self.incident(IncidentKind::UntrustedProxy, why);
                    return Ok(());
                }
            }
        }
        self.introduce(&rules).await;
        let answer = self.admit();
        if self.classification.access == Access::Refuse {
            return Err(Ending::Closed);
        }
        if rules.tls == TlsMode::Implicit && answer.is_ok() {
            self.start_tls(&std::mem::take(&mut early)).await;
            if self.tls.is_none() {
                return Err(Ending::Closed);
            }
        }
        self.hear_early_talk(early).await;
        self.server.open(answer);
        Ok(())
    }

    pub(super) fn listener_rules(&self) -> ListenerRules {
        self.policy
            .listeners
            .get(&self.peer.listener)
            .cloned()
            .unwrap_or_default()
    }

    fn is_full(&self) -> bool {
        self.shard.connections.load(Ordering::Relaxed) > self.shard.shared.config.limits.connections
    }

    /// Turns a client away before anything is asked about it; it is on record all the same.
    fn turn_away_unknown(&mut self, (reply, rule): (Reply, &str)) {
        self.record_connected();
        self.refuse(Stage::Connect, None, (reply.clone(), rule));
        self.server.open(Err(reply));
    }

    /// Looks the client up, classifies it, and gives the protocol the settings of its policy. Again after XCLIENT.
    pub(super) async fn introduce(&mut self, rules: &ListenerRules) {
        self.classification = self.classified().await;
        self.begin_log();
        let settings = self.shard.shared_settings(self.settings(rules));
        self.server.set_settings(settings);
        self.record_connected();
    }

    fn record_connected(&self) {
        self.shard.record(Event::Connected(Connected {
            icid: self.icid,
            peer: self.peer.clone(),
            reverse: self.reverse.clone(),
            classification: self.classification.clone(),
            proxy: self.proxy,
        }));
    }

    /// The injection debug log, where the configuration wants one of this peer.
    fn begin_log(&mut self) {
        if self.log.is_some() || self.policy.injection_debug.is_empty() {
            return;
        }
        let begun = self.shard.shared.injection_debug.begin(
            &self.policy,
            (self.icid, self.opened_at),
            (&self.peer, &self.reverse),
        );
        if let Some(log) = begun {
            self.log = Some(Box::new(log));
            self.server.begin_log();
        }
    }

    async fn classified(&mut self) -> Classification {
        let (shard, address) = (&self.shard, self.peer.remote.ip().to_canonical());
        let zones: Vec<String> = self
            .policy
            .dns_list_zones()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let (reverse, dns_lists) =
            tokio::join!(shard.dns.reverse(address), shard.dns.listings(address, &zones));
        self.reverse = reverse;
        let history = shard.shared.traffic.reputation.score(address, shard.clock.now());
        let rules = &self.policy.reputation;
        let counted: Vec<DnsListing> = dns_lists
            .iter()
            .filter(|listing| rules.dns_lists.contains(&listing.zone))
            .cloned()
            .collect();
        let reputation = lowered_by(history, &counted, rules.points_tenths);
        let country = shard.shared.equipment.countries.of(address);
        let client = Client {
            address,
            listener: &self.peer.listener,
            reverse: &self.reverse,
            reputation,
            dns_lists: &dns_lists,
            country: country.as_deref(),
        };
        self.policy.hat.classify(&client)
    }

    /// Whether the client gets a banner, and whether anything is taken from it behind that.
    pub(super) fn admit(&mut self) -> Result<(), Reply> {
        let group = match self.classification.sender_group.as_str() {
            "" => "ALL".to_owned(),
            name => name.to_owned(),
        };
        let rule = format!("sender group {group} ({})", self.classification.matched);
        let policy = Arc::clone(&self.policy);
        let flow = policy.hat.policy_of(&self.classification);
        match flow.access {
            // Behind the banner, which XCLIENT is, even a client that is refused hears why.
            Access::Refuse => {
                self.refuse(Stage::Connect, None, (flow.reject_reply.clone(), &rule));
                return Err(flow.reject_reply.clone());
            }
            Access::Reject if flow.reject_at == RejectAt::Banner => {
                self.refuse(Stage::Connect, None, (flow.reject_reply.clone(), &rule));
                return Err(flow.reject_reply.clone());
            }
            Access::Reject => {
                let reply = flow.reject_reply.clone();
                self.turned_away = Some(Box::new(TurnedAway { reply, rule }));
            }
            Access::Accept | Access::Relay | Access::Continue => {
                let failed = verify_host(flow, &self.reverse);
                self.turned_away = failed.map(|(reply, rule)| {
                    let rule = rule.to_owned();
                    Box::new(TurnedAway { reply, rule })
                });
            }
        }
        self.take_place(flow)
    }

    /// A place among the connections of the client's address and network.
    fn take_place(&mut self, flow: &FlowPolicy) -> Result<(), Reply> {
        let address = self.peer.remote.ip().to_canonical();
        let shipped = (!address.is_loopback()).then_some(limits::CONNECTIONS_PER_ADDRESS_MAX);
        let connections = ConnectionLimits {
            per_address: flow.connections_per_address.or(shipped),
            per_network: flow.connections_per_network,
        };
        self.permit = None;
        let place =
            self.shard
                .shared
                .traffic
                .connections
                .enter(address, client_network(address, flow), connections);
        match place {
            Ok(permit) => {
                self.permit = Some(permit);
                Ok(())
            }
            Err(too_many) => {
                let reply = refusals::TOO_MANY_CONNECTIONS_FROM_YOU.reply;
                self.refuse(
                    Stage::Connect,
                    None,
                    (
                        reply.clone(),
                        &format!("{} connections from one {}", too_many.limit, too_many.scope),
                    ),
                );
                Err(reply)
            }
        }
    }

    /// Octets that came before the banner.
    async fn hear_early_talk(&mut self, mut early: BytesMut) {
        // In TLS, what has come may be less than can be read: nobody waits for the rest here.
        if !self.link.is_in_tls() && self.link.has_input() {
            early.reserve(limits::COMMAND_BUFFER_BYTES);
            (_, early) = self.link.receive(early).await;
        }
        if !early.is_empty() {
            self.server.early_input(&early);
        }
    }

    /// What the protocol has to know of the mail flow policy.
    fn settings(&self, rules: &ListenerRules) -> ServerSettings {
        let (flow, base) = (self.flow(), &self.shard.shared.server_settings);
        ServerSettings {
            hostname: flow
                .hostname
                .as_ref()
                .map_or_else(|| base.hostname.clone(), ToString::to_string),
            banner: flow.banner.clone().unwrap_or_else(|| base.banner.clone()),
            postmaster: base.postmaster.clone(),
            message_bytes_max: flow.message_bytes,
            recipients_max: flow.recipients_per_message,
            messages_max: flow.messages_per_connection,
            errors_max: flow.errors_per_connection,
            error_delay: flow.tarpit,
            tls: match rules.tls {
                TlsMode::StartTls => offer(flow.tls),
                TlsMode::Implicit | TlsMode::Off => Offer::No,
            },
            auth: if rules.auth { offer(flow.auth) } else { Offer::No },
            xclient: self.may_name_clients(rules),
            conversation_lines: base.conversation_lines,
            bare_line_ends: match flow.bare_line_ends {
                BareLineEnds::Refuse => OnTheWire::Refuse,
                BareLineEnds::Normalise => OnTheWire::Normalise,
            },
            malformed_sender: flow
                .verification
                .sender_malformed
                .clone()
                .unwrap_or_else(|| base.malformed_sender.clone()),
        }
    }
}

/// Whether an address is in one of these networks.
pub(super) fn is_among(networks: &[IpNet], address: IpAddr) -> bool {
    networks
        .iter()
        .any(|network| network.contains(&address.to_canonical()))
}

fn offer(requirement: Requirement) -> Offer {
    match requirement {
        Requirement::None => Offer::No,
        Requirement::Preferred => Offer::Yes,
        Requirement::Required => Offer::Required,
    }
}
