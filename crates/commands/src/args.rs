//! The command line as a whole; each command's own arguments stand with the command.

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{
    access, balance, cert, channels, client, config, context, documents, health, history, ping,
    publish, request, retained, serve, shell, status, store, subscribe, tail, token, top, user,
    version,
};

/// What `--help` says about exit codes; [`Exit`](crate::exit::Exit) is where they are made.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused by the broker, or failed
  2  wrong arguments or settings
  3  no connection to the broker, or it was lost and not made again
  4  nothing came within --timeout
  5  what is stored is damaged, or not usable by this release";

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
    Balance(balance::Args),
    Pub(publish::Args),
    Sub(subscribe::Args),
    Request(request::Args),
    Shell(shell::Args),
    Ping(ping::Args),
    Health(health::Args),
    Status(status::Args),
    Top(top::Args),
    #[command(subcommand)]
    Retained(retained::Command),
    History(history::Args),
    Tail(tail::Args),
    #[command(subcommand)]
    Client(client::Command),
    #[command(subcommand)]
    Channel(channels::Command),
    #[command(subcommand)]
    User(user::Command),
    #[command(subcommand)]
    Access(access::Command),
    #[command(subcommand)]
    Token(token::Command),
    #[command(subcommand)]
    Store(store::Command),
    Backup(store::BackupArgs),
    #[command(subcommand)]
    Context(context::Command),
    #[command(subcommand)]
    Config(config::Command),
    #[command(subcommand)]
    Cert(cert::Command),
    Version(version::Args),
    Completions(documents::CompletionsArgs),
    Man(documents::ManArgs),
}

/// Commands whose help has all options of `serve`: they run a broker, or show what it would run with.
const SERVER_COMMANDS: [&str; 2] = ["serve", "config"];

/// Returns the command line as it is parsed and documented.
///
/// Commands that only read the settings take all options of `serve`, so that a broker's own options
/// can be repeated for them, and their help leaves out those that matter to a broker only.
pub(crate) fn command() -> clap::Command {
    let hide = |command: clap::Command| match SERVER_COMMANDS.contains(&command.get_name()) {
        true => command,
        false => without_server_options(command),
    };
    Cli::command().mut_subcommands(hide)
}

fn without_server_options(command: clap::Command) -> clap::Command {
    let hide = |argument: clap::Arg| {
        let is_hidden = serve::SERVER_OPTIONS.contains(&argument.get_id().as_str());
        let is_hidden = is_hidden || argument.is_hide_set();
        argument.hide(is_hidden)
    };
    command.mut_args(hide).mut_subcommands(without_server_options)
}

/// Parses the arguments of this process, or ends it with what is wrong with them.
pub(crate) fn parse() -> Cli {
    let matches = command().get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}
