//! `rialto channel`: the channels of a running broker.

use serde_json::Value;

use crate::api::{ApiArgs, List};
use crate::exit::Failure;
use crate::format::FormatArgs;
use crate::listing::{ListArgs, number, per_second};
use crate::output::{print_json_lines, print_lines};
use crate::remote::block_on;
use crate::table::{Table, or_nothing, word};

const EXAMPLES: &str = "\
These commands ask the HTTP API of a running broker, with a key that allows \"read\".

Examples:
  export RIALTO_API_KEY=...
  rialto channel list
  rialto channel list --match 'lamp/*' --format json
  rialto channel list --sort out_rate --limit 10
  rialto channel show lamp/kitchen";

/// See the channels of a running broker.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    List(ChannelsArgs),
    Show(ShowArgs),
}

/// List the channels in use, by their names or by a number
///
/// With the connected subscribers, the persistent subscribers (connected or not), whether there is a
/// retained message, the messages of the history, and the stored messages that not all persistent
/// subscribers have acknowledged, with their bytes. Rates are known from the second list within a minute on, or with
/// --sort by one. --sort takes a number of the HTTP API: in_rate, out_rate, in_byte_rate, out_byte_rate, subscribers,
/// persistent_subscribers, log_messages, log_bytes, oldest_s, history.
#[derive(Debug, clap::Args)]
pub(crate) struct ChannelsArgs {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// Show a channel: subscribers, retained message, history and log
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Channel
    channel: String,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::List(args) => block_on(list(args)),
        Command::Show(args) => block_on(show(args)),
    }
}

async fn list(args: &ChannelsArgs) -> Result<(), Failure> {
    let heading = [
        "CHANNEL",
        "SUBSCRIBERS",
        "PERSISTENT",
        "RETAINED",
        "HISTORY",
        "LOG",
        "LOG BYTES",
        "IN/s",
        "OUT/s",
    ];
    let columns = (Some(heading), row as fn(&Value) -> _);
    args.list.print(&args.api.open()?, (List::Channels, &[]), |_| true, columns).await
}

fn row(channel: &Value) -> [String; 9] {
    [
        or_nothing(channel["name"].as_str().map(word)),
        number(&channel["subscribers"]),
        number(&channel["persistent_subscribers"]),
        retained(channel),
        number(&channel["history"]),
        number(&channel["log_messages"]),
        number(&channel["log_bytes"]),
        per_second(&channel["in_rate"]),
        per_second(&channel["out_rate"]),
    ]
}

fn retained(channel: &Value) -> String {
    if channel["retained"] == true { "yes" } else { "no" }.to_owned()
}

async fn show(args: &ShowArgs) -> Result<(), Failure> {
    let channel: Value = args.api.open()?.get(&["v1", "channels", &args.channel], &[]).await?;
    if args.format.is_json() {
        return print_json_lines([channel.to_string()]);
    }
    let names = [
        "channel",
        "subscribers",
        "persistent subscribers",
        "retained message",
        "messages in the history",
        "messages in the log",
        "bytes in the log",
        "messages in, a second",
        "messages out, a second",
    ];
    let mut table = Table::plain();
    for (name, value) in names.into_iter().zip(row(&channel)) {
        table.push([name.to_owned(), value]);
    }
    print_lines(table.into_lines())
}
