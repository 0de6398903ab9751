//! QoS 0 as fast as the server takes it.
//!
//! A publisher runs at most a window ahead of its slowest subscriber. Without that the kernel's
//! and the server's buffers decide how much is under way, and a server that drops what a slow
//! receiver does not take would be measured at losing messages.

use std::time::Instant;

use anyhow::{Result, bail};

use super::warm_up::warm_up;
use crate::client::{Client, Handler, Turn};
use crate::connection::Endpoint;
use crate::outcome::{Meter, Outcome};
use crate::payload::{Checker, Template};
use crate::server::Server;
use crate::session::{Acknowledged, Role, Session, Subscription};
use crate::wire::{Dialect, Event};

/// Messages a publisher writes before the sockets are looked at again: about 64 KiB.
const BATCH_COUNT_MAX: u64 = 384;

/// Who publishes to whom; all counts but the first are per channel, the last two per publisher.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) channels: usize,
    pub(crate) publishers: usize,
    pub(crate) subscribers: usize,
    pub(crate) messages: u64,
    pub(crate) window: u64,
}

impl Plan {
    /// Connections 0 to this are publishers, those from it on subscribers.
    fn publisher_count(&self) -> usize {
        self.channels * self.publishers
    }

    fn sessions(&self) -> Vec<Session> {
        let publisher_count = self.publisher_count();
        let publishers = (0..publisher_count).map(|id| {
            let channel = format!("bench/{}", id / self.publishers);
            (id, Role::Publisher { channel, acknowledged: Acknowledged::No })
        });
        let subscribers = (0..self.channels * self.subscribers).map(|index| {
            let channel = format!("bench/{}", index / self.subscribers);
            let role = Role::Subscriber { channel, subscription: Subscription::Live };
            (publisher_count + index, role)
        });
        let all = publishers.chain(subscribers);
        all.map(|(id, role)| Session { name: format!("bench-{id}"), role }).collect()
    }

    fn checkers(&self) -> Vec<Checker> {
        let channels = (0..self.channels).flat_map(|it| std::iter::repeat_n(it, self.subscribers));
        channels
            .map(|channel| {
                let first = channel * self.publishers;
                Checker::new(first..first + self.publishers)
            })
            .collect()
    }
}

/// Runs the plan once.
///
/// # Errors
/// When anything but each message once and in order is delivered.
pub(crate) fn run<D: Dialect>(server: &Server, endpoint: Endpoint, plan: Plan) -> Result<Outcome> {
    let mut client = Client::<D>::new(endpoint)?;
    client.open_all(plan.sessions())?;
    let templates = (0..plan.publisher_count()).map(|id| client.template(id, id)).collect();
    let per_publisher = plan.messages * plan.subscribers as u64;
    let mut flow = Flow {
        server,
        plan,
        templates,
        checkers: plan.checkers(),
        delivered: 0,
        total: per_publisher * plan.publisher_count() as u64,
        meter: None,
        outcome: Outcome::default(),
    };
    client.run(&mut flow)?;
    client.linger(&mut flow)?;
    Ok(flow.outcome)
}

struct Flow<'a> {
    server: &'a Server,
    plan: Plan,
    templates: Vec<Template>,
    checkers: Vec<Checker>,
    delivered: u64,
    total: u64,
    /// Runs from the first turn after the warm-up, with the deliveries until then.
    meter: Option<(Meter, u64)>,
    outcome: Outcome,
}

impl Flow<'_> {
    fn delivered_by_all(&self, publisher: usize) -> u64 {
        let first = publisher / self.plan.publishers * self.plan.subscribers;
        let subscribers = &self.checkers[first..first + self.plan.subscribers];
        subscribers.iter().map(|it| it.received(publisher)).min().unwrap_or_default()
    }

    /// Publishes what the windows allow; returns whether more could be sent at once.
    fn publish<D: Dialect>(&mut self, client: &mut Client<D>) -> Result<bool> {
        let mut is_unfinished = false;
        for publisher in 0..self.templates.len() {
            let next = self.templates[publisher].next_number();
            if next == self.plan.messages || !client.is_flushed(publisher) {
                continue;
            }
            let end = self.plan.messages.min(self.delivered_by_all(publisher) + self.plan.window);
            let count = (end - next).min(BATCH_COUNT_MAX);
            let template = &mut self.templates[publisher];
            client.send(publisher, |out| (0..count).for_each(|_| template.write_next(out)))?;
            is_unfinished |= next + count < end && client.is_flushed(publisher);
        }
        Ok(is_unfinished)
    }
}

impl<D: Dialect> Handler<D> for Flow<'_> {
    fn on_event(
        &mut self,
        id: usize,
        event: Event<'_>,
        _now: Instant,
        _out: &mut Vec<u8>,
    ) -> Result<()> {
        match event {
            Event::Delivery { payload, .. } => {
                let Some(index) = id.checked_sub(self.templates.len()) else {
                    bail!("delivery to a publisher");
                };
                self.checkers[index].check(payload)?;
                self.delivered += 1;
            }
            Event::Other => {}
            event => bail!("unexpected {event:?}"),
        }
        Ok(())
    }

    fn on_turn(&mut self, client: &mut Client<D>) -> Result<Turn> {
        if self.delivered == self.total {
            if let Some((meter, before)) = self.meter.take() {
                self.outcome = meter.finish(self.server, self.total - before)?;
            }
            return Ok(Turn::Done);
        }
        if self.meter.is_none() && warm_up(self.total) <= self.delivered {
            self.meter = Some((Meter::start(self.server)?, self.delivered));
        }
        Ok(if self.publish(client)? { Turn::Busy } else { Turn::Idle })
    }

    fn progress(&self) -> String {
        format!("{} of {} messages delivered", self.delivered, self.total)
    }
}
