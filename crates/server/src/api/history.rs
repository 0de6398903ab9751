//! Figures of the last minutes, hours and day, by HTTP.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::{
    IntoParams, ToSchema,
    openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Type},
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

/// Which figures: read by hand, as a name may come several times.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsHistoryQuery {
    /// Which series; several times, or with commas between them. All without it.
    #[param(schema_with = series_schema)]
    #[expect(dead_code, reason = "it only documents what is read by hand")]
    series: Option<Vec<String>>,
    /// How far back: five minutes by the second, an hour by ten seconds, or a day by the minute.
    #[param(schema_with = range_schema)]
    #[expect(dead_code, reason = "it only documents what is read by hand")]
    range: Option<String>,
}

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

/// Reads which series, as their places among all, and how far back.
fn wanted(pairs: &[(String, String)]) -> Result<(Vec<usize>, Range), String> {
    let (mut places, mut range) = (Vec::new(), None);
    for (name, value) in pairs {
        match (name.as_str(), range) {
            ("series", _) => {
                let named = value.split(',').map(place).collect::<Result<Vec<_>, _>>()?;
                places.extend(named);
            }
            ("range", None) => range = Some(range_of(value)?),
            ("range", Some(_)) => return Err("duplicate field `range`".to_owned()),
            // Others were refused before.
            _ => {}
        }
    }
    if places.is_empty() {
        places.extend(0..SERIES.len());
    }
    places.sort_unstable();
    places.dedup();
    Ok((places, range.unwrap_or_default()))
}

fn place(name: &str) -> Result<usize, String> {
    SERIES.iter().position(|series| series.name == name).ok_or_else(|| {
        let known: Vec<_> = SERIES.iter().map(|series| series.name).collect();
        format!("series must be of {}", known.join(", "))
    })
}

fn range_of(word: &str) -> Result<Range, String> {
    Range::ALL.into_iter().find(|range| range.as_str() == word).ok_or_else(|| {
        let words = Range::ALL.map(Range::as_str);
        format!("range must be one of {}", words.join(", "))
    })
}

fn series_schema() -> Array {
    let names = SERIES.iter().map(|series| series.name);
    let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build();
    ArrayBuilder::new().items(name).min_items(Some(1)).build()
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
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Large<StatsHistoryJson>, Problem> {
    let wanted = wanted(&pairs);
    let (places, range) = wanted.map_err(|detail| Problem::new(StatusCode::BAD_REQUEST, detail))?;
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
