//! What the tests of all dialects share.

pub(crate) mod authorizer;
pub(crate) mod frames;
pub(crate) mod journal;
pub(crate) mod peer;
pub(crate) mod question;
pub(crate) mod rules;
pub(crate) mod script;
pub(crate) mod store;
pub(crate) mod world;

mod authorization;
mod permit;
mod rights;
mod toy;
