//! Payloads as they stand in a line.

use serde_json::value::RawValue;

use crate::exit::{Exit, Failure};

use super::command::Data;

/// Makes a payload, by the same rule as `rialto pub`.
pub(super) fn payload(data: &Data) -> Result<Box<RawValue>, Failure> {
    data.rule.apply(&data.text).map_err(|problem| {
        // The advice behind the first line is about quoting in other shells.
        let problem = problem.lines().next().unwrap_or_default();
        Failure::new(Exit::Usage, format!("{problem}\n--text sends it as the text that it is"))
    })
}
