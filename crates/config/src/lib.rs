//! Rialto's settings: typed, documented, and read from a file, the environment and flags.
//!
//! Does not open sockets, read certificates or install a logger; it says what those are to be.
//!
//! Read [`Settings`] first, then [`load()`]. The order of precedence is defaults, then the file,
//! then the environment, then flags. Every key is written once, in `settings/`: that line makes
//! the field, its default, its range, its documentation and its place in [`default_toml`].
//!
//! [`difference()`] says what a reload changes; [`list()`] shows each setting with who said so.
//!
//! [`import()`] turns the configuration files of the original programs into one of ours; of these,
//! [`load()`] takes `coremq.conf` and `load_balancer.conf` as they are.
//!
//! Tested by data in `tests/`: a set of sources on the left, settings or the error text on the
//! right; the default file is parsed back to the defaults.

mod address;
mod backend;
mod choice;
mod network;
mod quantity;
mod scalar;
mod secret;
mod section;
mod settings;

mod assignment;
mod difference;
mod draft;
mod environment;
mod error;
mod file;
mod listing;
mod load;
mod node;
mod note;
mod provenance;
mod rules;
mod schema;
mod template;

mod import;

#[cfg(test)]
mod tests;

pub use address::{ListenAddress, ParseListenAddressError};
pub use assignment::Flag;
pub use backend::{Backend, ParseBackendError};
pub use choice::{
    AccessAction, AccessMode, ApiRight, BalancedDialect, BalancingPolicy, BusKind, CertificateName,
    ClientCertificates, ConsoleServed, Dialect, DrainTime, Durability, EventKind, ForwardedHeader,
    HealthCheck, JwtAlgorithm, LogFormat, LogFull, Pacing, ResumeFull, RouteTls, SamplePage,
    SlowConsumer, StoreKind, TlsMode, Unmatched, WebhookEvent, WhenDown,
};
pub use difference::{Difference, difference, needs_restart};
pub use error::{ConfigError, ConfigErrors, Origin};
pub use import::{Import, OriginalFile, import};
pub use listing::{ListedSetting, list};
pub use load::{Checked, Sources, check, load, load_with_notes};
pub use network::Network;
pub use node::{NODE_PORT, Node, ParseNodeError};
pub use note::Note;
pub use provenance::Provenance;
pub use quantity::{ByteSize, ParseQuantityError, Period};
pub use rules::{Exposed, LOG_LEVELS, check_resolved};
pub use secret::{OptionalPath, Secret};
pub use settings::{
    Access, AccessRule, Api, ApiKey, Balancer, Bus, Cache, CachePublish, ChannelRule, Channels,
    Cluster, ConnectSubscription, Console, ConsoleRole, Delivery, Events, History, JwtIssuer,
    JwtKeys, Limits, Listener, Log, PresetToken, Pubsubx, Retained, Route, Server, Session,
    Settings, Store, Tls, Webhook,
};
pub use template::{default_toml, digest, to_toml};
