//! How things are shown: as lines for people, or as JSON objects.

use std::borrow::Cow;

use rialto_client::Push;
use rialto_client::shown::{json_line, one_line, one_word};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::exit::Failure;
use crate::format::Format;
use crate::subscribe::plain_payload;

use super::colour::Colour;
use super::grammar::Grammar;
use super::item::Item;
use super::peer::Reply;

/// Characters of a line that a terminal shows; those of a message of 100 KB would be thirty screens.
const TERMINAL_CHARS_MAX: usize = 4_096;

/// How things are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) format: Format,
    pub(super) grammar: Grammar,
    pub(super) has_colours: bool,
    /// Whether it is a terminal, on which long lines are cut.
    pub(super) is_terminal: bool,
    /// Whether only messages, answers and failures are shown.
    pub(super) is_quiet: bool,
}

/// Lines, each for one of two places; in their order within each.
#[derive(Debug, Default)]
pub(super) struct Shown {
    parts: Vec<(Place, String)>,
}

/// Where a line belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Standard output.
    Data,
    /// Standard error.
    Talk,
}

impl Shown {
    fn push(&mut self, place: Place, line: &str) {
        match self.parts.last_mut() {
            Some((last, text)) if *last == place => text.push_str(line),
            _ => self.parts.push((place, line.to_owned())),
        }
        if let Some((_, text)) = self.parts.last_mut() {
            text.push('\n');
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|(_, text)| text.len()).sum()
    }

    /// Iterates over texts of whole lines, and where they belong.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Place, &str)> {
        self.parts.iter().map(|(place, text)| (*place, text.as_str()))
    }
}

impl Look {
    /// Appends what is shown of an item.
    pub(super) fn render(&self, item: &Item, shown: &mut Shown) {
        match self.format {
            Format::Json => self.render_json(item, shown),
            Format::Text => self.render_text(item, shown),
        }
    }

    fn render_text(&self, item: &Item, shown: &mut Shown) {
        match item {
            Item::Message(message) => self.message(message, shown),
            Item::Push(push) if self.grammar == Grammar::Pubsubx => self.topic(push, shown),
            Item::Push(push) => self.message(push, shown),
            Item::Reply(Reply::Said(text)) => self.talk(text, shown),
            Item::Reply(Reply::Answer(answer)) => {
                shown.push(Place::Data, &self.cut(&json_line(answer.get())));
            }
            Item::Reply(Reply::Listing { lines, .. }) => {
                for line in lines {
                    shown.push(Place::Data, &self.cut(&one_line(line)));
                }
            }
            Item::Notice(text) => self.talk(text, shown),
            Item::Problem { failure, line } => self.problem(failure, *line, shown),
            Item::Reply(Reply::Nothing) | Item::Flush(_) => {}
        }
    }

    fn message(&self, push: &Push, shown: &mut Shown) {
        let (word, payload) = (one_word(&push.channel), plain_payload(&push.payload));
        let channel = self.paint(Colour::Name, &word);
        shown.push(Place::Data, &format!("{channel} {}", self.cut(&payload)));
    }

    /// A message as PubSubX's client shows it.
    fn topic(&self, push: &Push, shown: &mut Shown) {
        let data = text_of(&push.payload);
        let (word, data) = (one_line(&push.channel), one_line(&data));
        let topic = self.paint(Colour::Name, &word);
        shown.push(Place::Data, &format!("Topic: {topic}  Data: {}", self.cut(&data)));
    }

    fn talk(&self, text: &str, shown: &mut Shown) {
        if self.is_quiet {
            return;
        }
        let head = match self.grammar {
            Grammar::Pubsubx => "INFO: ",
            Grammar::Jmqt if self.is_terminal => "",
            Grammar::Jmqt => "rialto: ",
        };
        self.lines(Colour::Talk, head, text, shown);
    }

