//! `rialto request`: asks a control channel, and prints its answer.

mod other;

use std::time::Duration;

use rialto_client::{Client, Options, RequestError, RequestOptions, Status};
use rialto_config::Period;
use serde_json::value::RawValue;

use crate::channel::control_channel;
use crate::exit::{Exit, Failure};
use crate::output::{print_json_lines, talk};
use crate::payload::PayloadArgs;
use crate::remote::{Aim, RemoteArgs, block_on};

const EXAMPLES: &str = "\
A control channel is a question to the broker, which answers the client that asks; nothing is
distributed. Its name begins with $, which may be left out here, because shells take it for a
variable. Every broker has these:

  $time             the broker's clock
  $whoami           who the client is
  $limits           what a client may send
  $stats            counters
  $mySubscriptions  what the client is subscribed to
  $removeRetained   removes the retained message of the channel in DATA

An application that extends the broker may add others. The answer is printed as one line of JSON.
The exit code is 1 if the broker refuses, and 4 if it does not answer in time.

A CoreMQ server (--server coremq://HOST) answers `status`, and `history` with the name of a queue or
a list of names as DATA. PubSubX has no questions.

Examples:
  rialto request time
  rialto request '$stats' | jq .sessions
  rialto request removeRetained '{\"cn\": \"lamp\"}'
  rialto request --server coremq://127.0.0.1 history lamp";

/// Ask a control channel, and print its answer.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Control channel to ask, with or without the $ in front
    channel: String,
    /// What to ask it with: JSON, or else a text; - is standard input [default: null]
    data: Option<String>,
    #[command(flatten)]
    form: PayloadArgs,
    /// Longest wait for the answer; a shorter one than --connect-timeout is the longest wait for a
    /// connection too
    #[arg(long, value_name = "TIME", default_value = "10s")]
    timeout: Period,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let channel = control_channel(&args.channel)?;
    let data = match &args.data {
        Some(data) => args.form.read(data)?,
        None => RawValue::NULL.to_owned(),
    };
    let answer = match args.remote.aim("request", Some(args.timeout))? {
        Aim::Jmqt(remote) => block_on(ask(args, remote.options, &channel, &data))?,
        Aim::Other(other) => {
            let (limit, is_quiet) = (args.timeout.get(), args.remote.quiet);
            block_on(other::ask(*other, (&channel, &data), limit, is_quiet))?
        }
    };
    if let Some(answer) = answer {
        print_json_lines([answer.to_string()])?;
    }
    Ok(())
}

async fn ask(
    args: &Args,
    options: Options,
    channel: &str,
    data: &RawValue,
) -> Result<Option<Box<RawValue>>, Failure> {
    let client = args.remote.connect(options, talk).await?;
    let answer = await_answer(&client, args, channel, data).await;
    client.close().await;
    answer
}

async fn await_answer(
    client: &Client,
    args: &Args,
    channel: &str,
    data: &RawValue,
) -> Result<Option<Box<RawValue>>, Failure> {
    let limit = args.timeout.get();
    let options = RequestOptions { timeout: limit, ..RequestOptions::default() };
    let answer = client.request_raw(channel, data, options).await;
    answer.map_err(|error| failed(channel, error, limit))
}

/// Says why there is no answer from a control channel.
pub(crate) fn failed(channel: &str, error: RequestError, limit: Duration) -> Failure {
    match error {
        RequestError::Refused(refusal) => {
            let advice = match refusal.status {
                Status::INVALID_CHANNEL => "\n  `rialto request --help` lists those of a broker",
                _ => "",
            };
            Failure::new(Exit::Failed, format!("{channel} refused with {refusal}{advice}"))
        }
        RequestError::TimedOut => {
            Failure::new(Exit::TimedOut, format!("{channel} has not answered for {limit:?}"))
        }
        error => error.into(),
    }
}
