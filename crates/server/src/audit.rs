//! The trace of what was refused, one line each, for whoever watches a server or bans by its log.
//!
//! Everything that refuses calls [`Audit::refused`] and does not wait: lines are gathered, and a task
//! writes them. What operators did is written by [`act()`], which is never left out.

mod act;
mod event;
mod line;
mod rate;
pub(crate) mod told;

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use rialto_config::EventKind;
use rialto_domain::{AUDIT_TARGET, network_of};
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};

use crate::{entrance::Origin, event_feed::EventFeed};

use self::{line::Line, rate::Rate};

pub(crate) use self::{
    act::{Act, act, published, word},
    event::{Event, Reason},
    line::Details,
};

const SECOND: Duration = Duration::from_secs(1);
/// Seconds for which lines are counted together.
const WINDOW_S: u64 = 10;

/// Gathers what was refused.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    gathered: Mutex<Gathered>,
    /// Notified when there is something to write.
    is_due: Notify,
    /// How often each event happened, told of or not.
    counts: [AtomicU64; Event::ALL.len()],
    /// What happens, for those who want to be told.
    pub(crate) events: EventFeed,
    /// The same by why.
    causes: Causes,
}

/// How often each reason was the one.
#[derive(Debug)]
struct Causes([AtomicU64; Reason::ALL.len()]);

impl Default for Causes {
    fn default() -> Self {
        Causes(Reason::ALL.map(|_| AtomicU64::new(0)))
    }
}

#[derive(Debug, Default)]
struct Gathered {
    rate: Rate,
    /// At most as many as are written in a second.
    lines: Vec<Line>,
}

impl Audit {
    /// Notes what was refused to whoever is at `origin`, and why. `details` is called only if there
    /// is to be a line.
    ///
    /// # Cost
    /// A short lock of its own and no allocation once the lines of this address are used up; next to
    /// nothing where the log leaves the trace out. Writes nothing by itself, so it may be called while
    /// the broker is locked.
    pub(crate) fn refused(
        &self,
        origin: Origin<'_>,
        (event, reason): (Event, Reason),
        details: impl FnOnce() -> Details,
    ) {
        self.counts[event as usize].fetch_add(1, Ordering::Relaxed);
        self.causes.0[reason as usize].fetch_add(1, Ordering::Relaxed);
        let is_logged = tracing::enabled!(target: AUDIT_TARGET, tracing::Level::INFO);
        if self.events.takes(EventKind::Refused) {
            let details = details();
            self.events.note(EventKind::Refused, || refusal(origin, event, &details));
            if is_logged {
                self.write(origin, event, || details);
            }
        } else if is_logged {
            self.write(origin, event, details);
        }
    }

    /// Has a line written, unless there are too many.
    fn write(&self, origin: Origin<'_>, event: Event, details: impl FnOnce() -> Details) {
        let mut gathered = self.gathered.lock();
        if gathered.rate.admit((network_of(origin.address.ip()), event)) {
            gathered.lines.push(Line::new(origin, event, details()));
            drop(gathered);
            self.is_due.notify_one();
        }
    }

    /// Returns how often each event happened since the start.
    pub(crate) fn counts(&self) -> [(Event, u64); Event::ALL.len()] {
        Event::ALL.map(|event| (event, self.counts[event as usize].load(Ordering::Relaxed)))
    }

    /// Returns how often each reason was the one since the start.
    pub(crate) fn causes(&self) -> [(Reason, u64); Reason::ALL.len()] {
        Reason::ALL.map(|reason| (reason, self.causes.0[reason as usize].load(Ordering::Relaxed)))
    }

    /// Writes what is gathered, and at the end of each window what it left out, until it is aborted.
    pub(crate) async fn keep(self: Arc<Self>) {
        let mut seconds = interval(SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut passed = 0;
        loop {
            tokio::select! {
                () = self.is_due.notified() => self.write_lines(),
                _ = seconds.tick() => {
                    passed += 1;
                    self.gathered.lock().rate.end_second();
                    if passed % WINDOW_S == 0 {
                        self.end_window();
                    }
                }
            }
        }
    }

    /// Writes everything, the present window's count included.
    pub(crate) fn end_window(&self) {
        self.write_lines();
        let left_out = self.gathered.lock().rate.end_window();
        left_out.iter().for_each(|left_out| left_out.write(WINDOW_S));
    }

    fn write_lines(&self) {
        let lines = mem::take(&mut self.gathered.lock().lines);
        lines.iter().for_each(Line::write);
    }
}

/// Returns what is told of a refusal on a channel.
fn refusal(origin: Origin<'_>, event: Event, details: &Details) -> Value {
    let Details { reason, rule, client, channel, .. } = details;
    json!({
        "what": event.as_str(),
        "reason": reason.as_str(),
        "rule": rule,
        "client": client,
        "channel": channel,
        "dialect": origin.entrance.dialect,
        "listener": origin.entrance.listener,
        "address": origin.address.to_string(),
    })
}
