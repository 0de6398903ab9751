//! `rialto history`: the last messages of a channel of a running broker.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api::{Api, ApiArgs};
use crate::exit::{Exit, Failure};
use crate::format::{Format, FormatArgs};
use crate::listing::payload;
use crate::output::{print_json_lines, print_lines, talk};
use crate::remote::block_on;
use crate::table::{Table, moment, or_nothing, word};

const EXAMPLES: &str = "\
This command asks the HTTP API of a running broker, with a key that allows \"read\". The settings
history.messages and channels.rules say how many messages a channel keeps.

Examples:
  export RIALTO_API_KEY=...
  rialto history lamp/kitchen
  rialto history lamp/kitchen --count 1 --raw
  rialto history lamp/kitchen --format json";

/// Print the last messages of a channel, the oldest first.
///
/// As text: when the broker got the message, who published it, and the payload. As json: an object
/// with channel, publisher, at_ms (milliseconds since 1970) and payload.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Channel
    channel: String,
    /// Print this many at most, the latest
    #[arg(long, short = 'n')]
    count: Option<NonZeroUsize>,
    /// Print the payloads only, a JSON text a line
    #[arg(long, conflicts_with = "format")]
    raw: bool,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// The history, as the API gives it.
#[derive(Deserialize)]
struct History {
    messages: Vec<Message>,
}

/// A message of a channel's past.
#[derive(Deserialize)]
pub(crate) struct Message {
    publisher: String,
    at_ms: Option<u64>,
    payload: Box<RawValue>,
}

/// A message, as it is printed.
#[derive(Serialize)]
struct Record<'a> {
    channel: &'a str,
    publisher: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<u64>,
    payload: &'a RawValue,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    block_on(history(args))
}

async fn history(args: &Args) -> Result<(), Failure> {
    let count = args.count.map(NonZeroUsize::get);
    let latest = latest(&args.api.open()?, &args.channel, count).await?;
    if latest.is_empty() {
        talk(&format!("the channel {} has no history", word(&args.channel)));
        return Ok(());
    }
    match args.format.get() {
        _ if args.raw => print_json_lines(latest.iter().map(|message| payload(&message.payload))),
        Format::Json => {
            let lines = latest.iter().map(|message| json(&args.channel, message));
            print_json_lines(lines.collect::<Result<Vec<_>, _>>()?)
        }
        Format::Text => print_lines(table(&latest)),
    }
}

/// Asks for the last messages of a channel, `count` at most.
pub(crate) async fn latest(
    api: &Api,
    channel: &str,
    count: Option<usize>,
) -> Result<Vec<Message>, Failure> {
    let path = ["v1", "channels", channel, "history"];
    let limit = count.map(|count| count.to_string());
    let query: Vec<_> = limit.iter().map(|limit| ("limit", limit.as_str())).collect();
    let History { messages } = api.get(&path, &query).await?;
    Ok(messages)
}

/// Returns a message as an object.
pub(crate) fn json(channel: &str, message: &Message) -> Result<String, Failure> {
    let Message { publisher, at_ms, payload } = message;
    let record = Record { channel, publisher, at_ms: *at_ms, payload };
    serde_json::to_string(&record).map_err(|error| Failure::new(Exit::Failed, error.to_string()))
}

/// Returns messages as lines for people.
pub(crate) fn table(messages: &[Message]) -> Vec<String> {
    let mut table = Table::under(["TIME", "PUBLISHER", "PAYLOAD"]);
    for message in messages {
        let publisher = (!message.publisher.is_empty()).then(|| word(&message.publisher));
        let time = or_nothing(message.at_ms.map(moment));
        table.push([time, or_nothing(publisher), payload(&message.payload)]);
    }
    table.into_lines()
}
