//! QoS 1: every publish is stored and acknowledged, every delivery is acknowledged.
//!
//! A publisher sends its next message as soon as one of its window is acknowledged.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::warm_up::warm_up;
use crate::client::{Client, Handler, Turn};
use crate::connection::Endpoint;
use crate::outcome::{Meter, Outcome, Stopwatch};
use crate::payload::{Checker, Template};
use crate::server::Server;
use crate::session::{Acknowledged, Role, Session, Subscription};
use crate::wire::{Dialect, Event};

/// The channel that the server stores.
pub(super) const CHANNEL: &str = "bench/durable";

/// How many publish, how much, and how far ahead of the acknowledgements; per publisher.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) publishers: usize,
    pub(crate) window: u64,
    pub(crate) messages: u64,
}

/// Runs the plan once, with one subscriber that acknowledges.
///
/// # Errors
/// When anything but each message once and in order is acknowledged and delivered.
pub(crate) fn run<D: Dialect>(server: &Server, endpoint: Endpoint, plan: Plan) -> Result<Outcome> {
    D::prepare_durable(endpoint.address, CHANNEL)?;
    let mut client = Client::<D>::new(endpoint)?;
    let mut sessions = publishers(plan.publishers);
    sessions.push(subscriber(Subscription::Durable));
    client.open_all(sessions)?;
    let checker = Checker::new(0..plan.publishers);
    publish(server, &mut client, plan, Some(checker))
}

/// Publishes the plan from the first connections of `client`, and takes the deliveries on the
/// one behind them if there is a `checker` for them.
pub(super) fn publish<D: Dialect>(
    server: &Server,
    client: &mut Client<D>,
    plan: Plan,
    checker: Option<Checker>,
) -> Result<Outcome> {
    let publishers = (0..plan.publishers).map(|id| Publisher {
        template: client.template(id, id),
        sent_at: Vec::with_capacity(plan.messages as usize),
    });
    let mut exchange = Exchange {
        server,
        plan,
        publishers: publishers.collect(),
        checker,
        accepted: 0,
        delivered: 0,
        stopwatch: Stopwatch::new(),
        meter: None,
        outcome: None,
    };
    client.run(&mut exchange)?;
    client.linger(&mut exchange)?;
    let latency = exchange.stopwatch.latency();
    Ok(Outcome { latency, ..exchange.outcome.unwrap_or_default() })
}

/// Sessions of `count` publishers that want acknowledgements.
pub(super) fn publishers(count: usize) -> Vec<Session> {
    let session = |id| Session {
        name: format!("bench-{id}"),
        role: Role::Publisher { channel: CHANNEL.to_owned(), acknowledged: Acknowledged::Yes },
    };
    (0..count).map(session).collect()
}

/// The session of the one subscriber.
pub(super) fn subscriber(subscription: Subscription) -> Session {
    let channel = CHANNEL.to_owned();
    Session {
        name: "bench-subscriber".to_owned(),
        role: Role::Subscriber { channel, subscription },
    }
}

struct Publisher {
    template: Template,
    /// By message number; `None` once acknowledged.
    sent_at: Vec<Option<Instant>>,
}

impl Publisher {
    fn write_next(&mut self, now: Instant, out: &mut Vec<u8>) {
        self.sent_at.push(Some(now));
        self.template.write_next(out);
    }
}

struct Exchange<'a> {
    server: &'a Server,
    plan: Plan,
    publishers: Vec<Publisher>,
    checker: Option<Checker>,
    accepted: u64,
    delivered: u64,
    stopwatch: Stopwatch,
    meter: Option<(Meter, u64)>,
    /// Set when the last publish is acknowledged; its CPU figure when all is delivered.
    outcome: Option<Outcome>,
}

impl Exchange<'_> {
    fn total(&self) -> u64 {
        self.plan.messages * self.plan.publishers as u64
    }

    fn on_accepted(
        &mut self,
        id: usize,
        number: u64,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let publisher = self.publishers.get_mut(id).context("acknowledgement to a subscriber")?;
        let sent_at = publisher.sent_at.get_mut(number as usize).and_then(Option::take);
        let Some(sent_at) = sent_at else {
            bail!("publish {number} of publisher {id} acknowledged twice, or never sent");
        };
        self.stopwatch.record(now - sent_at);
        self.accepted += 1;
        if publisher.template.next_number() < self.plan.messages {
            publisher.write_next(now, out);
        }
        Ok(())
    }

    fn fill_windows<D: Dialect>(&mut self, client: &mut Client<D>) -> Result<()> {
        let count = self.plan.window.min(self.plan.messages);
        for (id, publisher) in self.publishers.iter_mut().enumerate() {
            let now = Instant::now();
            client.send(id, |out| (0..count).for_each(|_| publisher.write_next(now, out)))?;
        }
        Ok(())
    }

    /// Notes the figures due at this point; returns whether all is done.
    fn take_figures(&mut self) -> Result<bool> {
        let Some((meter, before)) = &self.meter else { return Ok(false) };
        let count = self.total() - before;
        if self.accepted < self.total() {
            return Ok(false);
        }
        if self.outcome.is_none() {
            self.outcome = Some(meter.finish(self.server, count)?);
        }
        let is_delivered = self.checker.is_none() || self.delivered == self.total();
        if is_delivered && let Some(outcome) = &mut self.outcome {
            // What a message costs includes its delivery, which may lag behind.
            let whole = meter.finish(self.server, count)?;
            outcome.cpu_us = whole.cpu_us;
            outcome.delivered_rate = self.checker.is_some().then_some(whole.rate).flatten();
        }
        Ok(is_delivered)
    }
}

impl<D: Dialect> Handler<D> for Exchange<'_> {
    fn on_event(
        &mut self,
        id: usize,
        event: Event<'_>,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match event {
            Event::Accepted { number } => self.on_accepted(id, number, now, out)?,
            Event::Delivery { payload, receipt } => {
                let checker = self.checker.as_mut().context("delivery without a subscriber")?;
                checker.check(payload)?;
                D::acknowledge(receipt, out);
                self.delivered += 1;
            }
            Event::Other => {}
            event => bail!("unexpected {event:?}"),
        }
        Ok(())
    }

    fn on_turn(&mut self, client: &mut Client<D>) -> Result<Turn> {
        if self.publishers[0].sent_at.is_empty() {
            self.fill_windows(client)?;
        }
        if self.meter.is_none() && warm_up(self.total()) <= self.accepted {
            self.meter = Some((Meter::start(self.server)?, self.accepted));
        }
        let is_done = self.take_figures()?;
        Ok(if is_done { Turn::Done } else { Turn::Idle })
    }

    fn progress(&self) -> String {
        let total = self.total();
        format!("{} acknowledged, {} delivered of {total}", self.accepted, self.delivered)
    }
}
