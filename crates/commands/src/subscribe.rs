//! `rialto sub`: prints the messages of channels.

mod inflow;
mod other;
mod printer;
mod recent;
mod stop;
mod target;

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use rialto_client::{
    Acknowledge, Backoff, Client, Message, Persistence, RequestError, SubscribeOptions,
};
use rialto_config::Period;

use crate::channel::{check_subscribable, looks_like_pattern};
use crate::exit::{Exit, Failure};
use crate::format::{Format, FormatArgs};
use crate::output;
use crate::remote::{Aim, RemoteArgs, block_on};

use inflow::Inflow;
use printer::{BATCH_COUNT_MAX, Look, Printer, Style};
use stop::stop_asked;
use target::Target;

pub(crate) use printer::plain_payload;

const EXAMPLES: &str = "\
Messages go to standard output, one on each line. As text: channel and payload. As json: an object
with channel, payload, client (the publisher), qos, id and retained. Control characters and
invisible characters are escaped, in json without changing a value. With --raw: the payload alone, a
text without quotes and anything else as the JSON that was published; it is escaped on a terminal
only.

--timestamp prints the time at which a message was printed in front of it, in UTC to the millisecond
(RFC 3339); in json it is the field time. --output appends to a file, which is created if it does
not exist; if the disk is full, no line is left incomplete. A QoS 1 message is acknowledged once its
line was written, by one write for all messages that had arrived.

With --persistent the broker keeps QoS 1 messages while the client is away: run the same command
again to get them. A broker that did not receive an acknowledgement sends the message again; within
one run it is printed once.

With an address of CoreMQ or PubSubX (--server coremq://HOST, pubsubx://HOST) nothing is acknowledged,
and there is no --persistent; a PubSubX client with a name (--client) gets what it missed if it comes
back within a minute.

The name of a channel is literal: there are no wildcards.

The command runs until --count or --timeout is reached, until Ctrl-C, or until nobody reads its
output any more.

Examples:
  rialto sub weather news
  rialto sub --format json --count 10 weather
  rialto sub --raw --timeout 5s weather | jq .celsius
  rialto sub --timestamp --output weather.log weather
  rialto sub --persistent --client archive --output weather.txt weather
  rialto sub --forget --client archive weather";

/// Print the messages of channels.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Channels to subscribe to
    #[arg(required = true, value_name = "CHANNEL")]
    channels: Vec<String>,
    #[command(flatten)]
    format: FormatArgs,
    /// Print payloads and nothing else, each followed by a line break
    #[arg(long, conflicts_with_all = ["format", "json"])]
    raw: bool,
    /// Print when each message came, in UTC
    #[arg(long)]
    timestamp: bool,
    /// Append to this file, instead of printing to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// End after this many messages
    #[arg(long, short = 'n')]
    count: Option<NonZeroU64>,
    /// End with exit code 4 when no message has come for this long, such as 5s; a shorter one than
    /// --connect-timeout is the longest wait for a connection too
    #[arg(long, value_name = "TIME")]
    timeout: Option<Period>,
    /// Make a persistent subscription: the broker keeps QoS 1 messages for the client while it is away
    #[arg(long)]
    persistent: bool,
    /// Remove persistent subscriptions and what is stored for them, instead of subscribing
    #[arg(long, conflicts_with_all = ["persistent", "count", "timeout"])]
    forget: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    block_on(subscribe(args))
}

async fn subscribe(args: &Args) -> Result<(), Failure> {
    for channel in &args.channels {
        check_subscribable(channel)?;
    }
    let printer = if args.forget { None } else { Some(args.printer()?) };
    let remote = match args.remote.aim("sub", args.timeout)? {
        Aim::Jmqt(remote) => remote,
        Aim::Other(other) => {
            let what = other::What {
                channels: &args.channels,
                count: args.count,
                limit: args.timeout.map_or(Duration::MAX, Period::get),
                reconnects: !args.remote.no_reconnect,
                is_quiet: args.remote.quiet,
            };
            let printer = printer.filter(|_| !args.persistent);
            return other::subscribe(what, *other, printer).await;
        }
    };
    if args.persistent || args.forget {
        remote.require_client(if args.forget { "--forget" } else { "--persistent" })?;
    }
    let mut options = remote.options;
    options.reconnect = (!args.remote.no_reconnect).then(Backoff::default);
    let client = args.remote.connect(options, output::talk).await?;
    let result = tokio::select! {
        result = follow(&client, args, printer) => result,
        result = stop_asked() => result,
    };
    client.close().await;
    result
}

