//! The dialects that the broker of this server can write.

#[cfg(not(test))]
pub(crate) use rialto_session::Dialects;

/// All there are, and one that exists in tests only: `server/tests.rs` serves it over a real listener.
#[cfg(test)]
pub(crate) type Dialects =
    rialto_session::Encoders<rialto_session::Both<toy::Toy, rialto_session::All>>;

#[cfg(test)]
#[path = "../../session/src/tests/toy/dialect.rs"]
pub(crate) mod toy;

#[cfg(test)]
#[path = "../../session/src/tests/toy/numbers.rs"]
mod numbers;
