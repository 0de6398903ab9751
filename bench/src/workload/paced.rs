//! A steady trickle, for latency: from the write of a publish to the read of its delivery.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::warm_up::warm_up;
use crate::client::{Client, Handler, Turn};
use crate::connection::Endpoint;
use crate::outcome::{Meter, Outcome, Stopwatch};
use crate::payload::{Checker, Template};
use crate::server::Server;
use crate::session::{Acknowledged, Role, Session, Subscription};
use crate::wire::{Dialect, Event};

/// One publisher's pace and its audience.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) subscribers: usize,
    pub(crate) messages: u64,
    pub(crate) per_second: u32,
}

const CHANNEL: &str = "bench/paced";
const PUBLISHER: usize = 0;

/// Runs the plan once.
///
/// # Errors
/// When anything but each message once and in order is delivered.
pub(crate) fn run<D: Dialect>(server: &Server, endpoint: Endpoint, plan: Plan) -> Result<Outcome> {
    let mut client = Client::<D>::new(endpoint)?;
    client.open_all(sessions(plan.subscribers))?;
    let mut trickle = Trickle {
        server,
        plan,
        template: client.template(PUBLISHER, 0),
        checkers: (0..plan.subscribers).map(|_| Checker::new(0..1)).collect(),
        sent_at: Vec::with_capacity(plan.messages as usize),
        delivered: 0,
        stopwatch: Stopwatch::new(),
        meter: None,
        outcome: Outcome::default(),
    };
    client.set_pace(Duration::from_secs(1) / plan.per_second)?;
    client.run(&mut trickle)?;
    client.linger(&mut trickle)?;
    Ok(Outcome { latency: trickle.stopwatch.latency(), ..trickle.outcome })
}

fn sessions(subscribers: usize) -> Vec<Session> {
    let channel = CHANNEL.to_owned();
    let publisher = Role::Publisher { channel, acknowledged: Acknowledged::No };
    let subscribers = (0..subscribers).map(|_| {
        let channel = CHANNEL.to_owned();
        Role::Subscriber { channel, subscription: Subscription::Live }
    });
    let roles = std::iter::once(publisher).chain(subscribers).enumerate();
    roles.map(|(id, role)| Session { name: format!("bench-{id}"), role }).collect()
}

struct Trickle<'a> {
    server: &'a Server,
    plan: Plan,
    template: Template,
    checkers: Vec<Checker>,
    /// By message number.
    sent_at: Vec<Instant>,
    delivered: u64,
    stopwatch: Stopwatch,
    meter: Option<(Meter, u64)>,
    outcome: Outcome,
}

impl Trickle<'_> {
    fn total(&self) -> u64 {
        self.plan.messages * self.plan.subscribers as u64
    }

    fn publish<D: Dialect>(&mut self, client: &mut Client<D>) -> Result<()> {
        // A late timer makes several messages due: they all go out, so that the rate holds.
        let count = client.take_due().min(self.plan.messages - self.template.next_number());
        if count != 0 {
            let now = Instant::now();
            self.sent_at.extend(std::iter::repeat_n(now, count as usize));
            let template = &mut self.template;
            client.send(PUBLISHER, |out| (0..count).for_each(|_| template.write_next(out)))?;
        }
        Ok(())
    }
}

impl<D: Dialect> Handler<D> for Trickle<'_> {
    fn on_event(
        &mut self,
        id: usize,
        event: Event<'_>,
        now: Instant,
        _out: &mut Vec<u8>,
    ) -> Result<()> {
        match event {
            Event::Delivery { payload, .. } if id != PUBLISHER => {
                let number = self.checkers[id - 1].check(payload)?;
                self.delivered += 1;
                if self.meter.is_some() {
                    self.stopwatch.record(now - self.sent_at[number as usize]);
                }
            }
            Event::Other => {}
            event => bail!("unexpected {event:?}"),
        }
        Ok(())
    }

    fn on_turn(&mut self, client: &mut Client<D>) -> Result<Turn> {
        if self.delivered == self.total() {
            if let Some((meter, before)) = self.meter.take() {
                self.outcome = meter.finish(self.server, self.total() - before)?;
            }
            return Ok(Turn::Done);
        }
        if self.meter.is_none() && warm_up(self.total()) <= self.delivered {
            self.meter = Some((Meter::start(self.server)?, self.delivered));
        }
        self.publish(client)?;
        Ok(Turn::Idle)
    }

    fn progress(&self) -> String {
        format!("{} of {} messages delivered", self.delivered, self.total())
    }
}
