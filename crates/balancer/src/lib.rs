//! The load balancer: takes connections of any dialect and passes their bytes on to one of several
//! brokers.
//!
//! Knows no broker and no session. It reads at most the first packet of a connection, where a policy goes by
//! the client id in it, and says nothing itself unless no server is left to say it.
//!
//! [`Pool`] has what is decided, pure, and is what to read first; then `passage.rs`, the life of a
//! connection, and `relay.rs`, which passes its bytes on. [`Balancer`] puts listeners, checks and
//! the administration around them, and [`run()`] a process around that.
//!
//! Tested by unit tests of what is pure, and by `crates/cli/tests/balancer` with real brokers that are
//! killed, stopped and drained.

mod pool;

mod access_list;
mod chance;
mod counts;
mod first_packet;
mod last_word;
mod relay;
mod storm;
mod upstream;

mod route;
mod server_name;

mod entrance;

mod addresses;
mod health_check;
mod passage;
mod terms;

mod admin;
mod balancer;
mod error;
mod run;

pub use balancer::Balancer;
pub use error::BalancerError;
pub use pool::{Pool, Spec, State, Terms};
pub use run::run;
