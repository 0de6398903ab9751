//! `rialto config`: checks settings, shows them, prints the defaults, imports original files.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use rialto_config::{
    Checked, ConfigErrors, Flag, Log, OriginalFile, Settings, default_toml, import, to_toml,
};
use rialto_server::maintenance;

use crate::exit::{Exit, Failure};
use crate::logging::Level;
use crate::output::{print, talk};
use crate::serve::SettingsArgs;

const IMPORT_EXAMPLES: &str = "\
The files are recognised by their content: coremq.conf of CoreMQ; server.conf, client.conf and
load_balancer.conf of JMQT. Several files become one. What has no counterpart is noted at the top of
the result. `rialto serve --config coremq.conf` accepts that file as it is.

Examples:
  rialto config import coremq.conf > rialto.toml
  rialto config import server.conf client.conf load_balancer.conf > rialto.toml
  rialto config import --set access.open_beyond_loopback=true coremq.conf > rialto.toml
  rialto config check --config rialto.toml";

/// Check, show and import settings.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check the settings that `rialto serve` with the same flags and environment would use
    ///
    /// Names every mistake in the file, the environment and the flags, and values that do not go
    /// together; exits with 2 if there is one. Warns of variables that are not settings, and of files
    /// and host names in the settings that cannot be used on this machine; a warning does not change
    /// the exit code. With --connect it also connects to the database that the store is in, and to
    /// the bus.
    Check(CheckArgs),
    /// Print the settings that `rialto serve` with the same flags and environment would use, with
    /// secrets masked
    Show(SettingsArgs),
    /// Print a settings file with every setting, its default and what it is for
    Default,
    Import(ImportArgs),
}

/// What is checked.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Connect to the database that the store is in, and look whether it can be used; nothing is
    /// changed there
    #[arg(long)]
    connect: bool,
}

/// Print a settings file made of configuration files of CoreMQ and JMQT
#[derive(Debug, clap::Args)]
#[command(after_help = IMPORT_EXAMPLES)]
pub(crate) struct ImportArgs {
    /// Files of the original programs
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A setting to put in the result, above what the files say. May be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Check(args) => check(args),
        Command::Show(args) => print(&to_toml(&load(args)?)),
        Command::Default => print(&default_toml()),
        Command::Import(args) => import_files(args),
    }
}

/// Says everything that is wrong, and apart from it what is only to be noted: that is no mistake in
/// the settings, which may be meant for another machine.
fn check(CheckArgs { settings: args, connect }: &CheckArgs) -> Result<(), Failure> {
    let Checked { settings, notes } = args.check();
    notes.iter().for_each(warn);
    let mistakes = match &settings {
        Ok(settings) => Level::choose(args.log_level(), &settings.log).check().err(),
        Err(errors) => {
            // The level may come from a place of its own, RIALTO_LOG.
            let is_from_elsewhere = args.log_level().is_none();
            let level = Level::choose(None, &Log::default()).check().err();
            Some(mistaken(errors, level.filter(|_| is_from_elsewhere)))
        }
    };
    settings.iter().flat_map(rialto_server::check).for_each(|obstacle| warn(&obstacle));
    match (mistakes, args.file()) {
        (Some(mistakes), _) => return Err(mistakes),
        (None, Some(file)) => talk(&format!("{}: the settings are good", file.display())),
        (None, None) => talk("the settings are good"),
    }
    match settings {
        Ok(settings) if *connect => look_at_engines(&settings),
        _ => Ok(()),
    }
}

/// Says how the database and the bus are, and what should be otherwise there.
fn look_at_engines(settings: &Settings) -> Result<(), Failure> {
    match maintenance::look_at_database(settings)? {
        Some((found, warnings)) => {
            warnings.iter().for_each(warn);
            talk(&found);
        }
        None => talk("the store is in no database"),
    }
    maintenance::look_at_bus(settings)?.iter().for_each(|found| talk(found));
    Ok(())
}

/// Makes one failure of what is wrong with the settings, and with the level of the log besides.
fn mistaken(errors: &ConfigErrors, level: Option<Failure>) -> Failure {
    let Some(level) = level else { return errors.clone().into() };
    let count = errors.iter().len() + 1;
    let text = format!("{count} mistakes in the settings:\n{errors}\n{}", level.text);
    Failure::new(Exit::Usage, text)
}

fn warn(about: &impl Display) {
    talk(&format!("rialto: warning: {about}"));
}

/// Reads the settings, and warns of what is to be noted about their sources.
fn load(args: &SettingsArgs) -> Result<Settings, Failure> {
    let (settings, notes) = args.load()?;
    notes.iter().for_each(warn);
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
