//! How fields of the log look as text: each on one line, and nothing in them that a terminal obeys.
//!
//! Every field of every event and span comes by here, and so does the message, however it was given
//! (`%`, `?`, text, error or number): no call can pass by. What strangers wrote into a field ends
//! where the field does.

use std::error::Error;
use std::fmt::{self, Debug, Write as _};

use rialto_client::shown::{one_line, one_word};
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// The name of the field that holds an event's message.
const MESSAGE: &str = "message";

/// Writes fields as `name=word`, and the message as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields;

impl<'writer> FormatFields<'writer> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut line = Line { writer, is_begun: false, result: Ok(()) };
        fields.record(&mut line);
        line.result
    }
}

/// A line under construction.
struct Line<'writer> {
    writer: Writer<'writer>,
    is_begun: bool,
    result: fmt::Result,
}

impl Line<'_> {
    fn write(&mut self, name: &str, value: &str) {
        if self.result.is_ok() {
            self.result = self.try_write(name, value);
        }
    }

    fn try_write(&mut self, name: &str, value: &str) -> fmt::Result {
        if std::mem::replace(&mut self.is_begun, true) {
            self.writer.write_char(' ')?;
        }
        if name == MESSAGE {
            return self.writer.write_str(&one_line(value));
        }
        let name = name.strip_prefix("r#").unwrap_or(name);
        let value = one_word(value);
        if self.writer.has_ansi_escapes() {
            write!(self.writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{value}")
        } else {
            write!(self.writer, "{name}={value}")
        }
    }
}

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(error) = source {
            // A text that has its source in it already is not to say it twice.
            let cause = error.to_string();
            if !text.contains(&cause) {
                write!(text, ": {cause}").expect("memory takes it");
            }
            source = error.source();
        }
        self.write(field.name(), &text);
    }
}

#[cfg(test)]
mod tests;
