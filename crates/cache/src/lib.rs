//! An in-memory cache that speaks memcached's text protocol.
//!
//! Opens no sockets, reads no clock and starts nothing: bytes and the time come in, reply bytes and changes go out. It
//! knows nothing of brokers and channels; which changes somebody wants to hear of is a list of key prefixes. Read
//! [`Session`] first, which is one connection, then [`Store`], which all connections share, then [`Reader`].
//!
//! Tested with dialogues in text, with the same bytes cut at every place, and with threads that write the same key.

mod exptime;
mod key;
mod number;

mod fault;
mod report;

mod command;
mod reader;
mod request;

mod change;
mod flush;
mod item;
mod settings;
mod size_class;
mod stats;
mod store;
mod write;

mod reply;
mod session;
mod stats_page;

pub use change::{Change, ChangeKind};
pub use exptime::{Exptime, UnixMs};
pub use fault::Fault;
pub use item::Item;
pub use key::{KEY_BYTES_MAX, Key};
pub use reader::{LINE_BYTES_MAX, Read, Reader};
pub use reply::REPLY_BYTES_MAX;
pub use report::Report;
pub use request::{Request, Verb};
pub use session::{Progress, Session};
pub use settings::{ProcessorTime, Settings};
pub use store::Store;
pub use write::{Direction, NoSum, Stored, Write};
