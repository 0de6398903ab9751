//! The screens, as lines: what stands where, without a terminal.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::columns::Column;
use super::line::{Line, Tone, line};
use super::problems::troubles;
use super::rows::Rows;
use super::source::{Listed, View};
use super::state::State;
use crate::amount::{bytes, grouped, rate, seconds};
use crate::scrape::Scrape;
use crate::table::span;

/// What the bottom line says.
const KEYS: &str =
    " 1 overview  2 clients  3 channels  4 problems  < > sort  / find  ? keys  q quit";
/// The same in more words.
const HELP: [&str; 9] = [
    " 1, 2, 3, 4, Tab     overview, clients, channels, problems",
    " < >, left, right    sort by another column",
    " r                   sort the other way round",
    " /                   show names that contain a text; Enter keeps it, Esc drops it",
    " up, down            mark another row; so do PageUp, PageDown, Home, End",
    " Space               stand still, and go on",
    " ?, h, F1            this list",
    " q, F10, Ctrl-C      quit",
    " any key             back",
];
/// Columns from which on a screen has all that a list has.
const WIDE: usize = 110;

/// Returns the lines of a screen of this size, none of them longer, and no more of them.
pub(super) fn lines(state: &State, width: usize, height: usize, now: Instant) -> Vec<Line> {
    let mut lines = vec![line(Tone::Head, head(state, now))];
    if let Some((since, problem)) = &state.lost {
        let ago = span(now.saturating_duration_since(*since));
        lines.push(line(Tone::Warning, format!(" ! lost {ago} ago, trying again: {problem}")));
    }
    let room = height.saturating_sub(lines.len() + 1);
    let mut body = if state.shows_keys {
        HELP.iter().map(|text| line(Tone::Plain, *text)).collect()
    } else if let Some(rows) = state.rows() {
        list(rows, width, room, state.is_typing)
    } else if state.view == View::Problems {
        problems(state)
    } else {
        overview(state)
    };
    body.resize(room, line(Tone::Plain, ""));
    lines.append(&mut body);
    lines.push(line(Tone::Quiet, KEYS));
    lines.truncate(height);
    for line in &mut lines {
        line.text = line.text.chars().take(width).collect();
    }
    lines
}

fn head(state: &State, now: Instant) -> String {
    let Some(scrape) = state.latest() else { return " Rialto   waiting for the broker".to_owned() };
    let version = scrape.label("rialto_build_info", "version").unwrap_or_default();
    let word = match (&state.lost, state.is_paused) {
        (Some(_), _) => "lost",
        (None, true) => "paused",
        (None, false) => "live",
    };
    let age =
        state.scrapes[0].as_ref().map_or(0, |(at, _)| now.saturating_duration_since(*at).as_secs());
    let age = if 1 < age { format!("   {age} s old") } else { String::new() };
    format!(" Rialto {version}   up {}   {word}{age}", span(uptime(scrape)))
}

fn uptime(scrape: &Scrape) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let up = now - scrape.sum("rialto_start_time_seconds");
    Duration::try_from_secs_f64(up.max(0.0)).unwrap_or_default()
}

fn problems(state: &State) -> Vec<Line> {
    match (&state.problems, state.latest()) {
        (Err(problem), _) => vec![line(Tone::Warning, format!(" ! {problem}"))],
        (Ok(problems), Some(scrape)) => problems.lines(scrape),
        (Ok(_), None) => Vec::new(),
    }
}

