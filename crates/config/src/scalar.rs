//! What the types of keys have in common: how a value is read and what to tell who got it wrong.

use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Value;

use crate::address::ListenAddress;
use crate::quantity::{ByteSize, Period};
use crate::secret::{OptionalPath, Secret};

mod list;

/// A value as a source gave it.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    /// From a file, which tells text from numbers.
    Toml(Value),
    /// From the environment or a flag, which do not.
    Text(String),
}

/// A type that a key may have.
pub(crate) trait Scalar: Serialize + DeserializeOwned + PartialOrd {
    /// What to write, to complete "expected …".
    const EXPECTED: &'static str;

    /// Whether a message may quote what was written.
    const QUOTABLE: bool = true;

    /// Says what is wrong with a value that is not of the right form, where more can be said than
    /// that.
    fn faults(_wrong: &Value) -> Vec<Fault> {
        Vec::new()
    }
}

/// Something that is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Which entry of a list has it, counted from 0.
    pub(crate) entry: Option<usize>,
    pub(crate) text: String,
}

/// Reads a value, and returns it with the TOML that stands for it.
pub(crate) fn read<T: Scalar>(given: &Given) -> Option<(T, Value)> {
    let typed = |value: Value| Some((T::deserialize(value.clone()).ok()?, value));
    match given {
        Given::Toml(value) => typed(value.clone()),
        // Text first: the channel token 0123 is no number, and a level needs no quotes.
        Given::Text(text) => {
            typed(Value::String(text.clone())).or_else(|| typed(toml_literal(text)?))
        }
    }
}

/// Says what is wrong with `given`, which was not accepted.
pub(crate) fn faults<T: Scalar>(given: &Given) -> Vec<Fault> {
    match given {
        Given::Toml(value) => T::faults(value),
        Given::Text(text) => {
            let faults = T::faults(&Value::String(text.clone()));
            match toml_literal(text) {
                Some(literal) if faults.is_empty() => T::faults(&literal),
                _ => faults,
            }
        }
    }
}

/// Reads a text of our own, such as a default.
pub(crate) fn literal<T: Scalar>(text: &str) -> T {
    let (value, _) = read(&Given::Text(text.to_owned())).expect("a test reads every default");
    value
}

fn toml_literal(text: &str) -> Option<Value> {
    let mut table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    table.remove("value")
}

macro_rules! scalars {
    ($($type:ty: $expected:expr;)*) => {
        $( impl Scalar for $type { const EXPECTED: &'static str = $expected; } )*
    };
}

scalars! {
    bool: "true or false";
    usize: "a whole number";
    u64: "a whole number";
    String: "a text";
    PathBuf: "a path";
    OptionalPath: "a path, or \"\" for none";
    ByteSize: ByteSize::EXPECTED;
    Period: Period::EXPECTED;
}

impl Scalar for ListenAddress {
    const EXPECTED: &'static str = ListenAddress::EXPECTED;

    fn faults(wrong: &Value) -> Vec<Fault> {
        let text = match wrong {
            Value::String(text) => text.clone(),
            Value::Integer(port) => port.to_string(),
            _ => return Vec::new(),
        };
        let error = text.parse::<ListenAddress>().err();
        error.map(|error| Fault { entry: None, text: error.to_string() }).into_iter().collect()
    }
}

impl Scalar for Secret {
    const EXPECTED: &'static str = "a text";
    const QUOTABLE: bool = false;
}
