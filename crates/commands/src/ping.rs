//! `rialto ping`: whether a broker answers, and how fast.

use std::num::NonZeroU32;
use std::time::Duration;

use rialto_client::{Client, Options, Reached, reach};
use rialto_config::Period;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::exit::{Exit, Failure};
use crate::format::FormatArgs;
use crate::output::{print_lines, print_while_read, talk};
use crate::remote::{RemoteArgs, block_on};

const EXAMPLES: &str = "\
Without --login each ping is a connection on which the command sends a question that a broker
answers without a session. It needs no credentials in any access mode, and neither opens nor ends a
session; an answer shows that the broker is there and handles packets. With --login, or --client,
the command opens a session as the client that flags, environment or context name, and measures
heartbeats in it; this ends another session of the same client.

With --format json each answer is an object with server, answered_ms and, without --login,
connected_ms.

Exit codes, for health checks:
  0  each ping was answered
  1  the broker refused the client (--login)
  3  no connection, or lost; no JMQT broker answers there, or it is at a limit
  4  no answer within --timeout (--login)

Examples:
  rialto ping
  rialto ping --server jmqts://broker.example --count 5
  rialto ping --timeout 2s > /dev/null || echo \"the broker does not answer\"
  rialto ping --login --context factory";

/// Ask whether a broker is there, and how fast it answers.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How often to ask
    #[arg(long, short = 'n', default_value = "1")]
    count: NonZeroU32,
    /// Time from one ping to the next
    #[arg(long, value_name = "TIME", default_value = "1s")]
    interval: Period,
    /// Longest wait for an answer, and for a connection unless --connect-timeout is shorter
    #[arg(long, value_name = "TIME", default_value = "5s")]
    timeout: Period,
    /// Open a session, and time heartbeats in it
    #[arg(long)]
    login: bool,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let times = if args.login || args.remote.names_client() {
        let options = args.remote.resolve("ping", Some(args.timeout))?.options;
        block_on(ping_in_session(args, options))?
    } else {
        block_on(ping(args, args.remote.resolve_nameless(Some(args.timeout))?))?
    };
    if !args.format.is_json() && 1 < times.len() {
        print_lines([summary(&times)])?;
    }
    Ok(())
}

/// Pings without a session, each time on a new connection.
async fn ping(args: &Args, options: Options) -> Result<Vec<Duration>, Failure> {
    let server = options.endpoint.to_string();
    let mut ticks = ticks(args);
    let mut times = Vec::new();
    for _ in 0..args.count.get() {
        ticks.tick().await;
        let Reached { connected_in, answered_in, .. } = reach(&options).await?;
        times.push(answered_in);
        if !args.report(&server, answered_in, Some(connected_in))? {
            break;
        }
    }
    Ok(times)
}

/// Pings in a session.
async fn ping_in_session(args: &Args, options: Options) -> Result<Vec<Duration>, Failure> {
    let server = options.endpoint.to_string();
    let client = args.remote.connect(options, talk).await?;
    let result = heartbeats(args, &client, &server).await;
    client.close().await;
    result
}

async fn heartbeats(args: &Args, client: &Client, server: &str) -> Result<Vec<Duration>, Failure> {
    let mut ticks = ticks(args);
    let mut times = Vec::new();
    let limit = args.timeout.get();
    for _ in 0..args.count.get() {
        ticks.tick().await;
        let answered = timeout(limit, client.ping()).await.map_err(|_| {
            Failure::new(Exit::TimedOut, format!("{server} has not answered for {limit:?}"))
        })?;
        times.push(answered?);
        if !args.report(server, times[times.len() - 1], None)? {
            break;
        }
    }
    Ok(times)
}

fn ticks(args: &Args) -> tokio::time::Interval {
    let mut ticks = interval(args.interval.get().max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl Args {
    /// Prints one answer, and returns whether anybody reads that.
    fn report(
        &self,
        server: &str,
        answered_in: Duration,
        connected_in: Option<Duration>,
    ) -> Result<bool, Failure> {
        if self.format.is_json() {
            let mut record = json!({ "server": server, "answered_ms": millis(answered_in) });
            if let Some(time) = connected_in {
                record["connected_ms"] = millis(time).into();
            }
            return print_while_read(&format!("{record}\n"));
        }
        let connected = connected_in
            .map_or(String::new(), |time| format!(", connected within {} ms", millis(time)));
        let answered = millis(answered_in);
        print_while_read(&format!("{server} answered within {answered} ms{connected}\n"))
    }
}

/// Returns a time in milliseconds, to the microsecond.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

fn summary(times: &[Duration]) -> String {
    let count = times.len();
    let mean = times.iter().sum::<Duration>() / u32::try_from(count).unwrap_or(u32::MAX);
    let least = times.iter().min().copied().unwrap_or_default();
    let most = times.iter().max().copied().unwrap_or_default();
    let [least, mean, most] = [least, mean, most].map(millis);
    format!("{count} answers: shortest {least} ms, mean {mean} ms, longest {most} ms")
}
