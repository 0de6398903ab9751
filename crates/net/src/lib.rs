//! Connections of peers that may do anything: how they are accepted, what they speak, how many there are, whose
//! they are, how they are written to and how they end.
//!
//! Knows no dialect, no broker and no settings; a balancer can use it as the server does. What becomes of
//! what is written is counted by whoever makes a connection, through [`Accounts`]. Starts no task but the one that reads
//! a closing [`Socket`] to its end.
//!
//! For the way in read [`Listener`] first, then [`Arrival`], [`negotiate`] and [`Patience`]; for the way out
//! [`ConnectionWriter`], then [`Outbox`], which has the rule for slow consumers; for the end [`Socket`].
//!
//! Tested by unit tests over real sockets and certificates, and the writer, which threads share, in every order
//! in which they can run: `cargo xtask loom`.

mod arrival;
mod listener;
mod open_files;
mod proxies;
mod proxy_head;

mod handshake;
mod patience;
mod tls;
mod turned_away;
mod websocket;

mod outbox;
mod sync;

mod connection_writer;
mod dirty_writers;

mod connection_limiter;
mod socket;
mod stream;

#[cfg(test)]
mod testing;

pub use arrival::Arrival;
pub use connection_limiter::{ConnectionLimiter, ConnectionSlot, Place, REFUSED_OPEN_MAX};
pub use connection_writer::{Accounts, ConnectionWriter, Figures, TryWrite};
pub use dirty_writers::DirtyWriters;
pub use handshake::{FirstWord, Negotiated, Terms, Upgrade, WordForStrangers, negotiate, secure};
pub use listener::{Gate, Listener, Opened, Receive};
pub use open_files::OpenFiles;
pub use outbox::{FRAME_OVERHEAD_BYTES, Frames, Kind, Outbox, Pushed, Written};
pub use patience::Patience;
pub use proxies::{Proxies, TrustedProxies};
pub use proxy_head::read as read_proxy_head;
pub use socket::Socket;
pub use stream::{Prompt, Stream};
pub use tls::{
    CertificateError, CertificateFile, CertificateFiles, CertificateName, Certificates,
    ClientAuthority, Tls,
};
pub use turned_away::{Because, TurnedAway};
pub use websocket::{Messages, Origins, UpgradeTerms, UpgradeTexts, WebSocketReader};
