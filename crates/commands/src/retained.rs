//! `rialto retained`: the retained messages of a running broker.

use rialto_client::shown::json_line;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::api::{ApiArgs, List};
use crate::exit::{Exit, Failure};
use crate::format::{Format, FormatArgs};
use crate::listing::{ListArgs, payload};
use crate::output::{print_json_lines, talk};
use crate::remote::block_on;
use crate::table::word;

const EXAMPLES: &str = "\
These commands ask the HTTP API of a running broker. `list` and `get` need a key that allows
\"read\", `remove` one that allows \"manage\".

Examples:
  export RIALTO_API_KEY=...
  rialto retained list
  rialto retained get lamp/kitchen
  rialto retained remove lamp/kitchen";

/// See and remove retained messages of a running broker.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    List(ChannelsArgs),
    Get(GetArgs),
    Remove(RemoveArgs),
}

/// List the channels with a retained message, each name as a JSON text
#[derive(Debug, clap::Args)]
pub(crate) struct ChannelsArgs {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// Print a channel's retained message
///
/// As text: the payload in JSON. As json: an object with channel, publisher and payload.
#[derive(Debug, clap::Args)]
pub(crate) struct GetArgs {
    /// Channel
    channel: String,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// Remove a channel's retained message
///
/// Those who subscribe from then on get none until one is published.
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    /// Channel
    channel: String,
    #[command(flatten)]
    api: ApiArgs,
}

/// A retained message, as the API gives it.
#[derive(Deserialize)]
struct Retained {
    publisher: String,
    payload: Box<RawValue>,
}

/// A retained message, as it is printed.
#[derive(Serialize)]
struct Record<'a> {
    channel: &'a str,
    publisher: &'a str,
    payload: &'a RawValue,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::List(args) => block_on(list(args)),
        Command::Get(args) => block_on(get(args)),
        Command::Remove(args) => block_on(remove(args)),
    }
}

async fn list(args: &ChannelsArgs) -> Result<(), Failure> {
    let name = |channel: &Value| [json_line(&channel["name"].to_string()).into_owned()];
    let is_wanted = |channel: &Value| channel["retained"] == true;
    let list = (List::Channels, &[("kind", "retained")][..]);
    args.list.print(&args.api.open()?, list, is_wanted, (None, name)).await
}

async fn get(args: &GetArgs) -> Result<(), Failure> {
    let channel = &args.channel;
    let retained: Retained = args.api.open()?.get(&path(channel), &[]).await?;
    let Retained { publisher, payload: kept } = &retained;
    let line = match args.format.get() {
        Format::Text => payload(kept),
        Format::Json => serde_json::to_string(&Record { channel, publisher, payload: kept })
            .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?,
    };
    print_json_lines([line])
}

async fn remove(args: &RemoveArgs) -> Result<(), Failure> {
    args.api.open()?.delete(&path(&args.channel)).await?;
    talk(&format!("the retained message of {} was removed", word(&args.channel)));
    Ok(())
}

fn path(channel: &str) -> [&str; 4] {
    ["v1", "channels", channel, "retained"]
}
