//! One condition of a filter, and what meets it.

use std::cmp::Ordering;

use serde::Deserialize as _;
use serde_json::value::RawValue;

use super::{find::find, number::Number};

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// The parts of the pointer; none for the whole payload.
    pub(super) path: Vec<String>,
    pub(super) test: Test,
}

/// What is asked of the value at a pointer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Exists,
    Is(Operator, Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Contains,
    Prefix,
}

/// A JSON value that is neither an object nor an array.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
}

impl Term {
    /// Says whether a payload meets it.
    pub(super) fn accepts(&self, payload: &[u8]) -> bool {
        let Ok(payload) = std::str::from_utf8(payload) else { return false };
        let Some(found) = find(payload, &self.path) else { return false };
        match &self.test {
            Test::Exists => true,
            Test::Is(Operator::Contains, wanted) if found.starts_with('[') => {
                elements(found).into_iter().any(|it| Value::of(it.get()).as_ref() == Some(wanted))
            }
            Test::Is(operator, wanted) => operator.holds(Value::of(found).as_ref(), wanted),
        }
    }
}

impl Operator {
    /// Says whether it holds between what was found, `None` for an object or an array, and what is
    /// wanted.
    fn holds(self, found: Option<&Value>, wanted: &Value) -> bool {
        let order = found.and_then(|found| found.compare(wanted));
        match (self, found, wanted) {
            (Operator::Eq, ..) => found == Some(wanted),
            (Operator::Ne, ..) => found != Some(wanted),
            (Operator::Lt, ..) => order == Some(Ordering::Less),
            (Operator::Le, ..) => order.is_some_and(Ordering::is_le),
            (Operator::Gt, ..) => order == Some(Ordering::Greater),
            (Operator::Ge, ..) => order.is_some_and(Ordering::is_ge),
            (Operator::Contains, Some(Value::Text(found)), Value::Text(wanted)) => {
                found.contains(wanted.as_str())
            }
            (Operator::Prefix, Some(Value::Text(found)), Value::Text(wanted)) => {
                found.starts_with(wanted.as_str())
            }
            (Operator::Contains | Operator::Prefix, ..) => false,
        }
    }
}

impl Value {
    /// Reads a value; `None` of an object or an array, or what is no JSON.
    fn of(text: &str) -> Option<Self> {
        match text.as_bytes().first()? {
            b'n' => (text == "null").then_some(Value::Null),
            b't' | b'f' => text.parse().ok().map(Value::Bool),
            b'"' => serde_json::from_str(text).ok().map(Value::Text),
            _ => Number::of(text).map(Value::Number),
        }
    }

    /// Returns the order of two numbers, or of two texts by their characters' numbers; other values have
    /// none.
    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Value::Number(one), Value::Number(other)) => Some(one.cmp(other)),
            (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }
}

/// Returns the elements of an array, as they are written; none of what is no JSON.
fn elements(array: &str) -> Vec<&RawValue> {
    let mut reader = serde_json::Deserializer::from_str(array);
    Vec::deserialize(&mut reader).unwrap_or_default()
}
