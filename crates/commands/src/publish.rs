//! `rialto pub`: publishes one message, or the lines of a file.

mod lines;
mod other;
mod tally;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use rialto_client::{
    Backoff, Client, Disconnected, Options, PendingAck, PublishOptions, Qos, RequestError,
};
use rialto_config::Period;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::channel::check_publishable;
use crate::exit::{Exit, Failure};
use crate::other::check_publish;
use crate::payload::PayloadArgs;
use crate::remote::{Aim, RemoteArgs, block_on};

use lines::{ChannelFrom, Lines, Message, Messages, Parser};
use tally::{Progress, Tally};

const EXAMPLES: &str = "\
A payload that is JSON is sent as it is, and anything else as a JSON string. A payload that looks
like JSON but is not, such as {a:1}, is refused. The payload - is all of standard input as one
message, without the line break at its end.

With --file each line is a message: the whole line is the payload, and the channel is taken from
one of its fields. Messages arrive in the order of the lines. With --qos 1 the command succeeds
only if the broker has stored or delivered every message; if the connection is lost it connects
again and repeats what was not acknowledged.

With an address of CoreMQ or PubSubX (--server coremq://HOST, pubsubx://HOST) a message is sent once;
CoreMQ answers each, PubSubX none. Neither has --qos 1 or --retain.

Examples:
  rialto pub weather '{\"celsius\": 21}'
  rialto pub --retain lamp on
  date | rialto pub clock -
  rialto pub --file readings.jsonl --channel-field channel
  tail -f app.log | rialto pub --file - --channel log --text";

const USAGE: &str = "\
rialto pub [OPTIONS] <CHANNEL> <PAYLOAD>
       rialto pub [OPTIONS] --file <FILE>";

/// Publish messages.
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Channel to publish to; `#NAME` is the client of that name
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    channel: Option<String>,
    /// Message; - is standard input
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    payload: Option<String>,
    /// File with a message on each line; - is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Field of each line that names the channel
    #[arg(long, value_name = "FIELD", default_value = "channel", requires = "file")]
    channel_field: String,
    /// Channel for all lines, instead of a field of each
    #[arg(long = "channel", value_name = "CHANNEL", requires = "file")]
    #[arg(conflicts_with = "channel_field")]
    channel_of_all: Option<String>,
    /// Field of each line that holds the payload, instead of the whole line
    #[arg(long, value_name = "FIELD", requires = "file")]
    payload_field: Option<String>,
    #[command(flatten)]
    how: PayloadArgs,
    /// 0: sent once to those who are connected; 1: stored and acknowledged [default: 1]
    #[arg(long, value_name = "LEVEL", value_parser = qos_parser())]
    qos: Option<Qos>,
    /// Keep the message as the channel's retained one, for later subscribers
    #[arg(long)]
    retain: bool,
    /// Messages that may be unacknowledged at the same time
    #[arg(long, value_name = "COUNT", default_value = "256")]
    window: NonZeroUsize,
    /// Longest wait for an acknowledgement, and for a lost connection to come back; a shorter one than
    /// --connect-timeout is the longest wait for a connection too
    #[arg(long, value_name = "TIME", default_value = "60s")]
    timeout: Period,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (messages, bytes) = args.messages()?;
    let is_file = args.file.is_some();
    let progress = Progress::start(bytes, is_file && !args.remote.quiet);
    let aim = args.remote.aim("pub", Some(args.timeout))?;
    let qos = match &aim {
        Aim::Jmqt(_) => args.qos.unwrap_or(Qos::AtLeastOnce),
        Aim::Other(other) => {
            check_publish(other.options.address.dialect(), args.qos, args.retain)?;
            Qos::AtMostOnce
        }
    };
    let outcome = match aim {
        Aim::Jmqt(remote) => block_on(publish((args, qos), remote.options, messages, &progress)),
        Aim::Other(other) => {
            let how = other::How {
                window: args.window.get(),
                limit: args.timeout.get(),
                is_quiet: args.remote.quiet,
            };
            block_on(other::publish(how, *other, messages, &progress))
        }
    };
    progress.finish();
    let (tally, result) = outcome?;
    if is_file && !args.remote.quiet {
        tally.report(qos);
    }
    result?;
    tally.verdict()
}

impl Args {
    /// Returns what is to be published, and the length of the file it comes from.
    fn messages(&self) -> Result<(Messages, Option<u64>), Failure> {
        if let Some(channel) = &self.channel_of_all {
            check_publishable(channel)?;
        }
        match (&self.file, &self.channel, &self.payload) {
            (Some(file), ..) => {
                let lines = Lines::open(file, self.parser())?;
                let bytes = lines.bytes();
                Ok((lines.read_ahead(), bytes))
            }
            (None, Some(channel), Some(payload)) => {
                check_publishable(channel)?;
                let payload = self.how.read(payload)?;
                let message = Message { channel: channel.clone(), payload, bytes: 0 };
                let (sender, messages) = mpsc::channel(1);
                sender.try_send(Ok(message)).expect("the channel is empty");
                Ok((messages, None))
            }
            _ => unreachable!("clap demands a file or both arguments"),
        }
    }

