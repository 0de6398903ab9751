//! `rialto version`: which version this is.

use serde_json::json;

use crate::exit::Failure;
use crate::format::{Format, FormatArgs};
use crate::output::{print_json_lines, print_lines};

const EXAMPLES: &str = "\
Prints the version of this program; it asks no broker. A running broker says its own on its status
page, as version in /status.json, and in the first line of its log. With --format json: an object
with name, version, os and architecture.

Examples:
  rialto version
  rialto version --format json";

/// Print the version.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    match args.format.get() {
        Format::Text => print_lines([format!("rialto {version}")]),
        Format::Json => {
            let (os, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
            let record = json!({ "name": "rialto", "version": version, "os": os,
                                 "architecture": architecture });
            print_json_lines([record.to_string()])
        }
    }
}
