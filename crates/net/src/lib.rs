//! Connections of peers that may do anything: how many there are, whose they are, how they are written to
//! and how they end.
//!
//! Knows no dialect, no broker and no settings; a balancer can use it as the server does. What becomes of
//! what is written is counted by whoever makes a connection, through [`Accounts`]. Starts no task but the one that reads
//! a closing [`Socket`] to its end.
//!
//! Read [`ConnectionWriter`] first, then [`Outbox`], which has the rule for slow consumers, then [`Socket`].
//!
//! Tested by unit tests, and the writer, which threads share, in every order in which they can run:
//! `cargo xtask loom`. The server's tests run it over real sockets.

mod outbox;
mod sync;

mod connection_writer;
mod dirty_writers;

mod connection_limiter;
mod proxy_head;
mod socket;
mod stream;

pub use connection_limiter::{ConnectionLimiter, ConnectionSlot, Place, REFUSED_OPEN_MAX};
pub use connection_writer::{Accounts, ConnectionWriter, TryWrite};
pub use dirty_writers::DirtyWriters;
pub use outbox::{FRAME_OVERHEAD_BYTES, Frames, Kind, Outbox, Pushed, Written};
pub use proxy_head::read as read_proxy_head;
pub use socket::Socket;
pub use stream::{Prompt, Stream};
