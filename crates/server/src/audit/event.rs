//! What a trace says happened, and why: words that stay the same, as programs read them.
//!
//! `docs/audit.md` promises them.

/// What was refused, or slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A connection, before anything was said on it or because too little was.
    Connection,
    /// TLS, a WebSocket upgrade or the head of a proxy.
    Handshake,
    /// Credentials that are exchanged for a token.
    Authentication,
    /// A session.
    Session,
    Publish,
    Subscribe,
    Unsubscribe,
    Control,
    History,
    /// To have all messages, as another server.
    Replication,
    /// A request of the HTTP API.
    Api,
    /// Nothing yet: somebody who guesses has to wait for the answer.
    Guessing,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Application,
    Banned,
    ClosedApi,
    EndedSignIn,
    ForeignHost,
    ForeignOrigin,
    ForgedRequest,
    GreetingTimeout,
    InvalidCertificate,
    InvalidForm,
    InvalidJwt,
    InvalidToken,
    ListenerFull,
    MissingRight,
    NameTaken,
    NoCertificate,
    NoKey,
    NoRule,
    NoSession,
    NotAllowed,
    PayloadTooLarge,
    Rule,
    NotAuthenticated,
    TlsFailed,
    TlsRequired,
    TokenRights,
    TooFast,
    TooManyConnections,
    TooManyFailures,
    TooManyFromAddress,
    TooManySubscriptions,
    Undecided,
    UntrustedProxy,
    WrongKey,
    WrongPassword,
}

impl Event {
    /// All of them, in their order.
    pub(crate) const ALL: [Event; 12] = [
        Event::Connection,
        Event::Handshake,
        Event::Authentication,
        Event::Session,
        Event::Publish,
        Event::Subscribe,
        Event::Unsubscribe,
        Event::Control,
        Event::History,
        Event::Replication,
        Event::Api,
        Event::Guessing,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Event::Connection => "connection-refused",
            Event::Handshake => "handshake-refused",
            Event::Authentication => "authentication-refused",
            Event::Session => "session-refused",
            Event::Publish => "publish-refused",
            Event::Subscribe => "subscribe-refused",
            Event::Unsubscribe => "unsubscribe-refused",
            Event::Control => "control-refused",
            Event::History => "history-refused",
            Event::Replication => "replication-refused",
            Event::Api => "api-refused",
            Event::Guessing => "guessing-slowed",
        }
    }
}

impl Reason {
    /// All of them, in their order.
    pub(crate) const ALL: [Reason; 35] = [
        Reason::Application,
        Reason::Banned,
        Reason::ClosedApi,
        Reason::EndedSignIn,
        Reason::ForeignHost,
        Reason::ForeignOrigin,
        Reason::ForgedRequest,
        Reason::GreetingTimeout,
        Reason::InvalidCertificate,
        Reason::InvalidForm,
        Reason::InvalidJwt,
        Reason::InvalidToken,
        Reason::ListenerFull,
        Reason::MissingRight,
        Reason::NameTaken,
        Reason::NoCertificate,
        Reason::NoKey,
        Reason::NoRule,
        Reason::NoSession,
        Reason::NotAllowed,
        Reason::PayloadTooLarge,
        Reason::Rule,
        Reason::NotAuthenticated,
        Reason::TlsFailed,
        Reason::TlsRequired,
        Reason::TokenRights,
        Reason::TooFast,
        Reason::TooManyConnections,
        Reason::TooManyFailures,
        Reason::TooManyFromAddress,
        Reason::TooManySubscriptions,
        Reason::Undecided,
        Reason::UntrustedProxy,
        Reason::WrongKey,
        Reason::WrongPassword,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Reason::Application => "application",
            Reason::Banned => "banned",
            Reason::ClosedApi => "closed-api",
            Reason::EndedSignIn => "ended-sign-in",
            Reason::ForeignHost => "foreign-host",
            Reason::ForeignOrigin => "foreign-origin",
            Reason::ForgedRequest => "forged-request",
            Reason::GreetingTimeout => "greeting-timeout",
            Reason::InvalidCertificate => "invalid-certificate",
            Reason::InvalidForm => "invalid-form",
            Reason::InvalidJwt => "invalid-jwt",
            Reason::InvalidToken => "invalid-token",
            Reason::ListenerFull => "listener-full",
            Reason::MissingRight => "missing-right",
            Reason::NameTaken => "name-taken",
            Reason::NoCertificate => "no-certificate",
            Reason::NoKey => "no-key",
            Reason::NoRule => "no-rule",
            Reason::NoSession => "no-session",
            Reason::NotAllowed => "not-allowed",
            Reason::PayloadTooLarge => "payload-too-large",
            Reason::Rule => "rule",
            Reason::NotAuthenticated => "not-authenticated",
            Reason::TlsFailed => "tls-failed",
            Reason::TlsRequired => "tls-required",
            Reason::TokenRights => "token-rights",
            Reason::TooFast => "too-fast",
            Reason::TooManyConnections => "too-many-connections",
            Reason::TooManyFailures => "too-many-failures",
            Reason::TooManyFromAddress => "too-many-from-address",
            Reason::TooManySubscriptions => "too-many-subscriptions",
            Reason::Undecided => "undecided",
            Reason::UntrustedProxy => "untrusted-proxy",
            Reason::WrongKey => "wrong-key",
            Reason::WrongPassword => "wrong-password",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_and_each_reason_stands_at_its_own_number() {
        assert!(Event::ALL.iter().enumerate().all(|(number, event)| *event as usize == number));
        assert!(Reason::ALL.iter().enumerate().all(|(number, reason)| *reason as usize == number));
        // The last there is.
        assert_eq!(Reason::ALL.len(), Reason::WrongPassword as usize + 1);
    }
}
