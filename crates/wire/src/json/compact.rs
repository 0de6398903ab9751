//! JSON without blanks.

/// Returns a JSON text without blanks between its parts.
pub(crate) fn compact(json: &str) -> String {
    let mut is_inside = false;
    let mut is_escaped = false;
    let is_kept = |character: &char| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match character {
            '"' if !was_escaped => is_inside = !is_inside,
            '\\' if is_inside && !was_escaped => is_escaped = true,
            _ => {}
        }
        is_inside || !character.is_ascii_whitespace()
    };
    json.chars().filter(is_kept).collect()
}
