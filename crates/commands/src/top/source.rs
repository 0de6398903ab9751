//! Asking the broker, again and again, for what the screen shows.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::api::Api;
use crate::exit::Failure;
use crate::scrape::Scrape;
use crate::status::scrape;

/// Rows that are asked for, the most that the API gives at a time.
const ROWS_MAX: &str = "1000";

/// What the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Wanted {
    #[default]
    Overview,
    Clients,
    Channels,
    /// Nothing new: it stands still.
    Nothing,
}

/// What a broker answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) at: Instant,
    /// The metrics, or the first line of what is wrong.
    pub(super) scrape: Result<Scrape, String>,
    /// The list that was wanted, if one was.
    pub(super) list: Option<(Wanted, Result<Listed, String>)>,
}

/// Entries of a list.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: Vec<Value>,
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
            let wanted = *self.wanted.borrow_and_update();
            if wanted != Wanted::Nothing && self.answers.send(self.ask(wanted).await).await.is_err()
            {
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

    async fn ask(&self, wanted: Wanted) -> Answer {
        let scrape = scrape(&self.api).await.map_err(first_line);
        let list = match wanted {
            Wanted::Clients => Some("clients"),
            Wanted::Channels => Some("channels"),
            Wanted::Overview | Wanted::Nothing => None,
        };
        let list = match list {
            // Whoever does not answer the one does not answer the other.
            Some(name) if scrape.is_ok() => Some((wanted, self.list(name).await)),
            _ => None,
        };
        Answer { at: Instant::now(), scrape, list }
    }

    async fn list(&self, name: &str) -> Result<Listed, String> {
        let query = [("limit", ROWS_MAX)];
        let mut page: Value = self.api.get(&["v1", name], &query).await.map_err(first_line)?;
        let has_more = page["next"].is_string();
        let Value::Array(entries) = page[name].take() else {
            return Err(format!("what answers has no list of {name}"));
        };
        Ok(Listed { entries, has_more })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is made into its text")]
fn first_line(failure: Failure) -> String {
    failure.text.lines().next().unwrap_or_default().to_owned()
}
