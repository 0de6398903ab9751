//! The screen of problems: what needs a look, and who it is about.

use serde_json::Value;

use super::line::{Line, Tone, line};
use crate::amount::{bytes, grouped, seconds};
use crate::scrape::Scrape;
use crate::table::{moment, word};

/// What is asked for besides the metrics.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// Clients that do not read as fast as they are written to, by what waits for them.
    pub(super) slow: Vec<Value>,
    /// Clients by what was dropped.
    pub(super) dropped: Vec<Value>,
    /// Clients by how far they are behind.
    pub(super) behind: Vec<Value>,
    /// Channels by what is stored of them.
    pub(super) backlog: Vec<Value>,
    /// What happened last.
    pub(super) events: Vec<Value>,
}

/// Returns what needs a look by the metrics, a sentence each.
pub(super) fn troubles(scrape: &Scrape) -> Vec<String> {
    let checks = scrape.by_label("rialto_check_passes", "check");
    let failing = checks.filter(|(_, passes)| *passes != 1.0);
    let mut troubles: Vec<_> =
        failing.map(|(check, _)| format!(" ! the check {check} of /readyz fails")).collect();
    let waits = scrape.sum("rialto_store_wait_seconds");
    if 1.0 <= waits {
        troubles.push(format!(" ! the store has not answered for {}", seconds(waits)));
    }
    let trying = scrape.labelled("rialto_links", "state", "trying");
    if 0.0 < trying {
        troubles.push(format!(" ! cluster nodes that are not connected: {trying}"));
    }
    troubles
}

impl Problems {
    /// Returns the screen. Each part is left out where it has nothing to say.
    pub(super) fn lines(&self, scrape: &Scrape) -> Vec<Line> {
        let mut lines: Vec<_> =
            troubles(scrape).into_iter().map(|it| line(Tone::Warning, it)).collect();
        let clients = |row: fn(&Value) -> String| move |it: &Value| row(it);
        part(&mut lines, " SLOW CONSUMERS", &self.slow, clients(slow));
        part(&mut lines, " DROPPED", some(&self.dropped, "dropped"), clients(dropped));
        part(&mut lines, " BEHIND", some(&self.behind, "lag"), clients(behind));
        part(&mut lines, " BACKLOG", &self.backlog, clients(backlog));
        part(&mut lines, " REFUSED SINCE THE START", &refused(scrape), clients(refusal));
        part(&mut lines, " WHAT HAPPENED", &self.events, clients(event));
        if lines.is_empty() {
            lines.push(line(Tone::Plain, " Nothing needs a look."));
        }
        lines
    }
}

fn part<'a>(
    lines: &mut Vec<Line>,
    heading: &str,
    entries: impl IntoIterator<Item = &'a Value>,
    row: impl Fn(&Value) -> String,
) {
    let mut rows = entries.into_iter().map(|entry| line(Tone::Plain, row(entry))).peekable();
    if rows.peek().is_some() {
        lines.push(line(Tone::Head, heading));
        lines.extend(rows);
    }
}

/// Returns the entries of which a number is more than nothing.
fn some<'a>(entries: &'a [Value], key: &'a str) -> impl Iterator<Item = &'a Value> {
    entries.iter().filter(move |entry| 0 < entry[key].as_u64().unwrap_or_default())
}

/// Returns why most was refused.
fn refused(scrape: &Scrape) -> Vec<Value> {
    let causes = scrape.by_label("rialto_refusals_by_cause_total", "cause");
    let mut causes: Vec<(String, u64)> =
        causes.map(|(cause, count)| (cause.to_owned(), count as u64)).collect();
    causes.retain(|(_, count)| 0 < *count);
    causes.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    causes.truncate(3);
    causes.into_iter().map(|(cause, count)| serde_json::json!([cause, count])).collect()
}

fn name(entry: &Value, key: &str) -> String {
    let name: String = entry[key].as_str().map(word).unwrap_or_default();
    if name.chars().count() <= 24 { name } else { name.chars().take(23).chain(['…']).collect() }
}

