//! The commands of the program `rialto`: run a broker, publish, subscribe, and what goes with that.
//!
//! Does not know the broker's insides or the wire: it turns arguments into calls of
//! `rialto-server`, `rialto-access`, `rialto-client` and `rialto-config`, and their results into text and an exit
//! code. One module a command, each with its arguments and a `run`; parsing has no side effects.
//!
//! Data goes to standard output, everything else to standard error.
//!
//! Not in the program's own crate, so that they can be compiled without optimisation: that takes a
//! fifth of the time, and what is quick in them is in the crates they call (docs/decisions/0011).
//!
//! Read `args.rs` first. Tested by running the program, in `crates/cli/tests`.

mod args;
mod exit;

mod access;
mod balance;
mod cert;
mod channels;
mod client;
mod config;
mod context;
mod documents;
mod health;
mod history;
mod ping;
mod publish;
mod request;
mod retained;
mod serve;
mod shell;
mod status;
mod store;
mod subscribe;
mod tail;
mod token;
mod top;
mod user;
mod version;

mod address;
mod amount;
mod api;
mod channel;
mod format;
mod listing;
mod logging;
mod other;
mod output;
mod payload;
mod remote;
mod scrape;
mod table;

use std::process::ExitCode;

use args::Command;

/// Carries out the command line of this process, and returns the code to exit with. What went wrong
/// is told on standard error.
///
/// Wrong arguments, `--help` and `--version` end the process here.
pub fn run() -> ExitCode {
    let result = match args::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Balance(args) => balance::run(&args),
        Command::Pub(args) => publish::run(&args),
        Command::Sub(args) => subscribe::run(&args),
        Command::Request(args) => request::run(&args),
        Command::Shell(args) => shell::run(&args),
        Command::Ping(args) => ping::run(&args),
        Command::Health(args) => health::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Top(args) => top::run(&args),
        Command::Retained(command) => retained::run(&command),
        Command::History(args) => history::run(&args),
        Command::Tail(args) => tail::run(&args),
        Command::Client(command) => client::run(&command),
        Command::Channel(command) => channels::run(&command),
        Command::User(command) => user::run(&command),
        Command::Access(command) => access::run(&command),
        Command::Token(command) => token::run(&command),
        Command::Store(command) => store::run(&command),
        Command::Backup(args) => store::back_up(&args),
        Command::Context(command) => context::run(&command),
        Command::Config(command) => config::run(&command),
        Command::Cert(command) => cert::run(&command),
        Command::Version(args) => version::run(&args),
        Command::Completions(args) => documents::print_completions(&args, args::command()),
        Command::Man(args) => documents::write_man_pages(&args, args::command()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.text.is_empty() {
                output::talk(&format!("rialto: {}", failure.text));
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}
