//! The date that everything in the artefacts bears, so that the same sources give the same bytes.

use std::{
    env,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;

/// As reproducible builds have agreed to name it.
const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// Returns the date that the environment says, or that of the commit; today, where the sources are no git
/// repository.
pub(super) fn seconds_since_epoch() -> anyhow::Result<u64> {
    if let Ok(text) = env::var(VARIABLE) {
        return text.parse().with_context(|| format!("{VARIABLE} is no number: {text}"));
    }
    let commit = Command::new("git").args(["log", "-1", "--format=%ct"]).output();
    let commit = commit.ok().filter(|output| output.status.success());
    if let Some(output) = commit {
        let text = String::from_utf8(output.stdout)?;
        return text.trim().parse().context("git has no date for the commit");
    }
    println!("no git and no {VARIABLE}: the artefacts bear the present date");
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
