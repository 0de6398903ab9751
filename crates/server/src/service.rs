//! The services that listeners lead to, and the one place that picks a dialect.

use std::sync::Arc;

use rialto_config::Pacing;
use rialto_domain::CloseReason;
use rialto_net::{Origins, Tls, Upgrade};
use rialto_session::{Blocks, Dialect, WordForStrangers, coremq, jmqt, pubsubx};

use crate::{memcached, status};

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

/// What a listener makes of its connections to the broker.
#[derive(Clone)]
pub(crate) struct ListenerProfile {
    pub(crate) spoken: Spoken,
    pub(crate) upgrade: Upgrade,
    pub(crate) tls: Tls,
    /// To whom whole frames go in small paced writes.
    pub(crate) pacing: Pacing,
    /// Which web pages may connect.
    pub(crate) origins: Arc<Origins>,
}

/// What clients of the broker speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    Jmqt,
    Coremq,
    Pubsubx,
    #[cfg(test)]
    Toy,
}

/// Something that is done in any dialect.
pub(crate) trait InDialect {
    type Done;

    fn run<D: Dialect>(self) -> Self::Done;
}

impl Spoken {
    /// Does something in the dialect that this is.
    pub(crate) fn pick<T: InDialect>(self, task: T) -> T::Done {
        match self {
            Spoken::Jmqt => task.run::<jmqt::Session>(),
            Spoken::Coremq => task.run::<coremq::Session>(),
            Spoken::Pubsubx => task.run::<pubsubx::Session>(),
            #[cfg(test)]
            Spoken::Toy => task.run::<crate::dialects::toy::Toy>(),
        }
    }
}

impl Service {
    pub(crate) fn new(
        dialect: rialto_config::Dialect,
        tls: Tls,
        pacing: Pacing,
        origins: Arc<Origins>,
    ) -> Self {
        let (spoken, upgrade) = match dialect {
            rialto_config::Dialect::Jmqt => (Spoken::Jmqt, Upgrade::Allowed),
            rialto_config::Dialect::Coremq => (Spoken::Coremq, Upgrade::Never),
            rialto_config::Dialect::CoremqWebsocket => (Spoken::Coremq, Upgrade::Required),
            rialto_config::Dialect::Pubsubx => (Spoken::Pubsubx, Upgrade::Never),
            rialto_config::Dialect::Memcached => return Service::Cache(tls),
            rialto_config::Dialect::Http => return Service::Http(tls),
        };
        Service::Broker(ListenerProfile { spoken, upgrade, tls, pacing, origins })
    }

    pub(crate) fn tls(&self) -> &Tls {
        match self {
            Service::Broker(ListenerProfile { tls, .. })
            | Service::Cache(tls)
            | Service::Http(tls) => tls,
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
        struct Refuse(CloseReason);

        impl InDialect for Refuse {
            type Done = Option<Vec<u8>>;

            fn run<D: Dialect>(self) -> Option<Vec<u8>> {
                D::refusal(self.0)
            }
        }

        match self.upgrade {
            Upgrade::Required => status::TOO_MANY.into(),
            Upgrade::Never | Upgrade::Allowed => {
                self.spoken.pick(Refuse(reason)).unwrap_or_default()
            }
        }
    }

    /// Says whether peers wait for the server to speak first.
    pub(crate) fn speaks_first(&self) -> bool {
        struct SpeaksFirst;

        impl InDialect for SpeaksFirst {
            type Done = bool;

            fn run<D: Dialect>(self) -> bool {
                D::SPEAKS_FIRST
            }
        }

        self.upgrade == Upgrade::Never && self.spoken.pick(SpeaksFirst)
    }

    /// Returns what tells peers of other protocols that they are wrong here, where that is said.
    pub(crate) fn word_for_strangers(&self) -> Option<WordForStrangers> {
        struct Word;

        impl InDialect for Word {
            type Done = Option<WordForStrangers>;

            fn run<D: Dialect>(self) -> Self::Done {
                D::WORD_FOR_STRANGERS
            }
        }

        self.spoken.pick(Word)
    }

    /// Returns by what a peer is known that has to be paced, where that is looked for.
    pub(crate) fn looks_for(&self) -> Option<Blocks> {
        struct LooksFor;

        impl InDialect for LooksFor {
            type Done = Option<Blocks>;

            fn run<D: Dialect>(self) -> Option<Blocks> {
                D::UNITS.blocks
            }
        }

        if self.pacing == Pacing::Auto { self.spoken.pick(LooksFor) } else { None }
    }
}
