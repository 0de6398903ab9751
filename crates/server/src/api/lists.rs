//! Lists of very many: in which order they are told, and where a page of one begins.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::problem::Problem;
use crate::census::{Cursor, Order, Rates, Row, Snapshot};

/// By what a list is sorted.
#[derive(Debug)]
pub(super) struct Sort<R: Row>(Order<R>);

/// Which way it is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    Asc,
    Desc,
}

/// How old the numbers of a list are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AsOf {
    /// When they were counted, in milliseconds since 1970.
    as_of_ms: u64,
    /// How long ago that was.
    age_ms: u64,
    /// Rates are means over so long; absent as long as none are known, which is for a second after the first list.
    #[serde(skip_serializing_if = "Option::is_none")]
    rates_over_ms: Option<u64>,
}

/// What comes in and goes out in a second; absent as long as it is not known.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct RatesJson {
    /// Messages that come in.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_rate: Option<f64>,
    /// Messages that go out.
    #[serde(skip_serializing_if = "Option::is_none")]
    out_rate: Option<f64>,
    /// Bytes that come in.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_byte_rate: Option<f64>,
    /// Bytes that go out.
    #[serde(skip_serializing_if = "Option::is_none")]
    out_byte_rate: Option<f64>,
}

impl From<Rates> for RatesJson {
    fn from(rates: Rates) -> Self {
        let [in_rate, out_rate, in_byte_rate, out_byte_rate] = match rates.known() {
            // To a thousandth.
            Some(rates) => rates.map(|rate| Some((f64::from(rate) * 1e3).round() / 1e3)),
            None => [None; 4],
        };
        RatesJson { in_rate, out_rate, in_byte_rate, out_byte_rate }
    }
}

impl<R: Row> Default for Sort<R> {
    fn default() -> Self {
        Sort(Order { by: None, is_descending: false })
    }
}

impl<'de, R: Row> Deserialize<'de> for Sort<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == R::NAME {
            return Ok(Sort::default());
        }
        match R::NUMBERS.iter().find(|number| number.name == name) {
            // Numbers begin with the largest.
            Some(number) => Ok(Sort(Order { by: Some(number), is_descending: true })),
            None => {
                Err(D::Error::custom(format!("sort must be one of {}", names::<R>().join(", "))))
            }
        }
    }
}

impl<R: Row> Sort<R> {
    /// Returns the order of a list that is to go this way.
    pub(super) fn order(&self, direction: Option<Direction>) -> Order<R> {
        let is_descending = direction.map_or(self.0.is_descending, |it| it == Direction::Desc);
        Order { is_descending, ..self.0 }
    }
}

/// Says what a list can be sorted by.
pub(super) fn sort_schema<R: Row>() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names::<R>())).build()
}

fn names<R: Row>() -> Vec<&'static str> {
    let numbers = R::NUMBERS.iter().map(|number| number.name);
    [R::NAME].into_iter().chain(numbers).collect()
}

/// Reads where a page is to begin: behind a name, in a list by name upwards, otherwise behind what another page gave as its
/// `next`.
pub(super) fn after<R: Row>(text: &str, order: Order<R>) -> Result<Option<Cursor>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    if is_by_name(order) {
        return Ok(Some(Cursor::name(text)));
    }
    let cursor = Cursor::decode(text, order.name(), order.is_descending);
    cursor.map(Some).ok_or_else(|| {
        let detail = format!(
            "after must be the next of another page that is sorted by {} in the same direction",
            order.name()
        );
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })
}

/// Returns what begins the next page.
pub(super) fn next<R: Row>(cursor: Option<&Cursor>, order: Order<R>) -> Option<String> {
    let cursor = cursor?;
    Some(match cursor.as_name().filter(|_| is_by_name(order)) {
        Some(name) => name.to_owned(),
        None => cursor.encode(order.name(), order.is_descending),
    })
}

fn is_by_name<R: Row>(order: Order<R>) -> bool {
    order.by.is_none() && !order.is_descending
}

impl AsOf {
    pub(super) fn new<R: Row>(snapshot: &Snapshot<R>) -> Self {
        AsOf {
            as_of_ms: snapshot.at_ms,
            age_ms: milliseconds(snapshot.age()),
            rates_over_ms: snapshot.rates_over.map(milliseconds),
        }
    }
}

impl AsOf {
    /// Says how old the older of two counts is.
    pub(super) fn older<A: Row, B: Row>(one: &Snapshot<A>, other: &Snapshot<B>) -> Self {
        let [one, other] = [AsOf::new(one), AsOf::new(other)];
        let older = if other.age_ms < one.age_ms { one } else { other };
        AsOf { rates_over_ms: None, ..older }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
