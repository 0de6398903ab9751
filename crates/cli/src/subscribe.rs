//! `rialto sub`: prints the messages of channels.

mod printer;
mod recent;

use std::num::NonZeroU64;
use std::time::Duration;

use rialto_client::{Backoff, Client, Persistence, Push, RequestError};
use rialto_config::Period;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::remote::{RemoteArgs, block_on};

use printer::{Format, Printer};

/// Messages that are printed and acknowledged together, at most.
const BATCH_COUNT_MAX: usize = 256;

const EXAMPLES: &str = "\
Messages go to standard output, one a line. As text: channel and payload. As json: an object with
channel, payload, client (who published it), qos, id and retained. What a terminal would obey, and
what is not seen, is escaped, in json without changing a value. A QoS 1 message is acknowledged once
its line is written.

With --persistent the broker keeps QoS 1 messages while nobody is there: run the same command again
and it goes on where it ended. A broker that did not hear of an acknowledgement sends the message
again; within one run it is printed once.

Runs until --count or --timeout is reached, Ctrl-C, or nobody reads its output any more.

Examples:
  rialto sub weather news
  rialto sub --format json --count 10 weather
  rialto sub --persistent --client archive weather >> weather.txt
  rialto sub --forget --client archive weather";

/// Print the messages of channels.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Channels to subscribe to
    #[arg(required = true, value_name = "CHANNEL")]
    channels: Vec<String>,
    /// How to print a message: text or json
    #[arg(long, value_enum, default_value_t = Format::Text, hide_possible_values = true)]
    format: Format,
    /// End after this many messages
    #[arg(long, short = 'n')]
    count: Option<NonZeroU64>,
    /// End with exit code 4 when no message has come for this long, such as 5s
    #[arg(long, value_name = "TIME")]
    timeout: Option<Period>,
    /// Subscribe for good: the broker keeps QoS 1 messages for the client while it is away
    #[arg(long, requires = "client")]
    persistent: bool,
    /// Remove persistent subscriptions and what is stored for them, instead of subscribing
    #[arg(long, requires = "client", conflicts_with_all = ["persistent", "count", "timeout"])]
    forget: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    block_on(subscribe(args))
}

async fn subscribe(args: &Args) -> Result<(), Failure> {
    let mut options = args.remote.options("sub");
    options.reconnect = (!args.remote.no_reconnect).then(Backoff::default);
    let client = args.remote.connect(options, output::talk).await?;
    let result = tokio::select! {
        result = follow(&client, args) => result,
        result = stop_asked() => result,
    };
    client.close().await;
    result
}

async fn follow(client: &Client, args: &Args) -> Result<(), Failure> {
    let say = |text: String| {
        if !args.remote.quiet {
            output::talk(&format!("rialto: {text}"));
        }
    };
    for channel in &args.channels {
        if args.forget {
            let done = client.unsubscribe(channel).await;
            done.map_err(|error| refused("unsubscribe from", channel, error))?;
            say(format!("the subscription to {channel} is removed"));
        } else {
            let persistence =
                if args.persistent { Persistence::Persistent } else { Persistence::Session };
            let done = client.subscribe(channel, persistence).await;
            done.map_err(|error| refused("subscribe to", channel, error))?;
            say(format!("subscribed to {channel}"));
        }
    }
    if args.forget { Ok(()) } else { print_all(client, args).await }
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
async fn print_all(client: &Client, args: &Args) -> Result<(), Failure> {
    let mut printer = Printer::new(args.format);
    let mut wanted = args.count.map_or(u64::MAX, NonZeroU64::get);
    while wanted != 0 {
        let first = next(client, args.timeout).await?;
        let rest = std::iter::from_fn(|| client.try_next_push());
        let batch_count = BATCH_COUNT_MAX.min(usize::try_from(wanted).unwrap_or(BATCH_COUNT_MAX));
        let batch: Vec<Push> = std::iter::once(first).chain(rest).take(batch_count).collect();

        let Some(printed_count) = printer.print(&batch)? else {
            return Ok(());
        };
        wanted -= printed_count;
        for id in batch.into_iter().filter_map(|push| push.id) {
            client.acknowledge(id).await?;
        }
    }
    Ok(())
}

async fn next(client: &Client, limit: Option<Period>) -> Result<Push, Failure> {
    let limit = limit.map_or(Duration::MAX, Period::get);
    match tokio::time::timeout(limit, client.next_push()).await {
        Ok(push) => Ok(push?),
        Err(_) => Err(Failure::new(Exit::TimedOut, format!("no message for {limit:?}"))),
    }
}

/// Waits until somebody asks the process to end.
async fn stop_asked() -> Result<(), Failure> {
    let result = terminated().await;
    result.map_err(|error| Failure::new(Exit::Failed, format!("cannot wait for signals: {error}")))
}

#[cfg(unix)]
async fn terminated() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn terminated() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
