//! The line that is edited.

use std::io::ErrorKind;
use std::sync::Arc;

use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{
    Behavior, Cmd, ColorMode, CompletionType, ConditionalEventHandler, Config, Editor, Event,
    EventContext, EventHandler, KeyCode, KeyEvent, Modifiers, RepeatCount,
};

use crate::exit::{Exit, Failure};

use super::super::grammar::Grammar;
use super::super::seen::Seen;
use super::assistant::Assistant;
use super::gate::Gate;
use super::history::{ENTRIES_MAX, HistoryFile};
use super::output::TerminalOutput;

/// What an editor is made of.
pub(in super::super) struct Setup {
    pub(in super::super) grammar: Grammar,
    pub(in super::super) has_colours: bool,
    pub(in super::super) seen: Seen,
    pub(in super::super) history: HistoryFile,
}

/// What came of editing a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// It was entered; a paste may have several.
    Lines(Vec<String>),
    /// Ctrl-C.
    Interrupted { was_empty: bool },
    /// It had bytes that are no text.
    Unreadable,
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// Edits lines on the terminal, until it is closed.
pub(in super::super) struct LineEditor {
    editor: Option<Editor<Assistant, DefaultHistory>>,
    gate: Arc<Gate>,
    history: HistoryFile,
    prompt: &'static str,
}

impl LineEditor {
    /// Makes an editor, and what prints above its line. `None` on a terminal that is too simple.
    pub(in super::super) fn open(setup: Setup) -> Result<Option<(Self, TerminalOutput)>, Failure> {
        let Setup { grammar, has_colours, seen, mut history } = setup;
        let config = Config::builder()
            .behavior(Behavior::Stdio)
            // So that the assistant draws the line whether there are colours or not.
            .color_mode(ColorMode::Forced)
            .completion_type(CompletionType::List)
            .max_history_size(ENTRIES_MAX)
            .and_then(|config| config.history_ignore_dups(true));
        let config = config.map_err(|error| cannot(&error))?.bracketed_paste(true).build();
        let gate = Arc::new(Gate::default());
        let mut editor = Editor::with_config(config).map_err(|error| cannot(&error))?;
        let Ok(printer) = editor.create_external_printer() else { return Ok(None) };
        editor.set_helper(Some(Assistant::new(grammar, has_colours, seen, Arc::clone(&gate))));
        let keys = Keys { gate: Arc::clone(&gate) };
        editor.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(keys)));
        for line in history.load() {
            editor.add_history_entry(line).map_err(|error| cannot(&error))?;
        }
        let output = TerminalOutput::new(Arc::clone(&gate), Box::new(printer));
        let prompt = match grammar {
            Grammar::Jmqt => "rialto> ",
            Grammar::Pubsubx => "Enter command or (-h): ",
        };
        Ok(Some((LineEditor { editor: Some(editor), gate, history, prompt }, output)))
    }

    /// Edits a line until it is entered.
    pub(super) fn next(&mut self) -> Result<Typed, Failure> {
        let Some(editor) = &mut self.editor else { return Ok(Typed::End) };
        let read = editor.readline(self.prompt);
        // However it ended.
        self.gate.close();
        let was_interrupted = self.gate.take_interrupt();
        match read {
            Ok(_) if was_interrupted => {
                Ok(Typed::Interrupted { was_empty: self.gate.was_line_empty() })
            }
            Ok(text) => {
                let lines: Vec<String> = text.split(['\n', '\r']).map(str::to_owned).collect();
                for line in &lines {
                    if self.history.keep(line) {
                        editor.add_history_entry(line).map_err(|error| cannot(&error))?;
                    }
                }
                Ok(Typed::Lines(lines))
            }
            Err(ReadlineError::Interrupted) => {
                Ok(Typed::Interrupted { was_empty: self.gate.was_line_empty() })
            }
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                Ok(Typed::Unreadable)
            }
            // The terminal was closed.
            Err(ReadlineError::Io(_) | ReadlineError::Errno(_)) => Ok(Typed::End),
            Err(error) => Err(cannot(&error)),
        }
    }

    /// Gives the terminal back: what is printed from now on is printed directly.
    pub(super) fn close(&mut self) {
        self.gate.end();
        self.editor = None;
    }
}

fn cannot(error: &ReadlineError) -> Failure {
    Failure::new(Exit::Failed, format!("cannot edit lines on this terminal: {error}"))
}

/// Hears every key first: those that end a line close the gate.
struct Keys {
    gate: Arc<Gate>,
}

impl ConditionalEventHandler for Keys {
    fn handle(
        &self,
        event: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext,
    ) -> Option<Cmd> {
        self.gate.note_line(context.line());
        match event.get(0) {
            // To the editor it is a line like others: at an interruption it would forget what has been
            // typed behind it already.
            Some(KeyEvent(KeyCode::Char('C'), Modifiers::CTRL)) => {
                self.gate.note_interrupt();
                self.gate.close();
                return Some(Cmd::AcceptLine);
            }
            Some(key) if ends_line(*key, context.line()) => self.gate.close(),
            _ => self.gate.open(),
        }
        None
    }
}

fn ends_line(KeyEvent(code, modifiers): KeyEvent, line: &str) -> bool {
    let is_control = modifiers == Modifiers::CTRL;
    match code {
        KeyCode::Enter => true,
        KeyCode::Char('J' | 'M' | '\\') => is_control,
        KeyCode::Char('D') => is_control && line.is_empty(),
        _ => false,
    }
}
