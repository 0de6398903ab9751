//! `rialto completions` and `rialto man`: made of the same definitions as the command line.

use std::fs;
use std::path::{Path, PathBuf};

use clap_complete::Shell;

use crate::exit::Failure;
use crate::output::print;

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  rialto completions bash > ~/.local/share/bash-completion/completions/rialto
  rialto completions zsh > ~/.zfunc/_rialto
  rialto completions fish > ~/.config/fish/completions/rialto.fish";

/// Print completions for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Print the manual page, or write all pages to a directory.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// Directory to write a page for each command to, made if need be; without it the main page is
    /// printed, for `rialto man | man -l -`
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints completions for the whole command line.
pub(crate) fn print_completions(
    args: &CompletionsArgs,
    mut commands: clap::Command,
) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut commands, "rialto", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page of the whole command line, or writes those of all its commands.
pub(crate) fn write_man_pages(args: &ManArgs, commands: clap::Command) -> Result<(), Failure> {
    match &args.dir {
        Some(dir) => write_pages(dir, commands).map_err(|error| {
            Failure::file(format!("write manual pages to {}", dir.display()), &error)
        }),
        None => {
            let mut page = Vec::new();
            // As `generate_to` has it.
            clap_mangen::Man::new(commands.disable_help_subcommand(true))
                .render(&mut page)
                .map_err(|error| Failure::file("make the manual page", &error))?;
            print(&String::from_utf8_lossy(&page))
        }
    }
}

fn write_pages(dir: &Path, commands: clap::Command) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    clap_mangen::generate_to(commands, dir)
}
