//! Connections that are turned away before they are anybody's, and why: what an error says of that.

use std::{error::Error, fmt, io, net::SocketAddr};

use rialto_domain::CloseReason;

use crate::audit::{Details, Event, Reason};

/// Why a connection was turned away.
pub(crate) struct Turned {
    pub(crate) event: Event,
    reason: Reason,
    rule: Option<&'static str>,
    detail: Option<String>,
    /// For whom a proxy brought it, where only its request said so.
    pub(crate) client: Option<SocketAddr>,
}

/// Makes the error of a handshake that is not taken.
pub(crate) fn turned(why: &'static str, reason: Reason) -> io::Error {
    turned_for(None, why, reason)
}

/// Makes such an error where a request said for whom a proxy brought it.
pub(crate) fn turned_for(
    client: Option<SocketAddr>,
    why: &'static str,
    reason: Reason,
) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Refusal { why, reason, client })
}

#[derive(Debug)]
struct Refusal {
    why: &'static str,
    reason: Reason,
    client: Option<SocketAddr>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why)
    }
}

impl Error for Refusal {}

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
        let Refusal { reason, client, .. } = inner.downcast_ref::<Refusal>()?;
        let rule = match reason {
            Reason::ForeignOrigin => Some("access.websocket_origins"),
            Reason::UntrustedProxy => Some("access.trusted_proxies"),
            _ => None,
        };
        let (reason, client) = (*reason, *client);
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
