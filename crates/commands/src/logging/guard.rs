//! The way out of a log in JSON: what JSON lets through and a terminal would obey is escaped.

use std::io::{self, Write};

use rialto_client::shown::json_line;

/// Writes whole lines of JSON, each with what may not be shown escaped.
pub(super) struct Guard<W>(pub(super) W);

impl<W: Write> Write for Guard<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let (text, end) = match line.strip_suffix(b"\n") {
            Some(text) => (text, "\n"),
            None => (line, ""),
        };
        match std::str::from_utf8(text) {
            Ok(text) => self.0.write_all([&*json_line(text), end].concat().as_bytes())?,
            Err(_) => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
