//! `rialto top`: what a running broker does, on a screen that goes on.

mod columns;
mod draw;
mod line;
mod problems;
mod rows;
mod screen;
mod source;
mod state;

use std::io::{IsTerminal as _, stdin, stdout};
use std::thread;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use rialto_config::Period;
use tokio::sync::{mpsc, watch};

use crate::api::{Api, ApiArgs};
use crate::exit::{Exit, Failure};
use crate::remote::block_on;

use draw::Palette;
use source::{Source, Wanted};
use state::State;

const EXAMPLES: &str = "\
This command asks the http listener of a running broker once in --interval. The overview needs no key on
the same machine; clients, channels and problems need one that allows \"read\". The broker sorts, and
looks for names among all that there are; the screen says how old its numbers are.

Keys:
  1 2 3 4, Tab    overview, clients, channels, problems
  < >, left right sort by another column;  r  the other way round
  /               show names that contain a text;  Esc  show all
  up down, Page   go through the rows
  Space           stand still, and go on
  ?               list the keys;  q, Ctrl-C  quit

With the environment variable NO_COLOR nothing is coloured. `rialto status` prints the same for scripts.

Examples:
  rialto top
  rialto top --interval 5s --api https://broker.example:8080";

/// Watch a broker, its clients and its channels
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How long a screen stands until the broker is asked again
    #[arg(long, value_name = "TIME", default_value = "1s")]
    interval: Period,
    #[command(flatten)]
    api: ApiArgs,
}

/// Gives the terminal back as it was, however the command ends.
struct Screen(DefaultTerminal);

impl Screen {
    fn open() -> Result<Self, Failure> {
        // A panic gives it back, too.
        ratatui::try_init().map(Screen).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot use the terminal: {error}"))
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        let text = "top needs a terminal\n  rialto status prints once what top shows";
        return Err(Failure::new(Exit::Usage, text));
    }
    if args.interval.get().is_zero() {
        return Err(Failure::new(Exit::Usage, "--interval must be longer than nothing"));
    }
    let api = args.api.open_keyless()?;
    block_on(watch(api, args))
}

async fn watch(api: Api, args: &Args) -> Result<(), Failure> {
    let (keys, mut pressed) = mpsc::channel(64);
    let (wants, wanted) = watch::channel(Wanted::default());
    let (answers, mut answered) = mpsc::channel(1);
    let mut screen = Screen::open()?;
    // Ends with the process: nothing wakes somebody who reads a terminal.
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if keys.blocking_send(event).is_err() {
                return;
            }
        }
    });
    let source = Source { api, interval: args.interval.get(), wanted, answers };
    tokio::spawn(source.run());
    let (mut state, palette) = (State::default(), Palette::from_environment());
    let mut end = std::pin::pin!(terminated());
    while !state.is_over() {
        let draw = |frame: &mut ratatui::Frame<'_>| draw::draw(frame, &state, palette);
        screen.0.draw(draw).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot write to the terminal: {error}"))
        })?;
        tokio::select! {
            event = pressed.recv() => match event {
                Some(Event::Key(key)) if key.is_press() => state.press(key),
                // Drawn anew, as large as the terminal is by now.
                Some(_) => {}
                None => break,
            },
            Some(answer) = answered.recv() => state.take(answer),
            () = &mut end => break,
        }
        wants.send_replace(state.wanted());
    }
    Ok(())
}

/// Waits until the process is asked to end.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => _ = terminate.recv().await,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
