//! Standard output for data, as long as somebody reads it; standard error for talk.

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

/// Says something to people: one line on standard error, in one write, so that the lines of several
/// commands do not mix.
pub(crate) fn talk(text: &str) {
    // There is nowhere left to complain to.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Says that standard output cannot be written to.
pub(crate) fn failed(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot write to standard output: {error}"))
}
