//! What the tests of all dialects share.

pub(crate) mod frames;
pub(crate) mod gate;
pub(crate) mod script;
pub(crate) mod store;
pub(crate) mod world;

mod inquiry;
mod permit;
mod rights;
