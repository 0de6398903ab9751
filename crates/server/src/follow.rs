//! Followers: those who read channels as the answer to an HTTP request that goes on.
//!
//! A [`Follower`] is a connection of the broker's, whose client is known as long as it lasts: what it is
//! sent is encoded once for all followers, and waits in an outbox as that of any subscriber. The
//! [`body`](body::body) of the answer takes it from there, when HTTP has room for more. Who comes back with
//! the id of a message is first sent what the histories have behind it ([`Replay`](replay::Replay)),
//! while new messages wait.

mod body;
mod follower;
mod replay;
mod start;

pub(crate) use self::{
    body::body,
    follower::{Follower, NotFollowed, Wanted},
    start::Start,
};
