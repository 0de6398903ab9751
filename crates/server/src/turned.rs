//! Connections that are turned away before they are anybody's, and why: what an error says of that, in the
//! words of the audit trail.

use std::{io, net::SocketAddr};

use rialto_domain::CloseReason;
use rialto_net::{Because, TurnedAway};

use crate::audit::{Details, Event, Reason};

/// Why a connection was turned away.
pub(crate) struct Turned {
    pub(crate) event: Event,
    pub(crate) reason: Reason,
    rule: Option<&'static str>,
    detail: Option<String>,
    /// For whom a proxy brought it, where only its request said so.
    pub(crate) client: Option<SocketAddr>,
}

impl Turned {
    /// Returns why a handshake failed, if it was turned away: not where its peer went by itself, and not
    /// where the refusal has been told of.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        if error.kind() == io::ErrorKind::TimedOut {
            return Some(Turned {
                event: Event::Connection,
                reason: Reason::GreetingTimeout,
                rule: Some("limits.authenticate_timeout"),
                detail: None,
                client: None,
            });
        }
        let inner = error.get_ref()?;
        if inner.is::<CloseReason>() {
            return None;
        }
        if let Some(error) = inner.downcast_ref::<rustls::Error>() {
            return Turned::of_tls(error);
        }
        let TurnedAway { because, client } = *TurnedAway::of(error)?;
        let (reason, rule) = match because {
            Because::TlsRequired => (Reason::TlsRequired, None),
            Because::ForeignOrigin => (Reason::ForeignOrigin, Some("access.websocket_origins")),
            Because::UntrustedProxy => (Reason::UntrustedProxy, Some("access.trusted_proxies")),
        };
        Some(Turned { event: Event::Handshake, reason, rule, detail: None, client })
    }

    fn of_tls(error: &rustls::Error) -> Option<Self> {
        let (reason, rule) = match error {
            rustls::Error::InvalidCertificate(_) => {
                (Reason::InvalidCertificate, Some("tls.client_authority"))
            }
            rustls::Error::NoCertificatesPresented => {
                (Reason::NoCertificate, Some("tls.client_certificates"))
            }
            // It was the peer that would not have us.
            rustls::Error::AlertReceived(_) => return None,
            _ => (Reason::TlsFailed, None),
        };
        let detail = Some(error.to_string());
        Some(Turned { event: Event::Handshake, reason, rule, detail, client: None })
    }

    pub(crate) fn details(&self) -> Details {
        let details = Details::new(self.reason);
        let details = self.rule.iter().fold(details, |details, rule| details.rule(*rule));
        self.detail.iter().fold(details, |details, detail| details.detail(detail))
    }
}
