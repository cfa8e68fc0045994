//! Clients that come through a trusted proxy: the PROXY protocol in front of everything, XCLIENT in the conversation.

use super::Session;
use super::opening::is_among;
use crate::driver::Driver;
use crate::net::{Received, receive_within};
use bytes::{Buf, BytesMut};
use postern_policy::ListenerRules;
use postern_smtp::proxy::{self, ProxyHeader};
use postern_smtp::{XclientAttribute, XclientName};
use postern_vocab::{limits, refusals};
use std::net::{IpAddr, SocketAddr};
use tokio::time::Instant;

impl<D: Driver> Session<D> {
    /// Reads the PROXY header, and is what came behind it. Without a good one there is nobody to talk to: the error is why.
    pub(super) async fn proxy_header(&mut self) -> Result<BytesMut, String> {
        let (mut buffer, deadline) = (BytesMut::new(), Instant::now() + limits::PROXY_HEADER_TIMEOUT);
        loop {
            buffer.reserve(limits::COMMAND_BUFFER_BYTES);
            let left = deadline.saturating_duration_since(Instant::now());
            let (received, back) = receive_within(&*self.link, buffer, left, std::future::pending()).await;
            buffer = back;
            match received {
                Received::Octets(octets) if octets > 0 => {}
                _ => return Err(without_header("it did not come", &buffer)),
            }
            match proxy::read(&buffer) {
                Ok(ProxyHeader::NeedMore) => {}
                Ok(ProxyHeader::Header {
                    client,
                    local,
                    octets,
                }) => {
                    buffer.advance(octets);
                    self.adopt(client, local);
                    return Ok(buffer);
                }
                Err(why) => return Err(without_header(&why.to_string(), &buffer)),
            }
        }
    }

    /// `LOCAL` and `UNKNOWN` are the proxy's own connections.
    fn adopt(&mut self, client: Option<SocketAddr>, local: Option<SocketAddr>) {
        if let Some(client) = client {
            self.proxy = Some(self.peer.remote.ip());
            self.peer.remote = client;
            self.speaker = client.ip();
        }
        if let Some(local) = local {
            self.peer.local = local;
        }
    }

    /// A client behind a load balancer is not trusted because the load balancer is.
    pub(super) fn may_name_clients(&self, rules: &ListenerRules) -> bool {
        is_among(&rules.xclient, self.speaker)
    }

    /// XCLIENT: the connection is as new, and another client's.
    pub(super) async fn named_by_proxy(&mut self, attributes: Vec<XclientAttribute>) {
        let mut named = self.peer.clone();
        for attribute in &attributes {
            if !apply(attribute, &mut named.remote, &mut named.local) {
                self.server.answer(Err(refusals::XCLIENT_SYNTAX.reply));
                return;
            }
        }
        self.proxy.get_or_insert(self.peer.remote.ip());
        self.peer = named;
        self.server.answer(Ok(()));
        let rules = self.listener_rules();
        self.introduce(&rules).await;
        if let Some(helo) = value_of(&attributes, XclientName::Helo) {
            self.helo = helo;
        }
        let answer = self.admit();
        self.server.open(answer);
    }
}

fn without_header(why: &str, octets: &[u8]) -> String {
    format!("no PROXY header: {why}: {}", postern_vocab::text::escaped(octets))
}

fn value_of(attributes: &[XclientAttribute], name: XclientName) -> Option<String> {
    attributes
        .iter()
        .find(|one| one.name == name)
        .and_then(|one| one.value.clone())
}

/// Whether the attribute makes sense; what is not said stays as it is.
fn apply(attribute: &XclientAttribute, remote: &mut SocketAddr, local: &mut SocketAddr) -> bool {
    let Some(value) = &attribute.value else {
        return true;
    };
    let address = || value.parse::<IpAddr>();
    let port = || value.parse::<u16>();
    match attribute.name {
        XclientName::Addr => address().map(|address| remote.set_ip(address)).is_ok(),
        XclientName::Port => port().map(|port| remote.set_port(port)).is_ok(),
        XclientName::DestAddr => address().map(|address| local.set_ip(address)).is_ok(),
        XclientName::DestPort => port().map(|port| local.set_port(port)).is_ok(),
        // The name is looked up here, and whoever logged in there has not logged in here.
        XclientName::Name | XclientName::Helo | XclientName::Login | XclientName::Proto => true,
    }
}
