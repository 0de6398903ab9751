//! The core without sockets: each capability by scripts and what they lead to, all together by
//! random operations against a reference model.

#![allow(clippy::needless_pass_by_value, reason = "what a test is given reads best by value")]

mod store;
mod text;
mod world;

mod absence;
mod acknowledge;
mod catch_up;
mod commit;
mod connect;
mod control;
mod direct;
mod history;
mod limits;
mod publish;
mod replicate;
mod retained;
mod server;
mod stats;
mod subscribe;
mod tick;
mod transient;

mod model;
