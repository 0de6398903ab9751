//! Which messages of a tail are wanted, by what stands in their payloads.
//!
//! A filter is one or more terms with `and` between them, and a message has to meet all of them. A term
//! is a JSON pointer (RFC 6901), an operator and a JSON value: `/temperature > 30 and /city = "Mestre"`.
//! It is false where the payload has nothing at the pointer, whatever the operator.
//!
//! Numbers are compared as they are written, digit by digit: none is rounded.

mod find;
mod number;
mod parse;
mod term;

pub(crate) use self::parse::FilterError;

use self::term::Term;

/// Which payloads are wanted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter(Vec<Term>);

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`FilterError`] with the place and the reason.
    ///
    /// # Limits
    /// 256 characters and 16 terms.
    pub(crate) fn parse(text: &str) -> Result<Self, FilterError> {
        parse::filter(text).map(Filter)
    }

    /// Says whether a payload is wanted. One that is no JSON never is.
    ///
    /// # Cost
    /// The payload is read once for each term, up to the end of the object that the pointer leads into.
    pub(crate) fn accepts(&self, payload: &[u8]) -> bool {
        self.0.iter().all(|term| term.accepts(payload))
    }
}

#[cfg(test)]
mod tests;
