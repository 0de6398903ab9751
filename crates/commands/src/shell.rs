//! `rialto shell`: a conversation with a broker, line by line.
//!
//! A line becomes a [`Command`](command::Command) (`parse.rs`, by the table in `grammar.rs`), which the
//! [`Executor`] carries out by a [`Peer`], one for each dialect. All that is to be
//! seen, messages and replies alike, goes through one [`Feed`] to the thread that prints it (`look.rs` says
//! how). Lines come from standard input (`script.rs`), or are edited on a terminal (`terminal.rs`).

mod addressed;
mod colour;
mod command;
mod executor;
mod feed;
mod grammar;
mod greeting;
mod item;
mod jmqt;
mod look;
mod online;
mod operator;
mod other;
mod parse;
mod payload;
mod peer;
mod pubsubx;
mod script;
mod seen;
mod terminal;
mod words;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use rialto_config::Period;
use rialto_http::Url;

use crate::api::ApiPlace;
use crate::exit::Failure;
use crate::format::FormatArgs;
use crate::remote::{RemoteArgs, runtime};

use addressed::AddressedPeer;
use colour::When;
use executor::Executor;
use feed::Feed;
use grammar::Grammar;
use look::Look;
use operator::Operator;
use peer::Peer;
use pubsubx::PubsubxPeer;
use script::{OnFailure, Pipes};
use seen::Seen;
use terminal::{HistoryFile, LineEditor, Setup, TerminalOutput};

const EXAMPLES: &str = "\
Commands are read from standard input, one on each line; `help` lists them. A line that is blank or
begins with # is passed over. A payload is everything behind the channel, as it stands: JSON is sent
as it is, and anything else as a text. The address says which protocol is spoken: JMQT, CoreMQ or
PubSubX, whose commands are the same as far as the protocol has them.

On a terminal: messages appear above the line that is being typed, Tab completes commands, channels
and clients, and the lines of before come back with the arrow keys. They are kept in
~/.local/state/rialto/shell_history (or below XDG_STATE_HOME), but not a line with the words token,
password or secret in it, or with a blank in front. Ctrl-C clears the line or ends what is under
way, Ctrl-D leaves.

From a file or a pipe: there is no prompt. Messages and answers go to standard output, everything
else to standard error. The shell ends with the first command that fails, and with its exit code;
with --keep-going it carries out the rest, and ends with the code of the first one that failed.
`wait 3 --timeout 5s` waits for three messages of what was subscribed to.

Examples:
  rialto shell
  rialto shell --server jmqts://broker.example --client ada
  printf 'subscribe room\\npublish room hello\\nwait\\n' | rialto shell --quiet
  rialto shell --format json < commands.txt
  rialto shell --server coremq://broker.example
  rialto shell --pubsubx
  rialto shell --pubsubx --server pubsubx://broker.example --client homer";

/// Talk with a broker, command by command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Speak PubSubX, in the manner of its own client: CONNECT PORT NAME, SUBSCRIBE TOPIC,
    /// PUBLISH TOPIC DATA; with an original server too
    #[arg(long)]
    pubsubx: bool,
    /// In a script, carry out the rest after a command that failed
    #[arg(long)]
    keep_going: bool,
    /// On a terminal, read and write no file with the lines of before
    #[arg(long)]
    no_history: bool,
    /// Longest wait for the answer to a command
    #[arg(long, value_name = "TIME", default_value = "10s")]
    timeout: Period,
    /// Whether to colour: auto is on a terminal unless NO_COLOR is set, always, never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto, hide_possible_values = true)]
    color: When,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    /// Address of the broker's HTTP listener, for `history` and `who` [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "RIALTO_API", help_heading = "HTTP API")]
    api: Option<Url>,
    /// A key of the broker's settings (api.keys) that allows to read. Better given in the environment
    /// than on the command line, which others can see
    #[arg(long, value_name = "KEY", env = "RIALTO_API_KEY", hide_env_values = true)]
    #[arg(help_heading = "HTTP API")]
    api_key: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (remote, limit) = (args.remote.clone(), args.timeout.get());
    match args.grammar() {
        Grammar::Jmqt => {
            let operator = Some(args.operator());
            talk_with(args, operator, |feed| Ok(AddressedPeer::new(remote, limit, feed)))
        }
        Grammar::Pubsubx => talk_with(args, None, |feed| PubsubxPeer::new(remote, limit, feed)),
    }
}

fn talk_with<P: Peer + Send + 'static>(
    args: &Args,
    operator: Option<Operator>,
    peer: impl FnOnce(Feed) -> Result<P, Failure>,
) -> Result<(), Failure> {
    let runtime = runtime()?;
    let seen = Seen::default();
    let begins = args.begins_connected();
    let executor = |feed: Feed, seen| {
        let parts = (peer(feed.clone())?, operator);
        Ok::<_, Failure>(Executor::new((args.grammar(), begins), parts, feed, seen))
    };
    let (printing, outcome) = match args.editor(&seen)? {
        Some((editor, output)) => {
            let (feed, printing) = Feed::start(args.look(true), output, seen.clone());
            (printing, terminal::run(&runtime, executor(feed, seen)?, editor, begins))
        }
        None => {
            let (feed, printing) = Feed::start(args.look(false), Pipes, seen.clone());
            let mut executor = executor(feed, seen)?;
            let outcome = script::run(&runtime, &mut executor, args.on_failure());
            runtime.block_on(executor.leave());
            (printing, outcome)
        }
    };
    // With the tasks that hold the feed, so that the thread comes to its end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    printing.join().and(outcome)
}

impl Args {
    fn grammar(&self) -> Grammar {
        if self.pubsubx { Grammar::Pubsubx } else { Grammar::Jmqt }
    }

    /// Returns whether there is a session without a command that asks for one: in PubSubX only if it is
    /// said whose.
    fn begins_connected(&self) -> bool {
        !self.pubsubx || self.remote.names_client()
    }

    /// Makes what edits lines, if somebody sits at a terminal that can do that.
    fn editor(&self, seen: &Seen) -> Result<Option<(LineEditor, TerminalOutput)>, Failure> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Ok(None);
        }
        let mut secrets = self.remote.secrets();
        secrets.extend(self.api_key.clone());
        let history = match self.no_history {
            true => HistoryFile::nowhere(secrets),
            false => HistoryFile::find(secrets),
        };
        let has_colours = self.color.decide(true);
        let grammar = self.grammar();
        LineEditor::open(Setup { grammar, has_colours, seen: seen.clone(), history })
    }

    fn on_failure(&self) -> OnFailure {
        if self.keep_going { OnFailure::GoOn } else { OnFailure::Stop }
    }

    fn limit(&self) -> Duration {
        self.timeout.get()
    }

    fn look(&self, is_terminal: bool) -> Look {
        Look {
            format: self.format.get(),
            grammar: self.grammar(),
            has_colours: self.color.decide(io::stdout().is_terminal()),
            is_terminal,
            is_quiet: self.remote.quiet,
        }
    }

    fn operator(&self) -> Operator {
        Operator::new(ApiPlace {
            api: self.api.clone(),
            key: self.api_key.clone(),
            ca: self.remote.ca().cloned(),
            context: self.remote.context().clone(),
            timeout: self.limit(),
        })
    }
}
