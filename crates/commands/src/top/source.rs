//! Asking the broker, again and again, for what the screen shows.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::problems::Problems;
use crate::api::Api;
use crate::exit::Failure;
use crate::scrape::Scrape;
use crate::status::scrape;

/// Rows that are asked for: more than any terminal has lines.
const ROWS_MAX: &str = "200";
/// Rows of each list of problems.
const PROBLEMS_MAX: &str = "6";
/// Events that are told on the screen of problems.
const EVENTS_MAX: &str = "30";

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum View {
    #[default]
    Overview,
    Clients,
    Channels,
    Problems,
}

/// What is asked for; nothing while the screen stands still.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Wanted {
    pub(super) view: View,
    pub(super) order: Order,
    pub(super) is_paused: bool,
}

/// Which entries of a list, and which of them first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Order {
    /// What the API calls what they are sorted by.
    pub(super) sort: &'static str,
    pub(super) is_descending: bool,
    /// Only those whose name has this in it.
    pub(super) contains: String,
}

/// What a broker answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) at: Instant,
    /// The metrics, or the first line of what is wrong.
    pub(super) scrape: Result<Scrape, String>,
    /// What was wanted besides, if anything was.
    pub(super) shown: Option<Shown>,
}

/// What a screen shows besides the metrics, or why there is none.
#[derive(Debug)]
pub(super) enum Shown {
    Clients(Result<Listed, String>),
    Channels(Result<Listed, String>),
    Problems(Box<Result<Problems, String>>),
}

/// Entries of a list.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: Vec<Value>,
    /// How many fit, as far as they were counted.
    pub(super) total: u64,
    /// How old their numbers are.
    pub(super) age: Duration,
    /// Whether there are more than these.
    pub(super) has_more: bool,
}

/// Asks.
pub(super) struct Source {
    pub(super) api: Api,
    pub(super) interval: Duration,
    pub(super) wanted: watch::Receiver<Wanted>,
    pub(super) answers: mpsc::Sender<Answer>,
}

impl Source {
    /// Asks until nobody wants to know any more: once in the interval, and at once for another screen.
    pub(super) async fn run(mut self) {
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            if !wanted.is_paused && self.answers.send(self.ask(&wanted).await).await.is_err() {
                return;
            }
            let mut left = self.interval;
            while *self.wanted.borrow() == wanted && !left.is_zero() {
                let began = Instant::now();
                match timeout(left, self.wanted.changed()).await {
                    Ok(Ok(())) => left = left.saturating_sub(began.elapsed()),
                    Ok(Err(_)) => return,
                    Err(_) => break,
                }
            }
        }
    }

    async fn ask(&self, wanted: &Wanted) -> Answer {
        let scrape = scrape(&self.api).await.map_err(first_line);
        let shown = match wanted.view {
            // Whoever does not answer the one does not answer the other.
            _ if scrape.is_err() => None,
            View::Overview => None,
            View::Clients => Some(Shown::Clients(self.sorted("clients", &wanted.order).await)),
            View::Channels => Some(Shown::Channels(self.sorted("channels", &wanted.order).await)),
            View::Problems => Some(Shown::Problems(Box::new(self.problems().await))),
        };
        Answer { at: Instant::now(), scrape, shown }
    }

    async fn sorted(&self, name: &str, order: &Order) -> Result<Listed, String> {
        let direction = if order.is_descending { "desc" } else { "asc" };
        let mut query = vec![("limit", ROWS_MAX), ("order", direction)];
        if !order.sort.is_empty() {
            query.push(("sort", order.sort));
        }
        if !order.contains.is_empty() {
            query.push(("contains", &order.contains));
        }
        self.list(name, &query).await
    }

    async fn problems(&self) -> Result<Problems, String> {
        let limit = ("limit", PROBLEMS_MAX);
        let by = |sort| [limit, ("sort", sort)];
        let slow = [&by("pending_bytes")[..], &[("state", "slow")]].concat();
        let backlog = [&by("log_bytes")[..], &[("kind", "backlog")]].concat();
        Ok(Problems {
            slow: self.list("clients", &slow).await?.entries,
            dropped: self.list("clients", &by("dropped")).await?.entries,
            behind: self.list("clients", &by("lag")).await?.entries,
            backlog: self.list("channels", &backlog).await?.entries,
            events: self.list("events", &[("limit", EVENTS_MAX)]).await?.entries,
        })
    }

    async fn list(&self, name: &str, query: &[(&str, &str)]) -> Result<Listed, String> {
        let mut page: Value = self.api.get(&["v1", name], query).await.map_err(first_line)?;
        let Value::Array(entries) = page[name].take() else {
            return Err(format!("what answers has no list of {name}"));
        };
        let total = page["total"].as_u64().unwrap_or_default().max(entries.len() as u64);
        let age = Duration::from_millis(page["age_ms"].as_u64().unwrap_or_default());
        Ok(Listed { entries, total, age, has_more: page["next"].is_string() })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is made into its text")]
fn first_line(failure: Failure) -> String {
    failure.text.lines().next().unwrap_or_default().to_owned()
}
