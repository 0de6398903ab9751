//! Looking at messages as they pass: of a channel, of a client, or all of them.
//!
//! The broker offers each message under its lock to the [`Ring`](ring::Ring) of each tail that it is for, which
//! copies it if it has room and counts it otherwise. A task of the tail's own filters, and sends on what
//! its [`Pace`](pace::Pace) allows. So a tail delays nobody, however much passes and however slowly it is read.

mod filter;
mod line;
mod open;
mod pace;
mod ring;
mod stream;

pub(crate) use self::{
    filter::Filter,
    line::Form,
    open::{TAILS_MAX, Tail, TailPlaces, Wanted},
    pace::RATE_MAX,
    stream::stream,
};
