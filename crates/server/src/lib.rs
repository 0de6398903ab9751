//! Rialto's server: sockets, TLS, WebSocket, tasks and shutdown around the broker's core.
//!
//! The only crate that opens sockets, spawns tasks and names a store's driver. It decides nothing
//! about packets (the session does), about messages (the broker does) or about settings (they come
//! checked).
//!
//! Read [`run()`] first, then `hub.rs` for how everything meets, then `connection.rs` for the life
//! of one connection.
//!
//! Tested with the real binary over real sockets, in `crates/cli/tests`.

mod attend;
mod builder;
mod bus;
mod check;
mod drain;
mod engine;
mod error;
mod event_channels;
mod event_feed;
mod handle;
mod parts;
mod recent_events;
mod reload_result;
mod reloadable;
mod run;
mod server;
mod settings_map;
mod starter;
mod startup;
mod supervisor;
mod ticker;
mod tickets;
mod trial;

mod clock;
mod database;
mod follow;
mod guarded;
mod guests;
mod hub;
mod opening;
mod store;
mod store_jobs;

mod acceptor;
mod addresses;
mod allowance;
mod answers;
mod api;
mod asked;
mod audit;
mod authorizer;
mod census;
mod connection;
mod connection_limits;
mod connection_writer;
mod console;
mod control;
mod decision;
mod dialects;
mod entrance;
mod hangup;
mod health;
mod history;
mod http;
mod http_host;
mod http_request;
mod http_session;
mod http_times;
mod inquiry;
mod listener;
mod machine;
mod memcached;
mod memory;
mod metrics;
mod pacer;
mod parked;
mod pipeline;
mod pulse;
mod read_pause;
mod readiness;
mod repeats;
mod replicants;
mod sample;
mod serve;
mod service;
mod session_events;
mod shield;
mod sign_ins;
mod static_file;
mod status;
mod tail;
mod traffic;
mod transport;
mod turned;
mod visit;
mod witness;

mod certificates;
mod certified;
mod cluster;
mod journal;
mod jwks;
mod lasting;
mod lease;
mod watch_files;
mod webhooks;

pub mod maintenance;

pub use builder::ServerBuilder;
pub use check::check;
pub use error::ServeError;
pub use handle::{
    ChannelStatus, ClientStatus, Delivery, Handle, HistoryMessage, Message, PublishError,
    RetainedMessage, Subscription,
};
pub use rialto_access::Ban;
pub use rialto_application::{
    Announcement, Application, AuthenticateRequest, Authentication, Client, ClientId, CloseReason,
    ConnectRequest, Control, ControlRequest, Event, Events, ForcedSubscription, Peer, Protocol,
    Publication, PublishRequest, Qos, RefusalStatus, Reject, SessionEnded, SessionStart,
    SubscribeRequest, UnixMs, UnsubscribeRequest,
};
pub use rialto_broker::Stats;
pub use rialto_config::{self as config, Settings};
pub use run::run;
pub use server::Server;
pub use supervisor::Supervisor;
pub use trial::{AccessTrial, sign_token};
