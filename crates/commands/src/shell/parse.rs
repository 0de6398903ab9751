//! From a line to a command. Pure.

mod data;

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use rialto_config::Period;

use crate::channel::{check_subscribable, control_channel};
use crate::payload::PayloadRule;

use super::command::{Command, Data, Publish, Target};
use super::grammar::{Grammar, Verb};
use super::words::Words;

use data::{Options, message};

/// How often `watch` does what it is told to.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Reads a line; `None` for one that is blank or a comment.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(line: &str, grammar: Grammar) -> Result<Option<Command>, String> {
    let mut words = Words::new(line);
    match words.bare() {
        None => Ok(None),
        Some(word) if word.starts_with('#') => Ok(None),
        Some(word) => command(word, words, grammar).map(Some),
    }
}

fn command(word: &str, mut words: Words<'_>, grammar: Grammar) -> Result<Command, String> {
    let entry = grammar.find(word).ok_or_else(|| grammar.unknown(word))?;
    let parser = Parser { written: entry.written(), grammar };
    let command = match entry.verb {
        Verb::Connect => parser.connect(&mut words)?,
        Verb::Disconnect => Command::Disconnect,
        Verb::Publish | Verb::Send => return parser.publish(entry.verb, words),
        Verb::Subscribe => return parser.subscribe(words),
        Verb::Unsubscribe => Command::Unsubscribe(parser.channels(&mut words)?),
        Verb::Request => return parser.request(words),
        Verb::Retained => Command::Retained(parser.channel(&mut words)?),
        Verb::History => {
            let channel = parser.channel(&mut words)?;
            let count = words.bare().map(|count| parser.number(count)).transpose()?;
            Command::History { channel, count }
        }
        Verb::Who => Command::Who,
        Verb::Status => Command::Status,
        Verb::Wait => parser.wait(&mut words)?,
        Verb::Watch | Verb::Repeat => return parser.repeat(entry.verb, words),
        Verb::Again => Command::Again,
        Verb::Help => Command::Help(words.bare().map(str::to_owned)),
        Verb::Quit => Command::Quit,
    };
    parser.ended(words)?;
    Ok(command)
}

/// Reads what stands behind one command.
struct Parser {
    /// How the command is written, for errors.
    written: String,
    grammar: Grammar,
}

impl Parser {
    fn wrong(&self, problem: impl std::fmt::Display) -> String {
        format!("{problem}; it is written {}", self.written)
    }

    fn ended(&self, words: Words<'_>) -> Result<(), String> {
        match words.peek() {
            None => Ok(()),
            Some(word) => Err(self.wrong(format_args!("{word} is too much"))),
        }
    }

    /// Takes a name: without quotes in PubSubX, whose names have no blanks.
    fn name(&self, words: &mut Words<'_>, what: &str) -> Result<Option<String>, String> {
        let word = match self.grammar {
            Grammar::Jmqt => words.word()?.map(std::borrow::Cow::into_owned),
            Grammar::Pubsubx => words.bare().map(str::to_owned),
        };
        if word.as_ref().is_some_and(String::is_empty) {
            return Err(format!("the name of the {what} is empty"));
        }
        Ok(word)
    }

    fn needed(&self, words: &mut Words<'_>, what: &str) -> Result<String, String> {
        self.name(words, what)?.ok_or_else(|| self.wrong(format_args!("the {what} is missing")))
    }

    fn channel(&self, words: &mut Words<'_>) -> Result<String, String> {
        self.needed(words, self.grammar.channel_word())
    }

    fn channels(&self, words: &mut Words<'_>) -> Result<Vec<String>, String> {
        let mut channels = vec![self.channel(words)?];
        if self.grammar == Grammar::Jmqt {
            while let Some(channel) = self.name(words, "channel")? {
                channels.push(channel);
            }
        }
        Ok(channels)
    }

    fn connect(&self, words: &mut Words<'_>) -> Result<Command, String> {
        let address = words.bare().map(str::to_owned);
        let client = self.name(words, "client")?;
        if words.peek().is_some() {
            // Which may be a token, so that it is not said again.
            return Err(self.wrong(
                "there is too much; a token or password is never typed here: RIALTO_TOKEN, \
                 RIALTO_PASSWORD or a context has it",
            ));
        }
        Ok(Command::Connect(Target { address, client }))
    }

    fn publish(&self, verb: Verb, mut words: Words<'_>) -> Result<Command, String> {
        if self.grammar == Grammar::Pubsubx {
            return self.publish_text(&mut words);
        }
        let mut options = Options::default();
        options.take_all(&mut words)?;
        let name = match verb {
            Verb::Send => format!("#{}", self.needed(&mut words, "client")?),
            _ => self.channel(&mut words)?,
        };
        let text = message(words, &mut options)?;
        let text = text.ok_or_else(|| self.wrong("the data is missing"))?;
        let retain = options.retain;
        if retain && verb == Verb::Send {
            return Err(self.wrong("a message to a client cannot be retained"));
        }
        let data = Data { text, rule: options.rule()? };
        Ok(Command::Publish(Publish { channel: name, data, qos: options.qos, retain }))
    }

