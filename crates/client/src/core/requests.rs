//! Questions to control channels and pings, which are not kept over a loss (K-49).

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use crate::error::RequestError;
use crate::message::Ack;

use super::outlet::Outlet;

/// Who asked.
#[derive(Debug)]
pub(crate) enum Asker<T> {
    Application(T),
    /// The client itself, which subscriptions the broker has.
    Client,
}

#[derive(Debug)]
struct Question<T> {
    frame: Vec<u8>,
    deadline: Instant,
    repeat: bool,
    asker: Asker<T>,
}

/// What waits for its answer.
#[derive(Debug)]
pub(crate) struct Requests<T> {
    questions: BTreeMap<u64, Question<T>>,
    /// Pings with the number of their heartbeat, oldest first.
    pings: VecDeque<(u64, T)>,
}

impl<T> Requests<T> {
    pub(crate) fn new() -> Self {
        Requests { questions: BTreeMap::new(), pings: VecDeque::new() }
    }

    pub(crate) fn count(&self) -> usize {
        self.questions.len() + self.pings.len()
    }

    /// Notes a question, whose packet has left if the client is online.
    pub(crate) fn ask(
        &mut self,
        number: u64,
        frame: Vec<u8>,
        (deadline, repeat): (Instant, bool),
        asker: Asker<T>,
    ) {
        self.questions.insert(number, Question { frame, deadline, repeat, asker });
    }

    /// Notes that `ticket` waits for the answer to the heartbeat of this number.
    pub(crate) fn ping(&mut self, beat: u64, ticket: T) {
        self.pings.push_back((beat, ticket));
    }

    pub(crate) fn on_beat_answered(&mut self, beat: u64, out: &mut Outlet<T>) {
        while let Some((_, ticket)) = self.pings.pop_front_if(|(number, _)| *number <= beat) {
            out.answer(ticket, Ok(Ack::default()));
        }
    }

    /// Takes the answer to a question; returns who asked if that was the client.
    pub(crate) fn on_ack(
        &mut self,
        number: u64,
        verdict: Result<Ack, RequestError>,
        out: &mut Outlet<T>,
    ) -> Option<Result<Ack, RequestError>> {
        match self.questions.remove(&number)?.asker {
            Asker::Application(ticket) => {
                out.answer(ticket, verdict);
                None
            }
            Asker::Client => Some(verdict),
        }
    }

    pub(crate) fn is_asked(&self, number: u64) -> bool {
        self.questions.contains_key(&number)
    }

    /// Sends what the application asked while there was no connection, and again what it wants repeated.
    pub(crate) fn on_online(&mut self, out: &mut Outlet<T>) {
        for question in self.questions.values() {
            if matches!(question.asker, Asker::Application(_)) {
                out.send_frame(&question.frame);
            }
        }
    }

    /// Fails what is not to be repeated: it may have been carried out.
    pub(crate) fn on_lost(&mut self, out: &mut Outlet<T>) {
        self.fail_where(|question| !question.repeat, &RequestError::Lost, out);
        for (_, ticket) in self.pings.drain(..) {
            out.answer(ticket, Err(RequestError::Lost));
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.questions.values().map(|question| question.deadline).min()
    }

    /// Fails what is overdue; returns whether the client's own question was among it.
    pub(crate) fn on_time(&mut self, now: Instant, out: &mut Outlet<T>) -> bool {
        self.fail_where(|question| question.deadline <= now, &RequestError::TimedOut, out)
    }

    pub(crate) fn end(&mut self, error: &RequestError, out: &mut Outlet<T>) {
        self.fail_where(|_| true, error, out);
        for (_, ticket) in self.pings.drain(..) {
            out.answer(ticket, Err(error.clone()));
        }
    }

    fn fail_where(
        &mut self,
        is_it: impl Fn(&Question<T>) -> bool,
        error: &RequestError,
        out: &mut Outlet<T>,
    ) -> bool {
        let mut is_own_among = false;
        for (_, question) in self.questions.extract_if(.., |_, question| is_it(question)) {
            match question.asker {
                Asker::Application(ticket) => out.answer(ticket, Err(error.clone())),
                Asker::Client => is_own_among = true,
            }
        }
        is_own_among
    }
}
