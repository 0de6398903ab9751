//! `rialto retained`: the retained messages of a running broker.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::{Api, ApiArgs};
use crate::exit::Failure;
use crate::output::print_json_lines;
use crate::remote::block_on;

/// Channels asked for at a time.
const PAGE_COUNT: &str = "1000";

const EXAMPLES: &str = "\
Examples:
  RIALTO_API_KEY=... rialto retained list
  RIALTO_API_KEY=... rialto retained get lamp/kitchen
  RIALTO_API_KEY=... rialto retained remove lamp/kitchen";

/// Show and remove retained messages of a running broker.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(ListArgs),
    Get(OneArgs),
    Remove(RemoveArgs),
}

/// List the channels with a retained message, a JSON text each
#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    api: ApiArgs,
}

/// Print a channel's retained message
#[derive(Debug, clap::Args)]
struct OneArgs {
    /// Channel
    channel: String,
    #[command(flatten)]
    api: ApiArgs,
}

/// Remove a channel's retained message for good
///
/// Those who subscribe from then on get none until one is published. The key must allow "manage".
#[derive(Debug, clap::Args)]
struct RemoveArgs {
    #[command(flatten)]
    one: OneArgs,
}

/// A retained message, as the API gives it.
#[derive(Deserialize)]
struct Retained {
    payload: Box<RawValue>,
}

/// A page of channels, as the API gives it.
#[derive(Deserialize)]
struct Page {
    channels: Vec<Channel>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Channel {
    name: String,
    retained: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::List(args) => {
            let api = args.api.open()?;
            block_on(list(&api))
        }
        Command::Get(args) => {
            let api = args.api.open()?;
            let retained: Retained = block_on(api.get(&path(&args.channel), &[]))?;
            print_json_lines([retained.payload.to_string()])
        }
        Command::Remove(RemoveArgs { one: args }) => {
            let api = args.api.open()?;
            block_on(api.delete(&path(&args.channel)))
        }
    }
}

async fn list(api: &Api<'_>) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let query = [("after", &*after), ("limit", PAGE_COUNT)];
        let page: Page = api.get(&["v1", "channels"], &query).await?;
        let retained = page.channels.into_iter().filter(|channel| channel.retained);
        print_json_lines(
            retained.map(|channel| serde_json::Value::from(channel.name).to_string()),
        )?;
        match page.next {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}

fn path(channel: &str) -> [&str; 4] {
    ["v1", "channels", channel, "retained"]
}
