//! `rialto store` and `rialto backup`: what a broker keeps, looked after by its operator.

mod copy;
mod import;

use std::path::{Path, PathBuf};

use rialto_server::maintenance::{self, GivenUp, Report, StoreAddress};
use time::OffsetDateTime;

use crate::exit::{Exit, Failure};
use crate::output::{print_lines, talk};
use crate::serve::SettingsArgs;

const EXAMPLES: &str = "\
Run these commands as the account that runs the broker. docs/operating.md says how to restore a
backup.

Examples:
  rialto store check --data-dir /var/lib/rialto
  rialto store check /backup/rialto-monday.db
  rialto store check --config /etc/rialto/rialto.toml
  PGPASSWORD=secret rialto store check postgres://rialto@db.example/rialto
  rialto store repair --data-dir /var/lib/rialto";

const BACKUP_EXAMPLES: &str = "\
Users, bans, keys and revoked tokens are separate files in the data directory, which can be copied
as they are. docs/operating.md says how to restore a backup.

Example:
  rialto backup /backup/rialto-$(date +%F).db --data-dir /var/lib/rialto";

/// Check, copy, import and repair stores.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    Check(CheckArgs),
    Copy(copy::CopyArgs),
    Import(import::ImportArgs),
    Repair(RepairArgs),
}

/// Check a backup, the store of a stopped broker, or a database, for damage
///
/// Checks the checksum of every page of messages, retained message and message of a history, that each
/// is JSON, that logs lack no message, and that subscriptions stand in their logs; of a file also its
/// structure. A database is checked as of one moment, also while a broker uses it. Changes nothing.
/// Exits with 5 if anything is damaged.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// A backup, a data directory, or the URL of a database [default: the store of the settings]
    #[arg(value_name = "STORE")]
    store: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Repair a store whose write-ahead log is damaged
///
/// Copies the damaged files into a dated directory in the data directory, keeps everything that was
/// committed before the damage, and reports what is lost. The broker must be stopped.
#[derive(Debug, clap::Args)]
pub(crate) struct RepairArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Back up a broker's store to a file, while the broker runs
///
/// The backup is a consistent snapshot. It is checked before it gets its name; if something in it is
/// damaged, and so in the store, the command says so and exits with 5. A file that exists is not
/// replaced.
#[derive(Debug, clap::Args)]
#[command(after_help = BACKUP_EXAMPLES)]
pub(crate) struct BackupArgs {
    /// File to write
    file: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Check(args) => check(args),
        Command::Copy(args) => copy::run(args),
        Command::Import(args) => import::run(args),
        Command::Repair(args) => repair(args),
    }
}

pub(crate) fn back_up(args: &BackupArgs) -> Result<(), Failure> {
    let settings = args.settings.settings()?;
    let report = maintenance::backup(&settings, &args.file)?;
    talk(&format!("{} has {}", args.file.display(), content(&report)));
    tell_findings(&report)
}

fn check(args: &CheckArgs) -> Result<(), Failure> {
    let store = match &args.store {
        Some(text) => {
            StoreAddress::parse(text, None).map_err(|text| Failure::new(Exit::Usage, text))?
        }
        None => StoreAddress::of(&args.settings.settings()?)?,
    };
    let report = maintenance::check(&store)?;
    talk(&format!("{store} has {}", content(&report)));
    tell_findings(&report)
}

fn repair(args: &RepairArgs) -> Result<(), Failure> {
    let settings = args.settings.settings()?;
    let aside = dated_directory(&settings.server.data_dir, OffsetDateTime::now_utc());
    let repair = maintenance::repair(&settings, &aside)?;
    let directory = settings.server.data_dir.display();
    match repair.given_up {
        None => {
            talk(&format!("the write-ahead log in {directory} is not damaged: nothing was changed"))
        }
        Some(GivenUp { frames_kept, frames_committed }) => talk(&format!(
            "the write-ahead log in {directory} was cut after frame {frames_kept} of \
             {frames_committed}; what was committed after it is lost, and the files as they were \
             are in {}",
            aside.display()
        )),
    }
    talk(&format!("{directory} has {}", content(&repair.report)));
    tell_findings(&repair.report)
}

/// Returns where a repair at that time keeps what it gives up.
fn dated_directory(data_dir: &Path, now: OffsetDateTime) -> PathBuf {
    let (year, month, day) = now.to_calendar_date();
    let (hour, minute, second) = now.to_hms();
    data_dir.join(format!(
        "set-aside-{year:04}-{:02}-{day:02}T{hour:02}{minute:02}{second:02}Z",
        u8::from(month)
    ))
}

fn content(report: &Report) -> String {
    let Report { messages, retained, history, subscriptions, set_aside, .. } = report;
    format!(
        "{messages} messages in logs, {subscriptions} persistent subscriptions, {retained} retained \
         messages, {history} messages of histories, {set_aside} damaged records set aside earlier"
    )
}

/// Prints what is damaged, a line each, and ends the command accordingly.
fn tell_findings(report: &Report) -> Result<(), Failure> {
    if report.is_sound() {
        talk("no damage was found");
        return Ok(());
    }
    print_lines(report.findings.iter().map(ToString::to_string))?;
    let count = report.findings.len() + report.findings_left_out;
    let text = format!(
        "{count} findings: something stored is damaged; docs/operating.md says how to restore a backup"
    );
    Err(Failure::new(Exit::Damaged, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_set_aside_has_the_date_in_its_name() {
        let at = OffsetDateTime::from_unix_timestamp(1_800_000_005).unwrap();
        let directory = dated_directory(Path::new("/data"), at);
        assert_eq!(directory, Path::new("/data/set-aside-2027-01-15T080005Z"));
    }
}