    fn parser(&self) -> Parser {
        Parser {
            channel: match &self.channel_of_all {
                Some(channel) => ChannelFrom::Constant(channel.clone()),
                None => ChannelFrom::Field(self.channel_field.clone()),
            },
            payload_field: self.payload_field.clone(),
            rule: self.how.rule(),
        }
    }
}

fn qos_parser() -> impl TypedValueParser<Value = Qos> {
    PossibleValuesParser::new(["0", "1"])
        .map(|level| if level == "1" { Qos::AtLeastOnce } else { Qos::AtMostOnce })
}

/// Publishes all messages; what was acknowledged counts even if the rest fails.
async fn publish(
    (args, qos): (&Args, Qos),
    mut options: Options,
    messages: Messages,
    progress: &Progress,
) -> Result<(Tally, Result<(), Failure>), Failure> {
    let limit = args.timeout.get();
    options.window_count_max = args.window.get();
    options.outbox.count_max = args.window.get();
    options.reconnect = (!args.remote.no_reconnect)
        .then(|| Backoff { give_up_after: Some(limit), ..Backoff::default() });
    let bar = progress.clone();
    let client = args.remote.connect(options, move |text| bar.talk(text)).await?;

    let how = PublishOptions { qos, retain: args.retain };
    let (started, pending) = mpsc::channel(args.window.get());
    let sender = tokio::spawn(send_all(client.clone(), messages, how, started));
    let mut tally = Tally::new();
    let collected = collect(pending, limit, &mut tally, progress).await;
    let result = match collected {
        Ok(()) => sender.await.unwrap_or_else(|panic| {
            Err(Failure::new(Exit::Failed, format!("the sending task failed: {panic}")))
        }),
        Err(failure) => {
            sender.abort();
            Err(failure)
        }
    };
    client.close().await;
    Ok((tally, result))
}

/// A publish under way, and how far into the file it is.
struct Started {
    answer: Answer,
    bytes: u64,
}

/// What the broker says, now or later.
enum Answer {
    Known(Result<(), RequestError>),
    Pending(PendingAck),
}

impl Answer {
    async fn known(self) -> Result<(), RequestError> {
        match self {
            Answer::Known(answer) => answer,
            Answer::Pending(ack) => ack.await.map(drop),
        }
    }
}

async fn send_all(
    client: Client,
    mut messages: Messages,
    how: PublishOptions,
    started: mpsc::Sender<Started>,
) -> Result<(), Failure> {
    while let Some(message) = messages.recv().await {
        let Message { channel, payload, bytes } = message?;
        let answer = match how.qos {
            Qos::AtLeastOnce => match client.start_publish(&channel, &payload, how).await {
                Ok(ack) => Answer::Pending(ack),
                // Those under way tell the same, and better what came of them.
                Err(reason) => return Err(reason.into()),
            },
            Qos::AtMostOnce => Answer::Known(send(&client, &channel, &payload, how).await),
        };
        if started.send(Started { answer, bytes }).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Sends a message at QoS 0, once there is a connection that can take it.
async fn send(
    client: &Client,
    channel: &str,
    payload: &RawValue,
    how: PublishOptions,
) -> Result<(), RequestError> {
    loop {
        match client.publish(channel, payload, how).await {
            Err(RequestError::Offline) => {
                tokio::task::yield_now().await;
                if client.online().await.is_err() {
                    return Err(client.ended().await.into());
                }
            }
            answer => return answer.map(drop),
        }
    }
}

/// Waits for what was started, in order; a refusal is counted, the end of the client ends it.
async fn collect(
    mut pending: mpsc::Receiver<Started>,
    limit: Duration,
    tally: &mut Tally,
    progress: &Progress,
) -> Result<(), Failure> {
    while let Some(Started { answer, bytes }) = pending.recv().await {
        match timeout(limit, answer.known()).await {
            Ok(Ok(())) => tally.acknowledged(),
            Ok(Err(RequestError::Refused(refusal))) => tally.refused(refusal),
            Ok(Err(RequestError::Disconnected(reason))) => return Err(cut_off(&reason, tally)),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                let text = format!("the broker has not acknowledged a message for {limit:?}");
                return Err(Failure::new(Exit::TimedOut, text));
            }
        }
        progress.advance(bytes, tally);
    }
    Ok(())
}

fn cut_off(reason: &Disconnected, tally: &Tally) -> Failure {
    let text = format!(
        "{reason}; {} messages were acknowledged, whether those after them arrived is not known",
        tally.acknowledged_count()
    );
    Failure::new(Exit::Unreachable, text)
}