    /// Reads a topic and, behind one blank, everything else.
    fn publish_text(&self, words: &mut Words<'_>) -> Result<Command, String> {
        let data = words.rest().split_once(' ').map_or("", |(_, data)| data);
        let data = Data { text: data.to_owned(), rule: PayloadRule::Text };
        let channel = self.channel(words)?;
        Ok(Command::Publish(Publish { channel, data, qos: None, retain: false }))
    }

    fn subscribe(&self, mut words: Words<'_>) -> Result<Command, String> {
        let mut is_persistent = false;
        let mut channels = Vec::new();
        while let Some(word) = words.peek() {
            match word {
                _ if self.grammar == Grammar::Pubsubx => {
                    channels.push(self.channel(&mut words)?);
                    self.ended(words)?;
                }
                "--persistent" => {
                    is_persistent = true;
                    words.bare();
                }
                _ if word == "--qos" || word.starts_with("--qos=") => {
                    return Err(self.wrong(
                        "a subscription has no QoS, whoever publishes decides; --persistent has the \
                         broker keep QoS 1 messages",
                    ));
                }
                _ if word.starts_with("--") => return Err(self.unknown_option(word)),
                _ => channels.push(self.channel(&mut words)?),
            }
        }
        if channels.is_empty() {
            return Err(self.wrong(format_args!("the {} is missing", self.grammar.channel_word())));
        }
        if self.grammar == Grammar::Jmqt {
            for channel in &channels {
                check_subscribable(channel).map_err(|failure| failure.first_line())?;
            }
        }
        Ok(Command::Subscribe { channels, is_persistent })
    }

    fn request(&self, mut words: Words<'_>) -> Result<Command, String> {
        let mut options = Options::default();
        options.take_all(&mut words)?;
        let channel = self.needed(&mut words, "control channel")?;
        let channel = control_channel(&channel).map_err(|failure| failure.first_line())?;
        let text = message(words, &mut options)?;
        options.expect_form_only().map_err(|problem| self.wrong(problem))?;
        let rule = options.rule()?;
        Ok(Command::Request { channel, data: text.map(|text| Data { text, rule }) })
    }

    fn wait(&self, words: &mut Words<'_>) -> Result<Command, String> {
        let (mut count, mut limit) = (None, None);
        while let Some(word) = words.bare() {
            match word {
                "--timeout" => limit = Some(self.time(words.bare())?),
                _ if word.starts_with("--") => return Err(self.unknown_option(word)),
                _ if count.is_none() => count = Some(self.number(word)?),
                _ => return Err(self.wrong(format_args!("{word} is too much"))),
            }
        }
        Ok(Command::Wait { count: count.unwrap_or(NonZeroU64::MIN), limit })
    }

    fn repeat(&self, verb: Verb, mut words: Words<'_>) -> Result<Command, String> {
        let count: Option<NonZeroU32> = match verb {
            Verb::Repeat => Some(self.number(words.bare().unwrap_or_default())?),
            _ => None,
        };
        let mut every = if count.is_some() { Duration::ZERO } else { WATCH_EVERY };
        while words.peek() == Some("--every") {
            words.bare();
            every = self.time(words.bare())?;
        }
        let repeated = parse(words.rest(), self.grammar).and_then(|command| match command {
            None => Err(self.wrong("the command to repeat is missing")),
            Some(Command::Repeat { .. }) => Err("a repetition cannot be repeated".to_owned()),
            Some(Command::Quit) => Err("leaving cannot be repeated".to_owned()),
            Some(command) => Ok(Box::new(command)),
        });
        Ok(Command::Repeat { count, every, command: repeated? })
    }

    fn number<T: std::str::FromStr>(&self, word: &str) -> Result<T, String> {
        let problem = || self.wrong(format_args!("{word:?} is not a number from 1 on"));
        word.parse().map_err(|_| problem())
    }

    fn time(&self, word: Option<&str>) -> Result<Duration, String> {
        let word = word.unwrap_or_default();
        let time: Result<Period, _> = word.parse();
        time.map(Period::get)
            .map_err(|_| self.wrong(format_args!("{word:?} is not a time, such as 500ms or 5s")))
    }

    fn unknown_option(&self, word: &str) -> String {
        self.wrong(format_args!("there is no option {word}"))
    }
}

impl Grammar {
    fn channel_word(self) -> &'static str {
        match self {
            Grammar::Jmqt => "channel",
            Grammar::Pubsubx => "topic",
        }
    }
}

#[cfg(test)]
mod tests;
