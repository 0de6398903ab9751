//! Every setting there is, one line each: the sections by what they are about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::choice::TlsMode;
use crate::provenance::Provenance;

mod access;
mod application;
mod balancer;
mod bus;
mod channels;
mod clients;
mod cluster;
mod console;
mod events;
mod jwt;
mod listeners;
mod process;
mod storage;

pub use access::{Access, AccessRule, ConnectSubscription, PresetToken};
pub use application::{Api, ApiKey, Webhook};
pub use balancer::{Balancer, Route};
pub use bus::Bus;
pub use channels::{ChannelRule, Channels, History, Retained};
pub use clients::{Delivery, Limits, Pubsubx, Session};
pub use cluster::Cluster;
pub use console::{Console, ConsoleRole};
pub use events::Events;
pub use jwt::{JwtIssuer, JwtKeys};
pub use listeners::{Listener, Tls};
pub use process::{Log, Server};
pub use storage::{Cache, CachePublish, Store};

/// The name of the users' file in the data directory.
const USERS_FILE: &str = "users.toml";

/// All settings of a broker.
///
/// [`Settings::default`] is a broker for one machine: it listens on loopback only, for anybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The process.
    pub server: Server,
    /// Where clients connect, by a name of the operator's choosing.
    pub listeners: BTreeMap<String, Listener>,
    /// The broker's certificate, and those of its clients.
    pub tls: Tls,
    /// Limits that protect the broker.
    pub limits: Limits,
    /// How long a client may be silent or away.
    pub session: Session,
    /// PubSubX's own habits.
    pub pubsubx: Pubsubx,
    /// How messages reach subscribers.
    pub delivery: Delivery,
    /// The last messages of each channel.
    pub history: History,
    /// Retained messages.
    pub retained: Retained,
    /// Settings of single channels.
    pub channels: Channels,
    /// Channels on which the broker tells what happens.
    pub events: Events,
    /// Other brokers that share messages with this one.
    pub cluster: Cluster,
    /// The in-memory cache.
    pub cache: Cache,
    /// What outlives a restart.
    pub store: Store,
    /// What brokers that share a database tell each other over.
    pub bus: Bus,
    /// Who may connect, and what they may do.
    pub access: Access,
    /// The application that is asked and told.
    pub webhook: Webhook,
    /// The HTTP API.
    pub api: Api,
    /// The console.
    pub console: Console,
    /// The load balancer.
    pub balancer: Balancer,
    /// What the broker tells its operator.
    pub log: Log,
    /// Where each of these was written.
    #[serde(skip)]
    pub provenance: Provenance,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            server: Server::default(),
            listeners: Listener::defaults(),
            tls: Tls::default(),
            limits: Limits::default(),
            session: Session::default(),
            pubsubx: Pubsubx::default(),
            delivery: Delivery::default(),
            history: History::default(),
            retained: Retained::default(),
            channels: Channels::default(),
            events: Events::default(),
            cluster: Cluster::default(),
            cache: Cache::default(),
            store: Store::default(),
            bus: Bus::default(),
            access: Access::default(),
            webhook: Webhook::default(),
            api: Api::default(),
            console: Console::default(),
            balancer: Balancer::default(),
            log: Log::default(),
            provenance: Provenance::default(),
        }
    }
}

impl Settings {
    /// Returns the listeners to open, by name.
    ///
    /// Leaves out those that are disabled, and those that require TLS while there is no
    /// certificate; [`load()`](crate::load()) accepts the latter only of the defaults.
    pub fn open_listeners(&self) -> impl Iterator<Item = (&str, &Listener)> {
        let has_certificate = self.tls.files().is_some();
        self.listeners
            .iter()
            .filter(move |(_, listener)| {
                listener.enabled && (has_certificate || listener.tls != TlsMode::Require)
            })
            .map(|(name, listener)| (name.as_str(), listener))
    }

    /// Returns the file with users and the hashes of their passwords, which need not exist.
    pub fn users_file(&self) -> PathBuf {
        let given = self.access.users_file.get();
        given.map_or_else(|| self.server.data_dir.join(USERS_FILE), Path::to_owned)
    }
}
