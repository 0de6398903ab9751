//! The command line as a whole; each command's own arguments stand with the command.

use clap::{Parser, Subcommand};

use crate::{
    access, cert, client, config, documents, publish, retained, serve, store, subscribe, token,
    user,
};

/// What `--help` says about exit codes; [`Exit`](crate::exit::Exit) is where they are made.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused by the broker, or failed
  2  wrong arguments or settings
  3  no connection to the broker, or lost for good
  4  nothing came within --timeout
  5  something stored is damaged";

/// Message broker for JMQT clients, and its tools.
#[derive(Debug, Parser)]
#[command(name = "rialto", version, after_help = EXIT_CODES)]
#[command(arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(serve::Args),
    Pub(publish::Args),
    Sub(subscribe::Args),
    Retained(retained::Args),
    Client(client::Args),
    User(user::Args),
    Access(access::Args),
    Token(token::Args),
    Store(store::Args),
    Backup(store::BackupArgs),
    Config(config::Args),
    Cert(cert::Args),
    Completions(documents::CompletionsArgs),
    Man(documents::ManArgs),
}
