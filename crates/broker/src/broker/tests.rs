//! The core without sockets: each capability by scripts and what they lead to, all together by
//! random operations against a reference model.

mod store;
mod text;
mod world;

mod acknowledge;
mod catch_up;
mod commit;
mod connect;
mod control;
mod direct;
mod limits;
mod publish;
mod retained;
mod server;
mod subscribe;
mod tick;

mod model;
