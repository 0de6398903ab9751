//! Standard output for data, as long as somebody reads it; standard error for talk.

use std::io::{self, ErrorKind, Write};

use rialto_client::shown::{json_line, one_line};

use crate::exit::{Exit, Failure};

/// Prints a whole text. A reader that has had enough is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_while_read(text).map(drop)
}

/// Prints a whole text, and returns whether anybody reads: a command that goes on need not if nobody
/// does.
pub(crate) fn print_while_read(text: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(failed(&error)),
    }
}

/// Prints lines for people. Names that strangers gave stay on their line, and what a terminal obeys is escaped.
pub(crate) fn print_lines(lines: impl IntoIterator<Item = String>) -> Result<(), Failure> {
    print(&lines.into_iter().map(|line| format!("{}\n", one_line(&line))).collect::<String>())
}

/// Prints lines of JSON, with the same escapes as JSON has them.
pub(crate) fn print_json_lines(lines: impl IntoIterator<Item = String>) -> Result<(), Failure> {
    print(&lines.into_iter().map(|line| format!("{}\n", json_line(&line))).collect::<String>())
}

/// Says something to people on standard error, in one write, so that what several commands say does
/// not mix.
///
/// Whatever of it strangers wrote stays in its place: what a terminal obeys is escaped, and each line
/// behind the first is set in.
pub(crate) fn talk(text: &str) {
    // There is nowhere left to complain to.
    let _ = io::stderr().write_all(spoken(text).as_bytes());
}

fn spoken(text: &str) -> String {
    let mut spoken = String::with_capacity(text.len() + 1);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 && !line.is_empty() && !line.starts_with("  ") {
            spoken.push_str("  ");
        }
        spoken.push_str(&one_line(line));
        spoken.push('\n');
    }
    spoken
}

/// Says that standard output cannot be written to.
pub(crate) fn failed(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot write to standard output: {error}"))
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn what_a_stranger_wrote_is_no_line_of_ours() {
        assert_eq!(
            spoken("rialto: refused: no\nrialto: \u{1b}[2Jdone\n  is a broker running there?"),
            "rialto: refused: no\n  rialto: \\u{1b}[2Jdone\n  is a broker running there?\n"
        );
    }
}
