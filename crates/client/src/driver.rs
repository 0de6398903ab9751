//! The one task of a client: joins the session to its connection, and makes a new one.

mod dial;

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};

use crate::connection::Connection;
use crate::dice::Dice;
use crate::error::{Disconnected, Refusal, RequestError};
use crate::inbox::Inbox;
use crate::message::Ack;
use crate::options::{Identity, Options};
use crate::session::{Event, Request, Session};
use crate::transport::Transport;

/// Bytes that may wait behind a write before further requests are left waiting.
const OUTPUT_BYTES_MAX: usize = 256 << 10;
/// How long the broker may take to close its side.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Where the answer to a request goes.
pub(crate) type Ticket = oneshot::Sender<Result<Ack, RequestError>>;

/// What the handles ask of the driver.
#[derive(Debug)]
pub(crate) enum Command {
    Request(Request, Ticket),
    Acknowledge(String),
    Close,
}

/// What the driver shares with the handles.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) inbox: Inbox,
    /// Asks to end even while there is no connection.
    pub(crate) close_asked: Notify,
}

pub(crate) struct Driver {
    options: Options,
    session: Session<Ticket>,
    commands: mpsc::Receiver<Command>,
    shared: Arc<Shared>,
    connection: watch::Sender<Connection>,
    /// Attempts to connect since a connection last lasted.
    futile_count: u32,
    dice: Dice,
    /// Emptied within each turn; kept for its memory.
    events: Vec<Event<Ticket>>,
    frames: Vec<Vec<u8>>,
}

impl Driver {
    pub(crate) fn new(
        options: Options,
        commands: mpsc::Receiver<Command>,
        shared: Arc<Shared>,
        connection: watch::Sender<Connection>,
    ) -> Self {
        let session = Session::new(options.credentials.clone());
        Driver {
            options,
            session,
            commands,
            shared,
            connection,
            futile_count: 0,
            dice: Dice::unseeded(),
            events: Vec::new(),
            frames: Vec::new(),
        }
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.session.identity()
    }

    /// Serves the handles until they or the broker end it.
    pub(crate) async fn run(mut self, mut transport: Transport) {
        let reason = loop {
            self.connection.send_replace(Connection::Online);
            let online_since = now();
            let reason = self.serve(&mut transport).await;
            if matches!(reason, Disconnected::Closed) {
                self.take_leave(&mut transport).await;
                break reason;
            }
            self.session.on_close();
            match self.restore(reason, online_since).await {
                Ok(restored) => transport = restored,
                Err(reason) => break reason,
            }
        };
        // In this order, so that whoever finds the commands closed also finds the reason.
        self.shared.inbox.end(reason.clone());
        self.commands.close();
        for ticket in self.session.abandon() {
            let _ = ticket.send(Err(reason.clone().into()));
        }
        self.connection.send_replace(Connection::Ended(reason));
    }

    /// Serves one connection, and returns why it ended.
    async fn serve(&mut self, transport: &mut Transport) -> Disconnected {
        loop {
            if let Err(reason) = self.turn(transport).await {
                return reason;
            }
        }
    }

    /// Waits for one thing to happen, and sees to it.
    async fn turn(&mut self, transport: &mut Transport) -> Result<(), Disconnected> {
        if transport.is_idle() && self.session.output_bytes() != 0 {
            transport.send(self.session.take_output());
        }
        let reading = self.shared.inbox.has_room() || self.session.awaited_count() != 0;
        if !reading {
            // Nobody listens, so silence says nothing.
            self.session.on_heard(now());
        }
        let deadline = self.session.deadline();
        tokio::select! {
            exchanged = transport.exchange(reading, &mut self.frames) => {
                exchanged?;
                self.take_frames()?;
            }
            command = self.commands.recv(), if self.is_taking() => self.on_commands(command)?,
            () = self.shared.inbox.drained(), if !reading => {}
            () = at(deadline) => self.session.on_time(now()).map_err(Disconnected::Silent)?,
        }
        Ok(())
    }

    fn is_taking(&self) -> bool {
        self.session.awaited_count() < self.options.window_count_max.max(1)
            && self.session.output_bytes() < OUTPUT_BYTES_MAX
    }

    /// Sees to `first` and to what waits behind it, so that all of it goes into one write.
    fn on_commands(&mut self, first: Option<Command>) -> Result<(), Disconnected> {
        self.on_command(first)?;
        while self.is_taking()
            && let Ok(command) = self.commands.try_recv()
        {
            self.on_command(Some(command))?;
        }
        Ok(())
    }

    fn on_command(&mut self, command: Option<Command>) -> Result<(), Disconnected> {
        match command {
            Some(Command::Request(request, ticket)) => {
                self.session.request(request, ticket, &mut self.events);
                self.take_events()?;
            }
            Some(Command::Acknowledge(id)) => self.session.acknowledge(&id),
            Some(Command::Close) | None => return Err(Disconnected::Closed),
        }
        Ok(())
    }

    /// Hands the frames that were read to the session, and its events to whom they concern.
    fn take_frames(&mut self) -> Result<Turn, Disconnected> {
        let now = now();
        for frame in self.frames.drain(..) {
            self.session.on_frame(now, &frame, &mut self.events);
        }
        self.take_events()
    }

    fn take_events(&mut self) -> Result<Turn, Disconnected> {
        let mut turn = Turn::Quiet;
        for event in self.events.drain(..) {
            match event {
                Event::Online => turn = Turn::Online,
                Event::Refused(refusal) => turn = Turn::Refused(refusal),
                Event::TurnedAway(refusal) => turn = Turn::TurnedAway(refusal),
                Event::Dismissed(refusal) => return Err(Disconnected::Dismissed(refusal)),
                // Who dropped the receiver does not care for the answer.
                Event::Answered(ticket, answer) => {
                    let _ = ticket.send(answer.map_err(RequestError::Refused));
                }
                Event::Pushed(push) => {
                    if !self.shared.inbox.add(push) {
                        return Err(io::Error::other("64 MiB of pushes wait unread").into());
                    }
                }
            }
        }
        Ok(turn)
    }

    async fn take_leave(&mut self, transport: &mut Transport) {
        let leave = async {
            while !transport.is_idle() {
                transport.exchange(true, &mut self.frames).await?;
                self.frames.clear();
            }
            self.session.disconnect();
            transport.send(self.session.take_output());
            transport.close().await
        };
        // However it ends, the connection is over.
        let _ = timeout(CLOSE_TIMEOUT, leave).await;
    }
}

/// What came of the frames of one read.
enum Turn {
    Quiet,
    Online,
    Refused(Refusal),
    TurnedAway(Refusal),
}

/// Reads the clock, which stands still in tests that pause it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}
