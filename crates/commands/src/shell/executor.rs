//! Carries out commands, one after the other.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::exit::{Exit, Failure};

use super::command::{Command, Target};
use super::feed::Feed;
use super::grammar::Grammar;
use super::item::Item;
use super::operator::Operator;
use super::parse::parse;
use super::peer::{Peer, Reply};
use super::seen::Seen;

/// Whether the shell goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Over,
}

/// Carries out commands by a peer and, where there is one, the HTTP API.
pub(super) struct Executor<P> {
    pub(super) grammar: Grammar,
    pub(super) peer: P,
    pub(super) operator: Option<Operator>,
    pub(super) feed: Feed,
    pub(super) seen: Seen,
    /// The last command that can be repeated.
    last: Option<Command>,
    /// Messages that were waited for.
    awaited_count: u64,
    /// Whether a connection is made for the first command that needs one.
    connects: bool,
}

impl<P: Peer> Executor<P> {
    pub(super) fn new(
        (grammar, connects): (Grammar, bool),
        (peer, operator): (P, Option<Operator>),
        feed: Feed,
        seen: Seen,
    ) -> Self {
        let (last, awaited_count) = (None, 0);
        Executor { grammar, peer, operator, feed, seen, last, awaited_count, connects }
    }

    /// Carries out a line.
    pub(super) async fn line(&mut self, line: &str) -> Result<Flow, Failure> {
        let command = parse(line, self.grammar);
        match command.map_err(|problem| Failure::new(Exit::Usage, problem))? {
            None => Ok(Flow::On),
            Some(Command::Quit) => Ok(Flow::Over),
            Some(command) => {
                let command = self.meant(command)?;
                let done = self.command(&command).await;
                self.last = Some(command);
                done.map(|()| Flow::On)
            }
        }
    }

    /// Opens the session that the shell was started for.
    pub(super) async fn connect(&mut self) -> Result<(), Failure> {
        self.connects = false;
        let reply = self.peer.connect(&Target::default()).await?;
        self.feed.show(Item::Reply(reply)).await;
        Ok(())
    }

    /// Ends the connection.
    pub(super) async fn leave(&mut self) {
        self.peer.part().await;
    }

    /// Puts the last command in place of `!!`.
    fn meant(&self, command: Command) -> Result<Command, Failure> {
        let last = || {
            let missing = || Failure::new(Exit::Usage, "there is no command before this one");
            self.last.clone().ok_or_else(missing)
        };
        Ok(match command {
            Command::Again => last()?,
            Command::Repeat { count, every, command } if *command == Command::Again => {
                match last()? {
                    Command::Repeat { command, .. } => Command::Repeat { count, every, command },
                    command => Command::Repeat { count, every, command: Box::new(command) },
                }
            }
            other => other,
        })
    }

    async fn command(&mut self, command: &Command) -> Result<(), Failure> {
        match command {
            Command::Repeat { count, every, command } => self.repeat(*count, *every, command).await,
            command => self.once(command).await,
        }
    }

    async fn repeat(
        &mut self,
        count: Option<NonZeroU32>,
        every: Duration,
        command: &Command,
    ) -> Result<(), Failure> {
        let mut done_count = 0;
        loop {
            self.once(command).await?;
            done_count += 1;
            if count.is_some_and(|count| count.get() <= done_count) {
                return Ok(());
            }
            sleep(every).await;
        }
    }

    async fn once(&mut self, command: &Command) -> Result<(), Failure> {
        if needs_session(command) && self.connects {
            self.connect().await?;
        }
        match command {
            Command::Subscribe { channels, is_persistent } => {
                for channel in channels {
                    let reply = self.peer.subscribe(channel, *is_persistent).await?;
                    self.seen.channel(channel);
                    self.feed.show(Item::Reply(reply)).await;
                }
            }
            Command::Unsubscribe(channels) => {
                for channel in channels {
                    let reply = self.peer.unsubscribe(channel).await?;
                    self.feed.show(Item::Reply(reply)).await;
                }
            }
            Command::Wait { count, limit } => self.wait(count.get(), *limit).await?,
            other => {
                let reply = self.reply(other).await?;
                self.feed.show(Item::Reply(reply)).await;
            }
        }
        Ok(())
    }

    async fn reply(&mut self, command: &Command) -> Result<Reply, Failure> {
        match command {
            Command::Connect(target) => {
                self.connects = false;
                self.peer.connect(target).await
            }
            Command::Disconnect => {
                self.connects = false;
                self.peer.disconnect().await
            }
            Command::Publish(publish) => {
                self.seen.channel(&publish.channel);
                self.peer.publish(publish).await
            }
            Command::Request { channel, data } => self.peer.request(channel, data.as_ref()).await,
            Command::Retained(channel) => self.peer.retained(channel).await,
            Command::History { channel, count } => {
                match self.peer.history(channel, *count).await? {
                    Some(reply) => Ok(reply),
                    None => self.operator()?.history(channel, *count).await,
                }
            }
            Command::Who => self.operator()?.who(&self.seen).await,
            Command::Status => Ok(Reply::lines(self.peer.status())),
            Command::Help(name) => {
                let lines = self.grammar.help(name.as_deref());
                Ok(Reply::lines(lines.map_err(|problem| Failure::new(Exit::Usage, problem))?))
            }
            Command::Subscribe { .. }
            | Command::Unsubscribe(_)
            | Command::Wait { .. }
            | Command::Repeat { .. }
            | Command::Again
            | Command::Quit => unreachable!("they are dealt with before"),
        }
    }

    /// Waits until so many more messages were shown than were waited for before.
    async fn wait(&mut self, count: u64, limit: Option<Duration>) -> Result<(), Failure> {
        let wanted = self.awaited_count + count;
        let shown = self.feed.wait_for(wanted);
        let Some(limit) = limit else {
            shown.await;
            self.awaited_count = wanted;
            return Ok(());
        };
        let in_time = timeout(limit, shown).await;
        self.awaited_count = wanted;
        in_time.map_err(|_| {
            let text = format!("fewer messages than were waited for came within {limit:?}");
            Failure::new(Exit::TimedOut, text)
        })
    }

    fn operator(&self) -> Result<&Operator, Failure> {
        let missing = || Failure::new(Exit::Usage, "this is not known here");
        self.operator.as_ref().ok_or_else(missing)
    }
}

/// Returns whether a command is about a session that must be there.
fn needs_session(command: &Command) -> bool {
    matches!(
        command,
        Command::Publish(_)
            | Command::Subscribe { .. }
            | Command::Unsubscribe(_)
            | Command::Request { .. }
            | Command::Retained(_)
            | Command::Wait { .. }
    )
}
