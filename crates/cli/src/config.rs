//! `rialto config`: checks settings, shows them, prints the defaults.

use rialto_config::{default_toml, to_toml};

use crate::exit::Failure;
use crate::logging::Level;
use crate::output::{print, talk};
use crate::serve::SettingsArgs;

/// Check and show settings.
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
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Check(args) => check(args),
        Command::Show(args) => print(&to_toml(&args.load()?)),
        Command::Default => print(&default_toml()),
    }
}

fn check(args: &SettingsArgs) -> Result<(), Failure> {
    let settings = args.load()?;
    Level::choose(args.log_level(), &settings.log).check()?;
    match args.file() {
        Some(file) => talk(&format!("{}: the settings are good", file.display())),
        None => talk("the settings are good"),
    }
    Ok(())
}
