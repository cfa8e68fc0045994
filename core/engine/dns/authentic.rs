//! Queries with the AD bit set: without it most validating name servers do not say in the answer whether they validated.
//! RFC 6840 §5.7. hickory does not set it, so its connections are wrapped. No validation of our own: that belongs into a
//! resolver close by, and what a far one claims is worth as much as the way there is safe (RFC 4035 §4.9.3).

use hickory_resolver::config::ConnectionConfig;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsExchange, DnsHandle};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Query};
use hickory_resolver::{ConnectionProvider, PoolContext};
use std::net::IpAddr;
use std::pin::Pin;

/// Makes connections on tokio's sockets.
#[derive(Clone, Default)]
pub(super) struct AskAuthentic(TokioRuntimeProvider);

/// A connection to a name server.
#[derive(Clone)]
pub(super) struct Connection(DnsExchange<TokioRuntimeProvider>);

impl ConnectionProvider for AskAuthentic {
    type Conn = Connection;
    type FutureConn = Pin<Box<dyn Future<Output = Result<Connection, NetError>> + Send>>;
    type RuntimeProvider = TokioRuntimeProvider;

    fn new_connection(
        &self,
        ip: IpAddr,
        config: &ConnectionConfig,
        cx: &PoolContext,
    ) -> Result<Self::FutureConn, NetError> {
        let connecting = self.0.new_connection(ip, config, cx)?;
        Ok(Box::pin(async move { connecting.await.map(Connection) }))
    }

    fn runtime_provider(&self) -> &TokioRuntimeProvider {
        &self.0
    }
}

impl DnsHandle for Connection {
    type Response = <DnsExchange<TokioRuntimeProvider> as DnsHandle>::Response;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, mut request: DnsRequest) -> Self::Response {
        request.metadata.authentic_data = true;
        self.0.send(request)
    }

    fn lookup(&self, query: Query, options: DnsRequestOptions) -> Self::Response {
        self.send(DnsRequest::from_query(query, options))
    }
}