impl Args {
    fn say(&self, text: &str) {
        if !self.remote.quiet {
            output::talk(&format!("rialto: {text}"));
        }
    }

    fn printer(&self) -> Result<Printer, Failure> {
        let target = Target::open(self.output.as_deref())?;
        let look = match self.format.get() {
            _ if self.raw => Look::Raw,
            Format::Text => Look::Text,
            Format::Json => Look::Json,
        };
        let style = Style { look, has_time: self.timestamp, is_seen: target.is_terminal() };
        Ok(Printer::new(style, target))
    }
}

async fn follow(client: &Client, args: &Args, printer: Option<Printer>) -> Result<(), Failure> {
    let say = |text: String| args.say(&text);
    let persistence = if args.persistent { Persistence::Persistent } else { Persistence::Session };
    let options = SubscribeOptions { persistence, acknowledge: Acknowledge::Manual };
    let mut inflow = Inflow::new(client.rest(options));
    for channel in &args.channels {
        if looks_like_pattern(channel) {
            say(format!("{channel} is taken literally: channels have no wildcards"));
        }
        if args.forget {
            let done = unsubscribe(client, channel).await;
            done.map_err(|error| refused("unsubscribe from", channel, error))?;
            say(format!("the subscription to {channel} is removed"));
        } else {
            if !inflow.has(channel) {
                let done = client.subscription(channel, options).await;
                inflow.add(done.map_err(|error| refused("subscribe to", channel, error))?);
            }
            say(format!("subscribed to {channel}"));
        }
    }
    match printer {
        Some(printer) => print_all(client, args, inflow, printer).await,
        None => Ok(()),
    }
}

/// Ends a subscription at the broker, over the loss of a connection if need be.
async fn unsubscribe(client: &Client, channel: &str) -> Result<(), RequestError> {
    loop {
        match client.unsubscribe(channel).await {
            Err(RequestError::Offline) => {
                if client.online().await.is_err() {
                    return Err(client.ended().await.into());
                }
            }
            result => return result,
        }
    }
}

fn refused(what: &str, channel: &str, error: RequestError) -> Failure {
    match error {
        RequestError::Refused(refusal) => {
            Failure::new(Exit::Failed, format!("cannot {what} {channel}: {refusal}"))
        }
        other => other.into(),
    }
}

/// Prints and acknowledges messages until there have been enough.
async fn print_all(
    client: &Client,
    args: &Args,
    mut inflow: Inflow,
    mut printer: Printer,
) -> Result<(), Failure> {
    let mut wanted = args.count.map_or(u64::MAX, NonZeroU64::get);
    while wanted != 0 {
        let count = BATCH_COUNT_MAX.min(usize::try_from(wanted).unwrap_or(BATCH_COUNT_MAX));
        let mut batch = next(client, &mut inflow, args.timeout, count).await?;
        let Some(printed_count) = printer.print(batch.iter().map(|message| &**message))? else {
            return Ok(());
        };
        wanted -= printed_count;
        batch.iter_mut().for_each(Message::ack);
    }
    Ok(())
}

async fn next(
    client: &Client,
    inflow: &mut Inflow,
    limit: Option<Period>,
    count: usize,
) -> Result<Vec<Message>, Failure> {
    let limit = limit.map_or(Duration::MAX, Period::get);
    match tokio::time::timeout(limit, inflow.next(count)).await {
        Ok(Ok(batch)) => Ok(batch),
        Ok(Err(Some(channel))) => {
            let text = format!("the broker has ended the subscription to {channel}");
            Err(Failure::new(Exit::Failed, text))
        }
        Ok(Err(None)) => Err(client.ended().await.into()),
        Err(_) => Err(Failure::new(Exit::TimedOut, format!("no message for {limit:?}"))),
    }
}