fn overview(state: &State) -> Vec<Line> {
    let Some(scrape) = state.latest() else { return Vec::new() };
    let number = |name: &str| grouped(scrape.count(&format!("rialto_{name}")));
    let size = |name: &str| bytes(scrape.sum(&format!("rialto_{name}")));
    let per_second = |name: &str| rate(state.rate(&format!("rialto_{name}")));
    let [ins, outs]: [Vec<f64>; 2] =
        [state.rates.iter().map(|it| it.0).collect(), state.rates.iter().map(|it| it.1).collect()];
    let mut lines: Vec<Line> =
        troubles(scrape).into_iter().map(|it| line(Tone::Warning, it)).collect();
    let mut put = |text: String| lines.push(line(Tone::Plain, text));
    put(format!(
        " In    {:>9} /s  {}  {:>10}/s",
        per_second("received_total"),
        chart(&ins),
        bytes(state.rate("rialto_received_bytes_total"))
    ));
    put(format!(
        " Out   {:>9} /s  {}  {:>10}/s",
        per_second("delivered_total"),
        chart(&outs),
        bytes(state.rate("rialto_sent_bytes_total"))
    ));
    put(format!(
        " Conn  {:>9}     +{} -{} /s   {} slow",
        number("connections"),
        per_second("connections_opened_total"),
        rate(closed(state)),
        number("slow_consumers")
    ));
    put(String::new());
    put(format!(" Sessions {:>11}   Channels {:>11}", number("sessions"), number("channels")));
    put(format!(
        " Waiting  {:>11}   Stored   {:>11}   {} messages",
        size("waiting_bytes"),
        size("log_bytes"),
        number("log_held")
    ));
    put(format!(
        " Refused  {:>11}   Dropped  {:>11}",
        number("publish_refused_total"),
        number("dropped_slow_total")
    ));
    put(String::new());
    lines.push(line(
        Tone::Quiet,
        format!(" {:<16}{:>10}{:>12}{:>12}", "", "p50 below", "p99 below", "p99.9 below"),
    ));
    for (name, metric) in [
        ("Acknowledged", "rialto_publish_acknowledgement_seconds"),
        ("Delivered", "rialto_publish_delivery_seconds"),
        ("Commits", "rialto_store_commit_seconds"),
        ("Lock held", "rialto_lock_held_seconds"),
    ] {
        lines.push(line(Tone::Plain, latency(state, name, metric)));
    }
    lines
}

/// Returns how many connections end in a second.
fn closed(state: &State) -> f64 {
    let [Some((now, latest)), Some((then, before))] = &state.scrapes else { return 0.0 };
    let ended =
        |it: &Scrape| it.sum("rialto_connections_opened_total") - it.sum("rialto_connections_open");
    let seconds = now.duration_since(*then).as_secs_f64().max(0.001);
    (ended(latest) - ended(before)).max(0.0) / seconds
}

/// Returns how long something took lately; where nothing happened, since the start.
fn latency(state: &State, name: &str, metric: &str) -> String {
    let [Some((_, latest)), before] = &state.scrapes else { return String::new() };
    let all = latest.histogram(metric);
    let lately = before.as_ref().map(|(_, before)| all.since(&before.histogram(metric)));
    let histogram = lately.filter(|it| it.quantile(0.5).is_some()).unwrap_or(all);
    let [p50, p99, p999] = [0.5, 0.99, 0.999]
        .map(|part| histogram.quantile(part).map_or_else(|| "-".to_owned(), seconds));
    format!(" {name:<16}{p50:>10}{p99:>12}{p999:>12}")
}

/// Draws numbers as bars, the last ones.
fn chart(numbers: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const WIDTH: usize = 20;
    let last = &numbers[numbers.len().saturating_sub(WIDTH)..];
    let highest = last.iter().copied().fold(0.0, f64::max);
    let bar = |number: &f64| {
        let part = if highest == 0.0 { 0.0 } else { number / highest };
        BARS[((part * 7.0).round() as usize).min(7)]
    };
    let bars: String = last.iter().map(bar).collect();
    format!("{bars:>WIDTH$}")
}

fn list(rows: &Rows, width: usize, room: usize, is_typing: bool) -> Vec<Line> {
    if let Some(problem) = &rows.problem {
        return vec![line(Tone::Warning, format!(" ! {problem}"))];
    }
    let columns: Vec<&Column> =
        rows.columns().into_iter().filter(|it| it.is_narrow || WIDE <= width).collect();
    let cursor = if is_typing { "_" } else { "" };
    let filter = match rows.filter() {
        "" if !is_typing => String::new(),
        filter => format!("   contains: {filter}{cursor}"),
    };
    let sorted = rows.sorted_by();
    let order = format!("   by {}{}", sorted.heading, sign(rows, sorted));
    let words = format!(" {}{order}{filter}", extent(rows.listed()));
    let used: usize = columns.iter().skip(1).map(|it| it.width + 1).sum();
    let name_width = width.saturating_sub(used + 2).max(8);
    let mut lines = vec![line(Tone::Quiet, words)];
    let heading = |column: &&Column| format!("{}{}", column.heading, sign(rows, column));
    lines.push(line(Tone::Head, row(&columns, name_width, heading)));
    let places = room.saturating_sub(lines.len()).max(1);
    let first = (rows.marked() + 1).saturating_sub(places);
    for (index, entry) in rows.entries().iter().enumerate().skip(first).take(places) {
        let tone = if index == rows.marked() { Tone::Marked } else { Tone::Plain };
        lines.push(line(tone, row(&columns, name_width, |column| column.cell(entry))));
    }
    lines
}

