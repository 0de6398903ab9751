//! Payloads as people write them: JSON as it is, anything else as a JSON text.

use std::io::{self, Read};

use serde_json::error::Category;
use serde_json::value::{RawValue, to_raw_value};

use crate::exit::{Exit, Failure};

/// Most bytes of a payload on standard input: the longest packet that a broker can be set to take.
const STDIN_BYTES_MAX: u64 = 256 << 20;

/// What the argument of a payload is for one on standard input.
pub(crate) const STDIN: &str = "-";

/// What may be a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadRule {
    /// JSON only.
    Json,
    /// JSON, and as a JSON text what does not look like it.
    JsonOrText,
    /// A JSON text always, even of what is JSON.
    Text,
}

/// How a command is told what payloads are.
#[derive(Debug, clap::Args)]
pub(crate) struct PayloadArgs {
    /// Refuse payloads that are not JSON, instead of sending them as texts
    #[arg(long)]
    json: bool,
    /// Send payloads as texts, even those that are JSON or look like it
    #[arg(long, conflicts_with = "json")]
    text: bool,
}

impl PayloadArgs {
    pub(crate) fn rule(&self) -> PayloadRule {
        match (self.json, self.text) {
            (true, _) => PayloadRule::Json,
            (_, true) => PayloadRule::Text,
            _ => PayloadRule::JsonOrText,
        }
    }

    /// Reads the payload of an argument, or of standard input if the argument says so.
    pub(crate) fn read(&self, argument: &str) -> Result<Box<RawValue>, Failure> {
        let from_stdin = (argument == STDIN).then(read_stdin).transpose()?;
        let text = from_stdin.as_deref().unwrap_or(argument);
        self.rule().apply(text).map_err(|problem| Failure::new(Exit::Usage, problem))
    }
}

impl PayloadRule {
    /// Makes a payload of a text, or says what is wrong with it.
    pub(crate) fn apply(self, text: &str) -> Result<Box<RawValue>, String> {
        if self == PayloadRule::Text {
            return Ok(quoted(text));
        }
        let error = match serde_json::from_str(text) {
            Ok(json) => return Ok(json),
            Err(error) => error,
        };
        match self {
            PayloadRule::Json => Err(format!("the payload is not JSON: {error}")),
            _ if looks_like_json(text, &error) => Err(format!(
                "the payload looks like JSON, but is not: {error}\n  in a shell JSON belongs into \
                 single quotes, as in '{{\"a\": 1}}'; --text sends it as the text that it is"
            )),
            _ => Ok(quoted(text)),
        }
    }
}

/// Says whether somebody who wrote this meant JSON: it begins as JSON does and ends too early, or it
/// is bracketed, which a line of a log or a sentence that begins with a bracket is not.
fn looks_like_json(text: &str, error: &serde_json::Error) -> bool {
    let text = text.trim();
    let is_bracketed = |open: char, close: char| text.starts_with(open) && text.ends_with(close);
    let begins = text.starts_with(['{', '[', '"']);
    begins && error.classify() == Category::Eof
        || is_bracketed('{', '}')
        || is_bracketed('[', ']')
        || text.starts_with("{\"")
        || text.starts_with("[{\"")
}

fn quoted(text: &str) -> Box<RawValue> {
    to_raw_value(text).expect("a text serialises to memory")
}

/// Reads all of standard input, without the end of its last line.
fn read_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    io::stdin()
        .take(STDIN_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::file("read standard input", &error))?;
    if STDIN_BYTES_MAX < bytes.len() as u64 {
        let text = "standard input has more than 256 MiB, and is taken as one message; --file - \
                    takes each line as one";
        return Err(Failure::new(Exit::Usage, text));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(Exit::Usage, "standard input is not UTF-8, which a message must be")
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