    fn problem(&self, failure: &Failure, line: Option<u64>, shown: &mut Shown) {
        let head = match self.grammar {
            Grammar::Pubsubx => "ERROR: ",
            Grammar::Jmqt if self.is_terminal => "",
            Grammar::Jmqt => "rialto: ",
        };
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        self.lines(Colour::Problem, &format!("{head}{place}"), &failure.text, shown);
    }

    /// Talk of several lines, those behind the first one set in, so that nobody's words are a line of
    /// ours.
    fn lines(&self, colour: Colour, head: &str, text: &str, shown: &mut Shown) {
        for (index, line) in text.lines().enumerate() {
            let head = if index == 0 { head } else { "  " };
            let line = format!("{head}{}", self.cut(&one_line(line.trim_start())));
            shown.push(Place::Talk, &self.paint(colour, &line));
        }
    }

    fn paint<'a>(&self, colour: Colour, text: &'a str) -> Cow<'a, str> {
        if self.has_colours { Cow::Owned(colour.paint(text)) } else { Cow::Borrowed(text) }
    }

    /// Cuts what is too long for a terminal, and says so.
    fn cut<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let end = text.char_indices().nth(TERMINAL_CHARS_MAX);
        match end {
            Some((end, _)) if self.is_terminal => {
                let left_out = text[end..].chars().count();
                let note = format!(" … ({left_out} more characters)");
                Cow::Owned(format!("{}{}", &text[..end], self.paint(Colour::Talk, &note)))
            }
            _ => Cow::Borrowed(text),
        }
    }

    fn render_json(&self, item: &Item, shown: &mut Shown) {
        let mut line = |json: &str| shown.push(Place::Data, &json_line(json));
        match item {
            Item::Message(message) => line(&record(message)),
            Item::Push(push) if self.grammar == Grammar::Pubsubx => {
                let (channel, data) = (&push.channel, text_of(&push.payload));
                let message = json!({ "event": "message", "channel": channel, "payload": data });
                line(&message.to_string());
            }
            Item::Push(push) => line(&record(push)),
            Item::Reply(Reply::Answer(answer)) => {
                line(&format!("{{\"event\":\"answer\",\"answer\":{}}}", answer.get()));
            }
            Item::Reply(Reply::Listing { records, .. }) => records.iter().for_each(|it| line(it)),
            Item::Reply(Reply::Said(text)) if !self.is_quiet => {
                line(&json!({ "event": "done", "text": text }).to_string());
            }
            Item::Notice(text) if !self.is_quiet => {
                line(&json!({ "event": "notice", "text": text }).to_string());
            }
            Item::Problem { failure, line: number } => {
                let exit = failure.exit as u8;
                let text = &failure.text;
                let problem =
                    json!({ "event": "error", "text": text, "exit": exit, "line": number });
                line(&problem.to_string());
            }
            Item::Reply(Reply::Nothing) if !self.is_quiet => line(r#"{"event":"done"}"#),
            Item::Reply(Reply::Said(_) | Reply::Nothing) | Item::Notice(_) | Item::Flush(_) => {}
        }
    }
}

/// Returns the data of a message of PubSubX, which is always a text.
fn text_of(payload: &RawValue) -> String {
    serde_json::from_str(payload.get()).unwrap_or_default()
}

/// A message as `rialto sub` prints it, and what it is.
fn record(push: &Push) -> String {
    #[derive(Serialize)]
    struct Record<'a> {
        event: &'static str,
        channel: &'a str,
        payload: &'a RawValue,
        client: &'a str,
        qos: u8,
        id: Option<&'a str>,
        retained: bool,
    }
    let record = Record {
        event: "message",
        channel: &push.channel,
        payload: &push.payload,
        client: &push.publisher,
        qos: push.qos.level(),
        id: push.id.as_deref(),
        retained: push.retained,
    };
    serde_json::to_string(&record).expect("a message serialises to memory")
}

#[cfg(test)]
mod tests;
