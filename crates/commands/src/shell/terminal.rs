//! Commands from a terminal: a line is edited while messages appear above it.
//!
//! This thread edits lines and nothing else; a second one carries commands out, a third one prints. The
//! prompt is therefore there at all times, and Ctrl-C is heard while a command waits. `gate.rs` keeps the
//! printing thread from writing into a line that is just being finished.

mod assistant;
mod complete;
mod editor;
mod gate;
mod hint;
mod history;
mod output;
mod worker;

use tokio::runtime::Runtime;

use crate::exit::{Exit, Failure};

use super::command::Command;
use super::executor::Executor;
use super::feed::Feed;
use super::grammar::Grammar;
use super::item::Item;
use super::parse::parse;
use super::peer::Peer;

pub(super) use editor::{LineEditor, Setup};
pub(super) use history::HistoryFile;
pub(super) use output::TerminalOutput;

use editor::Typed;
use worker::Worker;

/// Reads lines and has them carried out, until the user leaves.
pub(super) fn run<P: Peer + Send + 'static>(
    runtime: &Runtime,
    executor: Executor<P>,
    mut editor: LineEditor,
    connects: bool,
) -> Result<(), Failure> {
    let (feed, grammar) = (executor.feed.clone(), executor.grammar);
    let worker = Worker::start(runtime, executor, connects);
    let read = read(runtime, &feed, grammar, &mut editor, &worker);
    editor.close();
    worker.finish(runtime);
    read
}

fn read(
    runtime: &Runtime,
    feed: &Feed,
    grammar: Grammar,
    editor: &mut LineEditor,
    worker: &Worker,
) -> Result<(), Failure> {
    let mut is_leaving = false;
    loop {
        match editor.next()? {
            Typed::Lines(lines) => {
                is_leaving = false;
                for line in lines {
                    if parse(&line, grammar) == Ok(Some(Command::Quit)) {
                        return Ok(());
                    }
                    worker.carry_out(line);
                }
            }
            Typed::Interrupted { .. } if worker.interrupt() => is_leaving = false,
            Typed::Interrupted { was_empty } => {
                if was_empty && is_leaving {
                    return Ok(());
                }
                is_leaving = was_empty;
                if was_empty {
                    let text = "Ctrl-C once more leaves, and so does Ctrl-D";
                    runtime.block_on(feed.notice(text));
                }
            }
            Typed::Unreadable => {
                let failure = Failure::new(Exit::Usage, "what was typed is not UTF-8");
                runtime.block_on(feed.show(Item::Problem { failure, line: None }));
            }
            Typed::End => return Ok(()),
        }
        if feed.is_closed() {
            return Ok(());
        }
    }
}
