//! `rialto tail`: messages as they pass through a running broker.

mod event;

use std::num::NonZeroU64;

use rialto_client::shown::{json_line, one_line};
use rialto_config::Period;
use tokio::time::timeout;

use crate::api::ApiArgs;
use crate::exit::{Exit, Failure};
use crate::format::FormatArgs;
use crate::output::{print_while_read, talk};
use crate::remote::block_on;

use event::Event;

const EXAMPLES: &str = "\
This command asks the HTTP API of a running broker, with a key that allows \"read\". Payloads are
shown, and --filter may be used, if the key also allows \"inspect\". Each use is told of in the
broker's audit trail.

A filter is one or more terms with `and` between them. A term is a JSON pointer, an operator (= != <
<= > >= contains prefix) and a number, a text in double quotes, true, false or null; or a pointer and
`exists`. Numbers are compared as they are written, and none is rounded.

What became of each message:
  delivered  it was sent to so many subscribers
  stored     it is in the log, and its persistent subscribers have not been sent it yet
  kept       only clients that are lost get it, when they come back
  unheard    nobody on this broker subscribes to its channel
  refused    and why: the rule, the limit, or the trouble
  retained   it was sent to a new subscriber as the channel's retained message
  replayed   it was sent to a subscriber from the log
  dropped    deliveries to a client that does not read fast enough; which messages is not known

Examples:
  export RIALTO_API_KEY=...
  rialto tail
  rialto tail sensors/7
  rialto tail --client pump-7
  rialto tail sensors/7 --filter '/temperature > 30 and /unit = \"C\"'
  rialto tail --format json --rate 200 | jq .payload";

/// Show messages as they pass, and what becomes of each
///
/// Without a channel and a client all messages of the broker. As text: the time of day (UTC), channel,
/// publisher, size and what became of the message, then the payload. At most --rate messages a second are
/// shown; how many were not is said once a second. Looking at messages delays nobody.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Only messages to this channel
    channel: Option<String>,
    /// Only messages that this client published, or that were sent to it
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Only messages in whose payload this holds
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Show so many messages a second at most
    #[arg(long, value_name = "COUNT", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=200))]
    rate: u32,
    /// End after this many messages
    #[arg(long, short = 'n')]
    count: Option<NonZeroU64>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME")]
    lasts: Option<Period>,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    block_on(async {
        match &args.lasts {
            // What came until then is printed.
            Some(lasts) => timeout(lasts.get(), tail(args)).await.unwrap_or(Ok(())),
            None => tail(args).await,
        }
    })
}

async fn tail(args: &Args) -> Result<(), Failure> {
    let rate = args.rate.to_string();
    let wishes = [
        ("channel", args.channel.as_deref()),
        ("client", args.client.as_deref()),
        ("filter", args.filter.as_deref()),
        ("rate", Some(&*rate)),
    ];
    let query: Vec<_> = wishes.into_iter().filter_map(|(name, wish)| Some((name, wish?))).collect();
    let mut is_first = true;
    let mut left = args.count.map(NonZeroU64::get);
    let take = |line: &str| {
        let event = Event::read(line).ok_or_else(|| {
            Failure::new(Exit::Failed, "what answers is not the HTTP API of a Rialto broker")
        })?;
        if std::mem::take(&mut is_first) {
            talk("rialto: looking at messages");
        }
        let is_read = print(args, &event, line)?;
        if let (Some(left), Event::Message(_)) = (&mut left, &event) {
            *left -= 1;
        }
        Ok(is_read && left != Some(0))
    };
    args.api.open()?.follow(&["v1", "tail"], &query, take).await
}

/// Says whether anybody reads.
fn print(args: &Args, event: &Event, line: &str) -> Result<bool, Failure> {
    let text = match event {
        _ if args.format.is_json() => json_line(line).into_owned(),
        Event::Message(message) => one_line(&message.line()).into_owned(),
        Event::Dropped(dropped) => one_line(&dropped.line()).into_owned(),
        Event::Count(count) => {
            if let Some(text) = count.shortfall() {
                talk(&text);
            }
            return Ok(true);
        }
        // Of a later release.
        Event::Other => return Ok(true),
    };
    print_while_read(&(text + "\n"))
}
