//! Figures of the last minutes, hours and day, by HTTP.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::{
    IntoParams, ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::{
    large::{Large, Lender},
    problem::Problem,
    take::Query,
};
use crate::{
    asked::Asked,
    history::{Range, SERIES},
};

/// About what a figure takes in the answer.
const FIGURE_BYTES: usize = 8;

/// Which figures.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct StatsHistoryQuery {
    /// Which series, with commas between them; all without it.
    #[param(value_type = Option<String>)]
    series: Names,
    /// How far back: five minutes by the second, an hour by ten seconds, or a day by the minute.
    #[param(schema_with = range_schema)]
    range: RangeWish,
}

/// Series, as their places among all.
struct Names(Vec<usize>);

/// How far back.
#[derive(Default)]
struct RangeWish(Range);

/// Figures of some time.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatsHistoryJson {
    /// When the first step began, in milliseconds since 1970.
    from_ms: u64,
    /// How long a step is.
    step_ms: u64,
    /// For each series a figure a step, oldest first; null where nothing is known, since the server did not run or
    /// nothing happened that could be measured.
    #[schema(value_type = BTreeMap<String, Vec<Option<f64>>>)]
    series: BTreeMap<&'static str, Vec<Option<f64>>>,
}

impl Default for Names {
    fn default() -> Self {
        Names((0..SERIES.len()).collect())
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let place = |name: &str| {
            SERIES.iter().position(|series| series.name == name).ok_or_else(|| {
                let known: Vec<_> = SERIES.iter().map(|series| series.name).collect();
                D::Error::custom(format!("series must be of {}", known.join(", ")))
            })
        };
        text.split(',').map(place).collect::<Result<_, _>>().map(Names)
    }
}

impl<'de> Deserialize<'de> for RangeWish {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let range = Range::ALL.into_iter().find(|range| range.as_str() == word);
        range.map(RangeWish).ok_or_else(|| {
            let words = Range::ALL.map(Range::as_str);
            D::Error::custom(format!("range must be one of {}", words.join(", ")))
        })
    }
}

fn range_schema() -> Object {
    let words = Range::ALL.map(Range::as_str);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .default(Some(Range::default().as_str().into()))
        .build()
}

/// Reads figures of the last minutes, hours or day
///
/// Names that end in `_ms` are milliseconds, those in `_bytes` bytes; `messages_…`, `bytes_…`, `packets_…`, `dropped`,
/// `refused` and their like are by the second, the others say what there was at the end of each step. They begin anew with
/// the server.
#[utoipa::path(
    get, path = "/v1/stats/history", operation_id = "stats_history", tag = "server", params(StatsHistoryQuery),
    responses(
        (status = 200, description = "The figures", body = StatsHistoryJson),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn stats_history(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
    Query(query): Query<StatsHistoryQuery>,
) -> Result<Large<StatsHistoryJson>, Problem> {
    let StatsHistoryQuery { series: Names(mut places), range: RangeWish(range) } = query;
    places.sort_unstable();
    places.dedup();
    let lent = lender.lend(places.len() * range.steps() * FIGURE_BYTES).await?;
    let stretch = asked.history.read(range, asked.handle.hub().steady_ms(), &places);
    let figures = |values: Vec<Option<f32>>| {
        values.into_iter().map(|value| value.map(rounded)).collect::<Vec<_>>()
    };
    let names = places.iter().map(|&place| SERIES[place].name);
    let series = names.zip(stretch.values.into_iter().map(figures)).collect();
    let (from_ms, step_ms) = (stretch.from_ms, stretch.step_ms);
    Ok(Large(lent, StatsHistoryJson { from_ms, step_ms, series }))
}

/// To a thousandth.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e3).round() / 1e3
}
