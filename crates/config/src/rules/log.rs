//! Levels of the log that there are.

use crate::error::cut;
use crate::rules::violation::Violation;
use crate::settings::Settings;

/// The levels that a log can have, the quietest first.
pub const LOG_LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A misspelt level would otherwise be taken for the name of a module.
pub(super) fn levels_are_levels(settings: &Settings) -> Vec<Violation> {
    let level = &settings.log.level;
    let is_level = |part: &str| LOG_LEVELS.contains(&part.trim());
    if level.split(',').all(|part| part.contains('=') || is_level(part)) {
        return Vec::new();
    }
    vec![Violation::new(
        "log.level",
        format!("{:?} is not a log level", cut(level)),
        format!(
            "expected {}, or levels by module such as info,rialto_session=debug",
            LOG_LEVELS.join(", ")
        ),
    )]
}
