//! `rialto status`: how a broker is, on one screen, for scripts and for monitoring.

mod report;

use serde_json::Value;

use crate::api::{Api, ApiArgs};
use crate::exit::{Exit, Failure};
use crate::format::FormatArgs;
use crate::output::{print_json_lines, print_lines};
use crate::remote::block_on;
use crate::scrape::Scrape;

use report::{Level, Report};

/// Slow consumers that are named.
const SLOW_MAX: &str = "3";

const EXAMPLES: &str = "\
This command reads /metrics of the http listener of a running broker, which needs no key on the same
machine, and elsewhere one that allows \"read\". What needs a look is said in sentences at the end; with such
a key they name the slow consumers for which most waits.

Exit codes:
  0  the broker is ready
  1  it is not; or it could not be asked
  3  nobody answers there
  4  no answer within --timeout

Exit codes with --nagios, which prints one line with performance data:
  0  OK: the broker is ready, and nothing needs a look
  1  WARNING: it is ready, and something needs a look
  2  CRITICAL: it is not ready, or cannot be reached
  3  UNKNOWN: it could not be asked

Examples:
  rialto status
  rialto status --format json | jq .counters.published
  rialto status --nagios --api https://broker.example:8080";

/// Show on one screen how a broker is
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    format: FormatArgs,
    /// Print a line and exit with a code as plugins of Nagios and Icinga do
    #[arg(long, conflicts_with_all = ["format", "json"])]
    nagios: bool,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let report = args.api.open_keyless().and_then(|api| block_on(ask(&api)));
    if args.nagios {
        return nagios(&report);
    }
    let report = report?;
    if args.format.is_json() {
        print_json_lines([report.json().to_string()])?;
    } else {
        print_lines(report.lines())?;
    }
    // What it says has been printed.
    if report.is_ready() { Ok(()) } else { Err(Failure::new(Exit::Failed, String::new())) }
}

async fn ask(api: &Api) -> Result<Report, Failure> {
    let scrape = scrape(api).await?;
    let slow = match scrape.count("rialto_slow_consumers") {
        // Who they are is told to those with a key only.
        count if 0 < count && api.has_key() => slow_clients(api).await,
        _ => Vec::new(),
    };
    Ok(Report::new(scrape, slow))
}

/// Returns the slow consumers for which most waits; none where the key does not allow it.
async fn slow_clients(api: &Api) -> Vec<Value> {
    let query = [("state", "slow"), ("sort", "pending_bytes"), ("limit", SLOW_MAX)];
    let page: Result<Value, _> = api.get(&["v1", "clients"], &query).await;
    page.ok()
        .and_then(|mut page| match page["clients"].take() {
            Value::Array(clients) => Some(clients),
            _ => None,
        })
        .unwrap_or_default()
}

/// Asks a broker for its metrics.
pub(crate) async fn scrape(api: &Api) -> Result<Scrape, Failure> {
    let page = api.text(&["metrics"]).await?;
    Scrape::parse(&page).ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            "what answers at /metrics is not a Rialto broker; --api names one",
        )
    })
}

/// Prints the line that monitoring reads, and ends with the code that it expects.
fn nagios(report: &Result<Report, Failure>) -> Result<(), Failure> {
    let (level, line) = match report {
        Ok(report) => (report.level(), report.nagios()),
        Err(failure) => {
            let level = match failure.exit {
                Exit::Unreachable | Exit::TimedOut => Level::Critical,
                _ => Level::Unknown,
            };
            let first = failure.text.lines().next().unwrap_or_default();
            // What follows this sign is read as numbers.
            (level, format!("RIALTO {}: {}", level.as_str(), first.replace('|', "/")))
        }
    };
    print_lines([line])?;
    // These codes mean something else here than in other commands.
    let exit = match level {
        Level::Ok => return Ok(()),
        Level::Warning => Exit::Failed,
        Level::Critical => Exit::Usage,
        Level::Unknown => Exit::Unreachable,
    };
    Err(Failure::new(exit, String::new()))
}