/// Says how many of a list are here, and how old their numbers are.
fn extent(listed: &Listed) -> String {
    let Listed { entries, total, age, has_more } = listed;
    let count = entries.len() as u64;
    // Those that are only stored are told, and not counted.
    let more = if *has_more && *total <= count { "+" } else { "" };
    let age = match age.as_secs() {
        0 => String::new(),
        seconds => format!("   counted {seconds} s ago"),
    };
    format!("{} of {}{more}{age}", grouped(count), grouped(*total))
}

/// Returns what shows which way a list is sorted by a column, if it is.
fn sign(rows: &Rows, column: &Column) -> &'static str {
    let is_this = rows.sorted_by().heading == column.heading;
    match (is_this, rows.is_reversed() == column.is_number()) {
        (false, _) => "",
        (true, true) => "↑",
        (true, false) => "↓",
    }
}

fn row(columns: &[&Column], name_width: usize, cell: impl Fn(&&Column) -> String) -> String {
    let mut text = " ".to_owned();
    for (index, column) in columns.iter().enumerate() {
        let width = if index == 0 { name_width } else { column.width };
        let cell = fitted(&cell(column), width);
        if column.is_number() {
            text.push_str(&format!("{cell:>width$} "));
        } else {
            text.push_str(&format!("{cell:<width$} "));
        }
    }
    text
}

/// Shortens a cell that is too long, which then ends with a sign.
fn fitted(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::top::source::{Answer, Shown};

    fn texts(state: &State, width: usize, height: usize) -> Vec<String> {
        lines(state, width, height, Instant::now()).into_iter().map(|it| it.text).collect()
    }

    fn state() -> State {
        let page = "rialto_build_info{version=\"1.2.3\"} 1\nrialto_connections 1234\n\
            rialto_check_passes{check=\"store\"} 0\nrialto_lock_held_seconds_bucket{le=\"0.001024\"} 5\n";
        let client = |id: &str, subscriptions: u64| {
            json!({"id": id, "online": true, "lost": false, "address": "127.0.0.1:9",
                   "protocol": "JMQT", "connected_s": 75, "subscriptions": subscriptions})
        };
        let many = (0..50).map(|number| client(&format!("client-{number:02}"), number));
        let age = Duration::from_secs(3);
        let listed = Listed { entries: many.collect(), total: 1234, age, has_more: true };
        let mut state = State::default();
        let shown = Some(Shown::Clients(Ok(listed)));
        state.take(Answer { at: Instant::now(), scrape: Ok(Scrape::parse(page).unwrap()), shown });
        state
    }

    #[test]
    fn the_overview_fits_into_80_by_24() {
        let texts = texts(&state(), 80, 24);
        assert_eq!(texts.len(), 24);
        assert!(texts.iter().all(|text| text.chars().count() <= 80), "{texts:#?}");
        assert!(texts[0].starts_with(" Rialto 1.2.3   up "), "{texts:#?}");
        assert_eq!(texts[1], " ! the check store of /readyz fails");
        assert!(texts.iter().any(|text| text.contains("Conn      1,234")), "{texts:#?}");
        assert!(texts.iter().any(|text| text.contains("Lock held           1.0 ms")), "{texts:#?}");
        assert_eq!(texts[23], KEYS);
    }

    #[test]
    fn a_list_shows_the_marked_row_and_leaves_out_what_has_no_room() {
        let mut state = state();
        state.view = View::Clients;
        let narrow = texts(&state, 80, 24);
        assert!(
            narrow[1].starts_with(" 50 of 1,234   counted 3 s ago   by CLIENT↑"),
            "{narrow:#?}"
        );
        assert!(narrow[2].starts_with(" CLIENT↑") && !narrow[2].contains("ADDRESS"), "{narrow:#?}");
        assert!(narrow[3].contains("client-00") && narrow[3].contains("1m 15s"), "{narrow:#?}");
        assert!(texts(&state, 132, 24)[2].contains("ADDRESS"));
        state.clients.mark(40);
        let lines = lines(&state, 80, 24, Instant::now());
        let marked: Vec<_> = lines.iter().filter(|line| line.tone == Tone::Marked).collect();
        assert!(marked.len() == 1 && marked[0].text.contains("client-40"), "{lines:#?}");
    }

    #[test]
    fn the_smallest_of_terminals_is_no_trouble() {
        let mut state = state();
        for view in [View::Overview, View::Clients, View::Problems] {
            state.view = view;
            for (width, height) in [(0, 0), (1, 1), (5, 2), (20, 3)] {
                let texts = texts(&state, width, height);
                assert!(texts.len() <= height);
                assert!(texts.iter().all(|text| text.chars().count() <= width));
            }
        }
    }
}
