//! Stored messages reach a durable subscriber that returns, and are acknowledged.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::durable::{self, CHANNEL, Plan};
use crate::client::{Client, Handler, Turn};
use crate::connection::Endpoint;
use crate::outcome::{Meter, Outcome};
use crate::payload::Checker;
use crate::server::Server;
use crate::session::Subscription;
use crate::wire::{Dialect, Event};

/// Unacknowledged messages while the store is filled.
const STORE_WINDOW: u64 = 1_000;

const SUBSCRIBER: usize = 0;

/// How long a subscriber that acknowledged everything listens when it returns once more.
const NOTHING_COMES_FOR: Duration = Duration::from_millis(300);

/// Subscribes and leaves, stores `messages`, then measures from the subscriber's return until
/// its last acknowledgement is written.
///
/// # Errors
/// When anything but each message once and in order is delivered, or an acknowledged one again.
pub(crate) fn run<D: Dialect>(
    server: &Server,
    endpoint: Endpoint,
    messages: u64,
) -> Result<Outcome> {
    D::prepare_durable(endpoint.address, CHANNEL)?;
    let mut leaving = Client::<D>::new(endpoint)?;
    leaving.open_all(vec![durable::subscriber(Subscription::Durable)])?;
    drop(leaving);

    let mut storing = Client::<D>::new(endpoint)?;
    storing.open_all(durable::publishers(1))?;
    let plan = Plan { publishers: 1, window: STORE_WINDOW, messages };
    let stored = durable::publish(server, &mut storing, plan, None)?;
    drop(storing);

    let mut returning = Client::<D>::new(endpoint)?;
    let checker = Checker::new(0..1);
    let meter = Meter::start(server)?;
    let mut drain = Drain { server, meter, checker, total: messages, outcome: None };
    returning.connect(durable::subscriber(Subscription::Resumed))?;
    returning.run(&mut drain)?;
    returning.linger(&mut drain)?;
    drop(returning);

    check_nothing_is_left::<D>(endpoint).context("after acknowledging everything")?;
    Ok(Outcome { stored_rate: stored.rate, ..drain.outcome.unwrap_or_default() })
}

/// Lets the subscriber return once more, to nothing.
fn check_nothing_is_left<D: Dialect>(endpoint: Endpoint) -> Result<()> {
    let mut client = Client::<D>::new(endpoint)?;
    client.open_all(vec![durable::subscriber(Subscription::Resumed)])?;
    client.rest(NOTHING_COMES_FOR)
}

struct Drain<'a> {
    server: &'a Server,
    meter: Meter,
    checker: Checker,
    total: u64,
    outcome: Option<Outcome>,
}

impl<D: Dialect> Handler<D> for Drain<'_> {
    fn on_event(
        &mut self,
        _id: usize,
        event: Event<'_>,
        _now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match event {
            Event::Delivery { payload, receipt } => {
                self.checker.check(payload)?;
                D::acknowledge(receipt, out);
            }
            Event::Ready | Event::Other => {}
            Event::Accepted { number } => bail!("acknowledgement of {number}, never published"),
        }
        Ok(())
    }

    fn on_turn(&mut self, client: &mut Client<D>) -> Result<Turn> {
        if self.checker.received(0) < self.total || !client.is_flushed(SUBSCRIBER) {
            return Ok(Turn::Idle);
        }
        self.outcome = Some(self.meter.finish(self.server, self.total)?);
        Ok(Turn::Done)
    }

    fn progress(&self) -> String {
        format!("{} of {} messages drained", self.checker.received(0), self.total)
    }
}
