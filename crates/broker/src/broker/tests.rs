//! The core without sockets: each capability by scripts and what they lead to, all together by
//! random operations against a reference model.

#![allow(clippy::needless_pass_by_value, reason = "what a test is given reads best by value")]

#[expect(clippy::disallowed_types, reason = "rights may be shared by threads; these are not")]
mod ledger;
mod store;
mod text;
mod world;

mod acknowledge;
mod catch_up;
mod channel_rules;
mod clocks;
mod commit;
mod connect;
mod control;
mod count;
mod damage;
mod departure;
mod detached;
mod direct;
mod forget;
mod history;
mod lanes;
mod limits;
mod numbered;
mod presence;
mod publish;
mod relief;
mod renewal;
mod replicate;
mod report;
mod retained;
mod rights;
mod server;
mod server_assigned;
mod stats;
mod subscribe;
#[expect(clippy::disallowed_types, reason = "sinks may be shared by threads; these are not")]
mod tail;
mod tick;
mod transient;
mod view;
mod welcome;

mod model;
mod nodes;
