//! What the scripts of all dialogues have in common.

use std::{fmt::Write as _, time::Duration};

use rialto_broker::Now;

/// Where a line of a script ends one frame and begins another of the same read.
pub(crate) const FRAME_END: char = '␀';

/// Bytes of a UUID, and what fills up to them behind the short ids of scripts.
const ID_BYTES: usize = 36;
const FILLER: char = '~';

/// Returns the lines of a script that say something, each with those that go on with it.
pub(crate) fn lines(script: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match lines.last_mut() {
            Some(last) if line.starts_with(FRAME_END) => last.push_str(line),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

pub(crate) fn seconds(now: Now) -> String {
    format!("{}s", now.uptime.as_secs_f64())
}

pub(crate) fn duration(text: &str) -> Duration {
    let number = |digits: &str| digits.parse().unwrap_or_else(|_| bad(text));
    match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(ms), _) => Duration::from_millis(number(ms)),
        (_, Some(s)) => Duration::from_secs(number(s)),
        _ => bad(text),
    }
}

pub(crate) fn bad<T>(line: &str) -> T {
    panic!("no such line in a script: {line}")
}

/// Makes each id of a script, such as `id-ada`, as long as ids are; transcripts have the short form.
pub(crate) fn with_long_ids(text: &str) -> String {
    let mut parts = text.split("id-");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|after: char| !after.is_ascii_alphanumeric()).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        write!(out, "id-{name:~<width$}{rest}", width = ID_BYTES - "id-".len()).unwrap();
    }
    out
}

/// Gives ids the form that they have in a script.
pub(crate) fn with_short_ids(text: &str) -> String {
    text.replace(FILLER, "")
}
