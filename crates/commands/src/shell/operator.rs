//! What the shell knows by the broker's HTTP API: histories, and who is connected.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::Value;

use crate::api::{Api, ApiPlace, List};
use crate::exit::Failure;
use crate::history;
use crate::table::{Table, or_nothing, span, word};

use super::peer::Reply;
use super::seen::Seen;

/// Asks the HTTP API, which needs a key; without one only commands that need it fail.
pub(super) struct Operator {
    place: ApiPlace,
}

impl Operator {
    pub(super) fn new(place: ApiPlace) -> Self {
        Operator { place }
    }

    pub(super) async fn history(
        &self,
        channel: &str,
        count: Option<NonZeroU32>,
    ) -> Result<Reply, Failure> {
        let latest =
            history::latest(&self.open()?, channel, count.map(|it| it.get() as usize)).await?;
        if latest.is_empty() {
            return Ok(Reply::Said(format!("the channel {} has no history", word(channel))));
        }
        let records = latest.iter().map(|message| history::json(channel, message));
        let records = records.collect::<Result<_, _>>()?;
        Ok(Reply::Listing { lines: history::table(&latest), records })
    }

    pub(super) async fn who(&self, seen: &Seen) -> Result<Reply, Failure> {
        let mut table = Table::under(["CLIENT", "PROTOCOL", "ADDRESS", "CONNECTED"]);
        let mut records = Vec::new();
        self.open()?
            .list(List::Clients, &[("online", "true")], |client| {
                let text = |key: &str| client[key].as_str().map(word);
                let time = client["connected_s"].as_u64().map(Duration::from_secs).map(span);
                let cells = [text("id"), text("protocol"), text("address"), time];
                table.push(cells.map(or_nothing));
                seen.client(client["id"].as_str().unwrap_or_default());
                records.push(Value::to_string(&client));
                Ok(true)
            })
            .await?;
        Ok(Reply::Listing { lines: table.into_lines(), records })
    }

    fn open(&self) -> Result<Api, Failure> {
        self.place.open()
    }
}
