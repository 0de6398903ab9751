//! What was counted, as a file of text.

use std::fmt;

use anyhow::Context;

/// What the file begins with; the rest of its first lines names what it was counted with.
const HEAD: &str = "# Instructions of each step, for one message or commit. Not to be edited: bench/README.md says how to accept others.\n\
                    # ";

/// Counts, and what they were counted with.
#[derive(Debug, PartialEq)]
pub(super) struct Record {
    /// Compilers and libraries.
    pub(super) machine: String,
    /// Each step with its instructions, in the order in which they are counted.
    pub(super) steps: Vec<(String, f64)>,
}

impl Record {
    /// Reads what [`Display`](fmt::Display) writes.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let rest = text.strip_prefix(HEAD).context("the first lines are missing")?;
        let (machine, rest) = rest.split_once('\n').context("nothing is recorded")?;
        let step = |line: &str| {
            let (step, count) =
                line.split_once(' ').with_context(|| format!("no count: {line}"))?;
            let count = count.trim().parse().with_context(|| format!("no number: {line}"))?;
            Ok((step.to_owned(), count))
        };
        let steps = rest.lines().map(step).collect::<anyhow::Result<_>>()?;
        Ok(Record { machine: machine.to_owned(), steps })
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}{}", self.machine)?;
        self.steps.iter().try_for_each(|(step, count)| writeln!(f, "{step} {count:.0}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let steps = vec![("decode".to_owned(), 731.0), ("commit-one".to_owned(), 98_000.0)];
        let record = Record { machine: "rustc 1.0, cc 12".to_owned(), steps };
        assert_eq!(Record::parse(&record.to_string()).expect("it was just written"), record);
    }

    #[test]
    fn a_line_without_a_count_is_refused() {
        let record = Record { machine: "rustc 1.0".to_owned(), steps: Vec::new() };
        let error = Record::parse(&format!("{record}decode\n")).expect_err("a count is missing");
        assert_eq!(error.to_string(), "no count: decode");
    }
}
