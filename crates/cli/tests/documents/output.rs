//! Whether a terminal shows what a page says.
//!
//! Both are compared line by line, without blanks at the end of lines. `…` stands for any text in a line, and
//! alone in a line for any lines.

#[cfg(test)]
mod tests;

/// Stands for what differs from run to run.
const ANY: &str = "…";

/// Says whether `shown` is exactly what is expected.
pub(crate) fn is_all(expected: &str, shown: &str) -> bool {
    let (expected, shown) = (lines(expected), lines(shown));
    begins(&expected, &shown).contains(&shown.len())
}

/// Looks in `shown` for what is expected, beginning and ending with any whole line, and returns how many bytes
/// it takes to its end.
pub(crate) fn find(expected: &str, shown: &str) -> Option<usize> {
    let expected = lines(expected);
    // The last line may be incomplete.
    let complete = shown.rfind('\n').map_or("", |end| &shown[..end]);
    let complete: Vec<&str> = complete.split('\n').collect();
    let trimmed: Vec<&str> = complete.iter().map(|line| line.trim_end()).collect();
    (0..trimmed.len()).find_map(|start| {
        let count = begins(&expected, &trimmed[start..]).into_iter().min()?;
        Some(complete[..start + count].iter().map(|line| line.len() + 1).sum())
    })
}

/// Returns of how many of the first lines of `shown` all of what is expected can be.
fn begins(expected: &[&str], shown: &[&str]) -> Vec<usize> {
    match expected {
        [] => vec![0],
        [first, rest @ ..] if *first == ANY => {
            let each = (0..=shown.len())
                .flat_map(|skip| begins(rest, &shown[skip..]).into_iter().map(move |n| n + skip));
            each.collect()
        }
        [first, rest @ ..] => match shown {
            [line, others @ ..] if is_line(first, line) => {
                begins(rest, others).into_iter().map(|count| count + 1).collect()
            }
            _ => Vec::new(),
        },
    }
}

fn is_line(expected: &str, shown: &str) -> bool {
    let Some((head, mut pattern)) = expected.split_once(ANY) else {
        return expected == shown;
    };
    let Some(mut rest) = shown.strip_prefix(head) else {
        return false;
    };
    while let Some((part, others)) = pattern.split_once(ANY) {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        pattern = others;
    }
    rest.ends_with(pattern)
}

fn lines(text: &str) -> Vec<&str> {
    text.trim_end().lines().map(str::trim_end).collect()
}
