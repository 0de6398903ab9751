//! The one task of a client: does what its core asks for, with sockets and the clock.

mod dial;

use std::collections::VecDeque;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep_until, timeout};

use crate::connection::Connection;
use crate::core::Step;
use crate::error::Disconnected;
use crate::incoming::Incoming;
use crate::options::Options;
use crate::shared::Shared;
use crate::transport::Transport;

/// How long the broker may take to close its side.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Stands for a time that does not come.
const FAR: Duration = Duration::from_secs(10 * 365 * 86_400);

pub(crate) struct Driver {
    options: Options,
    shared: Arc<Shared>,
    /// What was read and not yet taken, because there was no room for it.
    frames: VecDeque<Incoming>,
    /// What one read brought; kept for its memory.
    read: Vec<Incoming>,
}

/// What is to be done about a connection.
struct Look {
    output: Option<Vec<u8>>,
    is_reading: bool,
    deadline: Option<Instant>,
}

impl Driver {
    pub(crate) fn new(options: Options, shared: Arc<Shared>) -> Self {
        Driver { options, shared, frames: VecDeque::new(), read: Vec::new() }
    }

    /// Serves the client until it ends.
    pub(crate) async fn run(mut self) {
        let reason = loop {
            match self.shared.drive(|core, now| core.step(now)) {
                Step::End(reason) => break reason,
                Step::Wait(until) => self.rest(until).await,
                Step::Attempt(attempt) => {
                    if let Some(transport) = self.attempt(attempt).await {
                        self.hold(transport).await;
                    }
                }
                Step::Serve => unreachable!("a connection is held until the core lets it go"),
            }
        };
        self.shared.connection.send_replace(Connection::Ended(reason));
    }

    /// Waits until then, or until something changes.
    async fn rest(&self, until: Option<Instant>) {
        let late = self.shared.drive(|core, _| core.question_deadline());
        tokio::select! {
            () = self.shared.driver.notified() => {}
            () = at(until) => {}
            () = at(late) => self.shared.drive(|core, now| core.on_questions_late(now)),
        }
    }

    /// Serves one connection to its end.
    async fn hold(&mut self, mut transport: Transport) {
        self.shared.connection.send_replace(Connection::Online);
        match self.serve(&mut transport).await {
            Disconnected::Closed => self.take_leave(&mut transport).await,
            loss => {
                // No more of it may be heard once the core knows (K-4).
                drop(transport);
                let is_over = self.shared.drive(|core, now| {
                    core.on_lost(now, loss.clone());
                    core.ended().is_some()
                });
                if !is_over {
                    self.shared.connection.send_replace(Connection::Lost(loss));
                }
            }
        }
        self.frames.clear();
    }

    /// Serves one connection, and returns why it ended; [`Disconnected::Closed`] if the client did.
    async fn serve(&mut self, transport: &mut Transport) -> Disconnected {
        // Deadlines move with each packet, mostly to later: a timer that fires too early costs less than
        // one that is set each time.
        let far = Instant::now() + FAR;
        let mut timer = pin!(sleep_until(far.into()));
        loop {
            let spare = transport.is_idle().then(|| transport.take_spare());
            let look = match self.look(spare) {
                Ok(look) => look,
                Err(reason) => return reason,
            };
            if let Some(output) = look.output {
                transport.send(output);
            }
            let deadline = look.deadline.unwrap_or(far);
            if timer.is_elapsed() || deadline < timer.deadline().into_std() {
                timer.as_mut().reset(deadline.into());
            }
            tokio::select! {
                exchanged = transport.exchange(look.is_reading, &mut self.read) => {
                    self.frames.extend(self.read.drain(..));
                    if let Err(error) = exchanged {
                        return error.into();
                    }
                }
                () = self.shared.driver.notified() => {}
                () = &mut timer => self.shared.drive(|core, now| core.on_time(now)),
            }
        }
    }

    /// Gives the core what was read, and returns what is to be done next.
    /// There is `spare` memory if packets can be sent.
    fn look(&mut self, spare: Option<Vec<u8>>) -> Result<Look, Disconnected> {
        let frames = &mut self.frames;
        self.shared.drive(|core, now| {
            while core.ended().is_none()
                && core.is_reading()
                && let Some(frame) = frames.pop_front()
            {
                core.on_incoming(now, frame);
            }
            if let Some(reason) = core.take_broken() {
                return Err(reason);
            }
            if core.ended().is_some() {
                return Err(Disconnected::Closed);
            }
            if !frames.is_empty() || !core.is_reading() {
                // Nobody listens, so silence says nothing (K-17).
                core.on_heard(now);
            }
            let is_reading = frames.is_empty() && core.is_reading();
            let output = spare.map(|spare| core.take_output(now, spare));
            Ok(Look { output, is_reading, deadline: core.deadline() })
        })
    }

    /// Sends what waits and the farewell, and waits for the broker to close (K-60).
    async fn take_leave(&mut self, transport: &mut Transport) {
        let leave = async {
            while !transport.is_idle() {
                transport.exchange(true, &mut self.read).await?;
                self.read.clear();
            }
            let spare = transport.take_spare();
            transport.send(self.shared.drive(|core, now| core.take_output(now, spare)));
            transport.close().await
        };
        // However it ends, the connection is over.
        let _ = timeout(CLOSE_TIMEOUT, leave).await;
    }
}

impl Drop for Driver {
    /// Answers all that is open where the task ends early: its runtime was shut down, or the
    /// application's own code in it panicked. Nobody else would (K-62).
    fn drop(&mut self) {
        if self.shared.drive(|core, _| core.ended().is_none()) {
            self.shared.drive(|core, _| core.close());
            self.shared.connection.send_replace(Connection::Ended(Disconnected::Closed));
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}
