//! The services that listeners lead to, and what each says to a connection that is refused.

use std::sync::Arc;

use rialto_config::Pacing;
use rialto_domain::CloseReason;
use rialto_session::{coremq, jmqt};

use crate::{memcached, status, tls::Tls, websocket::Origins};

/// What a listener leads to.
#[derive(Clone)]
pub(crate) enum Service {
    /// The broker.
    Broker(ListenerProfile),
    /// The cache, whose connections are no clients of the broker.
    Cache(Tls),
    /// The API and the status page.
    Http(Tls),
}

/// What clients of the broker speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Jmqt,
    Coremq,
    CoremqWebsocket,
    Pubsubx,
}

/// What a listener makes of its connections to the broker.
#[derive(Clone)]
pub(crate) struct ListenerProfile {
    pub(crate) dialect: Dialect,
    pub(crate) tls: Tls,
    /// To whom whole frames go in small paced writes.
    pub(crate) pacing: Pacing,
    /// Which web pages may connect.
    pub(crate) origins: Arc<Origins>,
}

impl Service {
    pub(crate) fn new(
        dialect: rialto_config::Dialect,
        tls: Tls,
        pacing: Pacing,
        origins: Arc<Origins>,
    ) -> Self {
        let dialect = match dialect {
            rialto_config::Dialect::Jmqt => Dialect::Jmqt,
            rialto_config::Dialect::Coremq => Dialect::Coremq,
            rialto_config::Dialect::CoremqWebsocket => Dialect::CoremqWebsocket,
            rialto_config::Dialect::Pubsubx => Dialect::Pubsubx,
            rialto_config::Dialect::Memcached => return Service::Cache(tls),
            rialto_config::Dialect::Http => return Service::Http(tls),
        };
        Service::Broker(ListenerProfile { dialect, tls, pacing, origins })
    }

    pub(crate) fn tls(&self) -> &Tls {
        match self {
            Service::Broker(ListenerProfile { tls, .. })
            | Service::Cache(tls)
            | Service::Http(tls) => tls,
        }
    }

    /// Returns what is spoken there, in the words of the configuration.
    pub(crate) fn dialect(&self) -> rialto_config::Dialect {
        match self {
            Service::Broker(listener) => match listener.dialect {
                Dialect::Jmqt => rialto_config::Dialect::Jmqt,
                Dialect::Coremq => rialto_config::Dialect::Coremq,
                Dialect::CoremqWebsocket => rialto_config::Dialect::CoremqWebsocket,
                Dialect::Pubsubx => rialto_config::Dialect::Pubsubx,
            },
            Service::Cache(_) => rialto_config::Dialect::Memcached,
            Service::Http(_) => rialto_config::Dialect::Http,
        }
    }

    /// Returns what a connection is told that is not let in, before it has said anything.
    pub(crate) fn refusal(&self, reason: CloseReason) -> Vec<u8> {
        match self {
            Service::Broker(listener) => listener.refusal(reason),
            Service::Cache(_) => memcached::TOO_MANY.into(),
            Service::Http(_) => status::TOO_MANY.into(),
        }
    }
}

impl ListenerProfile {
    /// Returns what a connection is told that is not let in, before it has said anything.
    pub(crate) fn refusal(&self, reason: CloseReason) -> Vec<u8> {
        let packet = match self.dialect {
            Dialect::Jmqt => jmqt::CloseMessage::new(reason).packet,
            Dialect::Coremq => coremq::close_message(reason, "-"),
            Dialect::CoremqWebsocket => Some(status::TOO_MANY.into()),
            Dialect::Pubsubx => None,
        };
        packet.unwrap_or_default()
    }
}
