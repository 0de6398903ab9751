//! `rialto store copy`: a store into one of another kind, or on another machine.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use rialto_server::maintenance::{self, Copied, Part, Step, StoreAddress, StoreError};
use serde::Serialize;

use crate::amount::grouped;
use crate::exit::{Exit, Failure};
use crate::format::{Format, FormatArgs};
use crate::output::{print_json_lines, print_lines, talk};
use crate::table::Table;

const EXAMPLES: &str = "\
A store is a broker's data directory, a backup, or the URL of a database. A password may stand in the
URL or in the environment variable PGPASSWORD. docs/stores.md says how to move a broker.

Examples:
  rialto store copy --from /var/lib/rialto --to postgres://rialto@db.example/rialto
  rialto store copy --from postgres://rialto@db.example/rialto --to /var/lib/rialto
  rialto store copy --from /backup/rialto-monday.db --to /srv/rialto --format json";

/// Copy a store into an empty one, of the same kind or another.
///
/// Everything goes along: messages with their ids, subscriptions with what they have acknowledged,
/// retained messages, histories, clients, open sessions and clocks. Nothing in the source is changed,
/// and no broker may run on either. A copy that is cut off goes on when the same command is given again;
/// until it is whole, no broker starts on it.
///
/// At the end both sides are read and compared. Prints what each part holds: as text, the part, its
/// records and a checksum of them; as json, an object with part, records, checksum (hexadecimal) and, for
/// pages, messages. What is damaged in the source is left out and printed, and the command exits with 5.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CopyArgs {
    /// What is copied
    #[arg(long, value_name = "STORE")]
    from: String,
    /// Where to: a directory or a database that holds no store
    #[arg(long, value_name = "STORE")]
    to: String,
    /// Certificates of the authorities to trust for databases, as a PEM file, instead of the system's
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

/// A part, as it is printed.
#[derive(Serialize)]
struct PartLine {
    part: &'static str,
    records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<u64>,
    checksum: String,
}

/// Something damaged, as it is printed.
#[derive(Serialize)]
struct FindingLine<'a> {
    finding: &'a str,
}

pub(crate) fn run(args: &CopyArgs) -> Result<(), Failure> {
    let tls_ca = args.tls_ca.as_deref();
    let address =
        |text| StoreAddress::parse(text, tls_ca).map_err(|text| Failure::new(Exit::Usage, text));
    let (from, to) = (address(&args.from)?, address(&args.to)?);
    let copied = with_progress(|told| maintenance::copy(&from, &to, told))?;
    tell(&copied, &format!("{to} is a copy of {from}"), args.format.get())
}

/// Shows how far something has come, on a terminal.
pub(super) fn with_progress(
    work: impl FnOnce(&mut dyn FnMut(Step)) -> Result<Copied, StoreError>,
) -> Result<Copied, StoreError> {
    let bar = ProgressBar::new(0).with_style(style());
    let mut records = 0;
    let result = work(&mut |step| match step {
        // All of it is read again to be compared.
        Step::Begun { bytes } => bar.set_length(2 * bytes),
        Step::Copied { part, records: more, bytes } => {
            records += more;
            bar.inc(bytes);
            bar.set_message(format!("copying {}: {} records", part.name(), grouped(records)));
        }
        Step::Compared { part, bytes } => {
            bar.inc(bytes);
            bar.set_message(format!("comparing {}", part.name()));
        }
    });
    bar.finish_and_clear();
    result
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {msg}").expect("the template is a constant")
}

/// Prints what was copied, and ends the command accordingly.
pub(super) fn tell(copied: &Copied, done: &str, format: Format) -> Result<(), Failure> {
    let parts = copied.sums.iter().map(|sum| PartLine {
        part: sum.part.name(),
        records: sum.records,
        messages: (sum.part == Part::Pages).then_some(sum.messages),
        checksum: format!("{:08x}", sum.checksum),
    });
    match format {
        Format::Text => {
            let mut table = Table::under(["PART", "RECORDS", "MESSAGES", "CHECKSUM"]);
            for part in parts {
                let messages = part.messages.map(grouped);
                let messages = crate::table::or_nothing(messages);
                table.push([part.part.to_owned(), grouped(part.records), messages, part.checksum]);
            }
            print_lines(table.into_lines().into_iter().chain(copied.findings.iter().cloned()))?;
        }
        Format::Json => {
            let findings = copied.findings.iter().map(|finding| json(&FindingLine { finding }));
            print_json_lines(parts.map(|part| json(&part)).chain(findings))?;
        }
    }
    talk(&format!("{done}: both sides were read and agree"));
    let count = copied.findings.len() as u64 + copied.findings_left_out;
    if count == 0 {
        return Ok(());
    }
    let text = format!(
        "{count} damaged records of the source were left out or put right, as a broker would do; \
         docs/operating.md says how to restore a backup"
    );
    Err(Failure::new(Exit::Damaged, text))
}

fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("texts and numbers are JSON")
}
