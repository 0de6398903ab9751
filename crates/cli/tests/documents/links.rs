//! Links of a page to others, and the headings they can lead to.

#[cfg(test)]
mod tests;

/// Returns the targets of all links of a page, with their lines.
pub(crate) fn targets(page: &str) -> Vec<(usize, &str)> {
    let lines = outside_of_blocks(page);
    lines.flat_map(|(number, line)| of_line(line).map(move |target| (number, target))).collect()
}

/// Returns the anchors of a page's headings, as GitHub makes them.
pub(crate) fn anchors(page: &str) -> Vec<String> {
    let headings = outside_of_blocks(page).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

fn of_line(line: &str) -> impl Iterator<Item = &str> {
    let behind = line.split("](").skip(1);
    behind.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn outside_of_blocks(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_inside = false;
    page.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            is_inside = !is_inside;
            return None;
        }
        (!is_inside).then_some((index + 1, line))
    })
}
