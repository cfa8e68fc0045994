//! STARTTLS, and what is left of a conversation after it. RFC 3207 §4 (the command), §4.2 (all is forgotten, a transaction
//! included: the RFC does not forbid the command in one), CVE-2011-0411 (what came in the clear behind it).

use super::question::Offer;
use super::session::{Outcome, Session};
use super::{Phase, Server, secrets};
use crate::replies;
use postern_vocab::events::{Ending, IncidentKind};
use postern_vocab::{Timestamp, refusals};

pub(super) fn starttls(session: &mut Session) -> Outcome {
    match session.settings.tls {
        _ if session.tls => refusals::TLS_ALREADY.into(),
        Offer::No => refusals::STARTTLS_NOT_OFFERED.into(),
        Offer::Yes | Offer::Required => Outcome::StartTls,
    }
}

impl Server {
    /// RFC 3207 §4: STARTTLS is the last command of a group. What came behind it could be anybody's, and is thrown away.
    pub(super) fn start_tls(&mut self) {
        let behind = self.lines.take_rest();
        if !behind.is_empty() {
            self.record
                .incident(IncidentKind::StarttlsInjection, &secrets::shown_in_mass(&behind));
        }
        self.say(&replies::TLS_READY);
        self.phase = Phase::StartTls;
    }

    /// The TLS handshake that [`super::Step::StartTls`] asked for is done. On a listener whose connections begin with TLS
    /// it is called before [`Self::open`]. The conversation begins anew; messages, mistakes and failed log-ins are still
    /// counted.
    pub fn tls_established(&mut self, now: Timestamp) {
        self.record.at(now);
        self.session.tls = true;
        self.session.begin_anew();
        if matches!(self.phase, Phase::StartTls) {
            self.phase = Phase::Commands;
        }
    }

    /// It failed: the connection is never taken back into the clear, and nothing more is said.
    pub fn tls_failed(&mut self, reason: &str, now: Timestamp) {
        self.record.at(now);
        self.record.incident(IncidentKind::TlsFailed, reason.as_bytes());
        if !matches!(self.phase, Phase::Closing(_)) {
            self.phase = Phase::Closing(Ending::Closed);
        }
    }

    /// Whether the octets go through TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.session.tls
    }

    /// Who has logged in.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.session.user.as_deref()
    }
}
