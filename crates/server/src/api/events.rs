//! What happened last, by HTTP.

use std::sync::Arc;

use axum::extract::State;
use rialto_config::EventKind;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};
use utoipa::{
    IntoParams, ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::{
    large::{Large, Lender},
    page::PageCount,
    problem::Problem,
    take::Query,
};
use crate::{
    asked::Asked,
    recent_events::{EventsWish, RecentEvent},
};

/// Which events.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct EventsQuery {
    /// Only those of this kind.
    #[param(schema_with = kind_schema)]
    kind: Option<Kind>,
    /// Only those about this client.
    client: Option<String>,
    /// Only those about this channel.
    channel: Option<String>,
    /// Those before this; `next` of the page before.
    #[param(value_type = Option<u64>, minimum = 1)]
    before: Option<Before>,
    /// How many.
    #[param(value_type = usize, minimum = 1, maximum = 1000, default = 100)]
    limit: PageCount,
}

/// A kind of events, by its word.
struct Kind(EventKind);

/// The number of an event.
struct Before(u64);

/// The last events, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventsPage {
    events: Vec<EventJson>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// Something that happened, with the fields that events of its kind have.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventJson {
    /// A number that grows from event to event, and begins anew when the server starts.
    number: u64,
    /// Its kind.
    event: &'static str,
    /// When it happened, the last time, in milliseconds since 1970.
    at_ms: u64,
    /// When it happened first.
    first_ms: u64,
    /// How often, within a minute.
    count: u64,
    /// As messages on the channel of its kind have them.
    #[serde(flatten)]
    #[schema(value_type = Map<String, Value>)]
    fields: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let kind = EventKind::ALL.into_iter().find(|kind| kind.as_str() == word);
        kind.map(Kind).ok_or_else(|| {
            let words: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
            D::Error::custom(format!("kind must be one of {}", words.join(", ")))
        })
    }
}

impl<'de> Deserialize<'de> for Before {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As text, because what stands in a query is none of JSON's numbers; the document's integers have 63 bits.
        let text = String::deserialize(deserializer)?;
        let number = text.parse::<i64>().ok().filter(|number| 0 < *number);
        let number = number.and_then(|number| u64::try_from(number).ok());
        number.map(Before).ok_or_else(|| D::Error::custom("before must be a number from 1"))
    }
}

impl From<RecentEvent> for EventJson {
    fn from(event: RecentEvent) -> Self {
        let fields = match event.fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        EventJson {
            number: event.number,
            event: event.kind.as_str(),
            at_ms: event.at_ms,
            first_ms: event.first_ms,
            count: event.count,
            fields,
        }
    }
}

fn kind_schema() -> Object {
    let words = EventKind::ALL.map(|kind| kind.as_str());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// Reads what happened last
///
/// Refusals, slow consumers and troubles of the store, and what else is told on channels of events. The same within a
/// minute is one event with a count.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "events", tag = "server", params(EventsQuery),
    responses(
        (status = 200, description = "The events, the latest first", body = EventsPage),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn events(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
    Query(query): Query<EventsQuery>,
) -> Result<Large<EventsPage>, Problem> {
    let lent = lender.lend(query.limit.bytes()).await?;
    let EventsQuery { kind, client, channel, before, limit } = query;
    let kind = kind.map(|Kind(kind)| kind);
    let before = before.map(|Before(before)| before);
    let wish = EventsWish { kind, client, channel, before, count_max: limit.get() };
    let (events, next) = asked.handle.hub().audit.events.recent.find(&wish);
    Ok(Large(lent, EventsPage { events: events.into_iter().map(EventJson::from).collect(), next }))
}