fn count(entry: &Value, key: &str) -> String {
    grouped(entry[key].as_u64().unwrap_or_default())
}

fn size(entry: &Value, key: &str) -> String {
    bytes(entry[key].as_f64().unwrap_or_default())
}

fn slow(client: &Value) -> String {
    let (id, pending, dropped) =
        (name(client, "id"), size(client, "pending_bytes"), count(client, "dropped"));
    format!("  {id:<24}  {pending:>10} pending  {dropped:>9} dropped")
}

fn dropped(client: &Value) -> String {
    format!("  {:<24}  {:>10} dropped", name(client, "id"), count(client, "dropped"))
}

fn behind(client: &Value) -> String {
    let state = if client["online"] == true { "online" } else { "not there" };
    format!("  {:<24}  {:>10} behind   {state}", name(client, "id"), count(client, "lag"))
}

fn backlog(channel: &Value) -> String {
    let (channel_name, stored) = (name(channel, "name"), count(channel, "log_messages"));
    let oldest = channel["oldest_s"].as_f64().map(seconds).unwrap_or_default();
    let size = size(channel, "log_bytes");
    format!("  {channel_name:<24}  {stored:>10} stored   {size:>10}  oldest {oldest}")
}

fn refusal(cause: &Value) -> String {
    let cause_name = cause[0].as_str().unwrap_or_default();
    format!("  {cause_name:<24}  {:>10}", grouped(cause[1].as_u64().unwrap_or_default()))
}

fn event(event: &Value) -> String {
    let at = event["at_ms"].as_u64().map(moment).unwrap_or_default();
    // The time of day.
    let at = at.get(11..19).unwrap_or(&at);
    let words = ["what", "reason", "action", "state", "rule", "client", "channel"];
    let words = words.iter().filter_map(|key| event[*key].as_str()).map(word);
    let words: Vec<_> = words.collect();
    let kind = event["event"].as_str().unwrap_or_default();
    format!("  {at}  {kind:<13}  {}", words.join("  "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(problems: &Problems, page: &str) -> Vec<String> {
        let page = format!("rialto_build_info{{version=\"1\"}} 1\n{page}");
        let scrape = Scrape::parse(&page).unwrap();
        problems.lines(&scrape).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn without_problems_it_says_so() {
        let client = json!({"id": "ada", "lag": 0, "dropped": 0, "pending_bytes": 0});
        let problems =
            Problems { behind: vec![client.clone()], dropped: vec![client], ..Problems::default() };
        assert_eq!(texts(&problems, ""), [" Nothing needs a look."]);
    }

    #[test]
    fn every_problem_names_who_it_is_about() {
        let slow =
            json!({"id": "ada", "pending_bytes": 2048, "dropped": 7, "lag": 3, "online": true});
        let problems = Problems {
            slow: vec![slow.clone()],
            dropped: vec![slow.clone()],
            behind: vec![slow],
            backlog: vec![
                json!({"name": "jobs", "log_messages": 3, "log_bytes": 99, "oldest_s": 5}),
            ],
            events: vec![json!({"event": "slow-consumer", "at_ms": 61_000, "client": "ada",
                                "action": "closed"})],
        };
        let page = "rialto_store_wait_seconds 2.5\nrialto_refusals_by_cause_total{cause=\"rule\"} 2\n\
                    rialto_refusals_by_cause_total{cause=\"limit\"} 0\n";
        let texts = texts(&problems, page);
        let expected = [
            " ! the store has not answered for 2.5 s",
            " SLOW CONSUMERS",
            "  ada                          2.0 KiB pending          7 dropped",
            " DROPPED",
            "  ada                                7 dropped",
            " BEHIND",
            "  ada                                3 behind   online",
            " BACKLOG",
            "  jobs                               3 stored         99 B  oldest 5.0 s",
            " REFUSED SINCE THE START",
            "  rule                               2",
            " WHAT HAPPENED",
            "  00:01:01  slow-consumer  closed  ada",
        ];
        assert_eq!(texts, expected, "{texts:#?}");
    }
}
