//! Rialto's settings: typed, documented, and read from a file, the environment and flags.
//!
//! Does not open sockets, read certificates or install a logger; it says what those are to be.
//!
//! Read [`Settings`] first, then [`load()`]. The order of precedence is defaults, then the file,
//! then the environment, then flags. Every key is written once, in `settings.rs`: that line makes
//! the field, its default, its range, its documentation and its place in [`default_toml`].
//!
//! [`import()`] turns the configuration files of the original programs into one of ours; of these,
//! [`load()`] takes `coremq.conf` as it is.
//!
//! Tested by data in `tests/`: a set of sources on the left, settings or the error text on the
//! right; the default file is parsed back to the defaults.

mod choice;
mod quantity;
mod scalar;
mod secret;
mod section;
mod settings;

mod assignment;
mod draft;
mod error;
mod file;
mod load;
mod rules;
mod schema;
mod template;

mod import;

#[cfg(test)]
mod tests;

pub use choice::{
    AccessMode, Dialect, Durability, LogFormat, LogFull, ResumeFull, SlowConsumer, StoreKind,
    TlsMode,
};
pub use error::{ConfigError, Origin};
pub use import::{Import, Note, OriginalFile, import};
pub use load::{Flag, Sources, load, load_with_notes};
pub use quantity::{ByteSize, ParseQuantityError, Period};
pub use secret::{OptionalPath, Secret};
pub use settings::{
    Access, Cache, CachePublish, ChannelRule, Channels, Cluster, Delivery, History, Limits,
    Listener, Log, PresetToken, Pubsubx, Server, Session, Settings, Store, Tls,
};
pub use template::{default_toml, to_toml};
