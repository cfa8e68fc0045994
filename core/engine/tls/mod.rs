//! TLS on the receiving side: which certificate a client is shown, what is asked of it, and the octets of a connection
//! that is encrypted. It may not know SMTP, or when TLS begins: that is the session's.
//!
//! RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2), RFC 6066 §3 (the name that a client asks for), RFC 5077 (tickets). Older
//! versions are not spoken (RFC 8996).

mod certificates;
mod choice;
mod clients;
mod failure;
mod records;
mod settings;
mod stream;

pub use certificates::names;
pub use failure::TlsFailure;
pub use settings::{ServerTls, Settings, check};
pub use stream::TlsConn;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use std::sync::Arc;

/// Makes aws-lc-rs the process's cryptography. What is in this module names it and does not need this; libraries that
/// make TLS connections of their own (the directory's, a test's client) look for the process's. First thing in `main`;
/// a second call changes nothing.
pub fn install_provider() {
    // An error says that there is one already.
    let _ = aws_lc_rs::default_provider().install_default();
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
