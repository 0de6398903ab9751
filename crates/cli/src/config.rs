//! `rialto config`: checks settings, shows them, prints the defaults, imports original files.

use std::path::{Path, PathBuf};

use rialto_config::{Flag, OriginalFile, Settings, default_toml, import, to_toml};

use crate::exit::Failure;
use crate::logging::Level;
use crate::output::{print, talk};
use crate::serve::SettingsArgs;

const IMPORT_EXAMPLES: &str = "\
The files are told by their content: coremq.conf of CoreMQ; server.conf, client.conf and
load_balancer.conf of JMQT. Several become one. What has no counterpart is noted at the top of the
result. `rialto serve --config coremq.conf` takes that one as it is.

Examples:
  rialto config import coremq.conf > rialto.toml
  rialto config import server.conf client.conf load_balancer.conf > rialto.toml
  rialto config import --set access.open_beyond_loopback=true coremq.conf > rialto.toml
  rialto config check --config rialto.toml";

/// Check, show and import settings.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check the settings that `rialto serve` with the same flags and environment would use
    Check(SettingsArgs),
    /// Print the settings that `rialto serve` with the same flags and environment would use, with
    /// secrets masked
    Show(SettingsArgs),
    /// Print a settings file with every setting, its default and what it is for
    Default,
    Import(ImportArgs),
}

/// Print a settings file made of configuration files of CoreMQ and JMQT
#[derive(Debug, clap::Args)]
#[command(after_help = IMPORT_EXAMPLES)]
struct ImportArgs {
    /// Files of the original programs
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A setting to put in the result, above what the files say. May be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Check(args) => check(args),
        Command::Show(args) => print(&to_toml(&load(args)?)),
        Command::Default => print(&default_toml()),
        Command::Import(args) => import_files(args),
    }
}

fn check(args: &SettingsArgs) -> Result<(), Failure> {
    let settings = load(args)?;
    Level::choose(args.log_level(), &settings.log).check()?;
    match args.file() {
        Some(file) => talk(&format!("{}: the settings are good", file.display())),
        None => talk("the settings are good"),
    }
    Ok(())
}

/// Reads the settings, and says what is to be said of an original file.
fn load(args: &SettingsArgs) -> Result<Settings, Failure> {
    let (settings, notes) = args.load()?;
    for note in notes {
        talk(&note.to_string());
    }
    Ok(settings)
}

fn import_files(args: &ImportArgs) -> Result<(), Failure> {
    let files = args.files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let flags: Vec<Flag> = args.set.iter().map(|text| Flag::set(text)).collect();
    let imported = import(&files, &flags)?;
    print(&imported.toml)?;
    talk(&format!(
        "settings that are not at their defaults: {}; notes at the top: {}",
        imported.change_count,
        imported.notes.len()
    ));
    Ok(())
}

fn read(path: &Path) -> Result<OriginalFile, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::file(format!("read {}", path.display()), &error))?;
    Ok(OriginalFile { path: path.to_owned(), text })
}
