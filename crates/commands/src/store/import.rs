//! `rialto store import`: what the original JMQT server stored.

use std::path::PathBuf;

use rialto_server::maintenance::{self, LeftOut, StoreAddress};

use super::copy::{tell, with_progress};
use crate::exit::{Exit, Failure};
use crate::format::FormatArgs;
use crate::output::talk;

const EXAMPLES: &str = "\
Stop the original server first. With MySQL, write its tables to a file:
  mysqldump --no-create-db jmqt_core subscriptions packets pubmaps retainedpackets > jmqt.sql

Examples:
  rialto store import --from jmqt.db --to /var/lib/rialto
  rialto store import --from jmqt.sql --to postgres://rialto@db.example/rialto";

/// Make a store of the database of the original JMQT server.
///
/// Takes its SQLite file, jmqt.db, or a dump of its MySQL tables. Persistent subscriptions, the packets
/// that their clients have not acknowledged, and retained messages go along; docs/stores.md says how.
/// Nothing in the file is changed. An import that is cut off goes on when the same command is given again;
/// until it is whole, no broker starts on it. Prints what `rialto store copy` prints.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ImportArgs {
    /// The original server's file, or a dump
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Where to: a directory or the URL of a database that holds no store
    #[arg(long, value_name = "STORE")]
    to: String,
    /// Certificates of the authorities to trust for a database, as a PEM file, instead of the system's
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) fn run(args: &ImportArgs) -> Result<(), Failure> {
    let to = StoreAddress::parse(&args.to, args.tls_ca.as_deref());
    let to = to.map_err(|text| Failure::new(Exit::Usage, text))?;
    let mut left_out = LeftOut { packets: 0, subscriptions: 0 };
    let copied = with_progress(|told| {
        let (copied, beside) = maintenance::import(&args.from, &to, told)?;
        left_out = beside;
        Ok(copied)
    })?;
    let LeftOut { packets, subscriptions } = left_out;
    talk(&format!(
        "left out: {packets} packets that no persistent subscriber waits for, {subscriptions} temporary \
         subscriptions"
    ));
    tell(&copied, &format!("{to} has what was in {}", args.from.display()), args.format.get())
}
