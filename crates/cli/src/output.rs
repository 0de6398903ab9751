//! Standard output: data for whoever reads it, as long as somebody does.

use std::io::{self, ErrorKind, Write};

use crate::exit::{Exit, Failure};

/// Prints a whole text. A reader that has had enough is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(failed(&error)),
        _ => Ok(()),
    }
}

/// Says that standard output cannot be written to.
pub(crate) fn failed(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot write to standard output: {error}"))
}
