//! The load generator: one thread, one epoll, any number of connections.

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::connection::{Connection, Endpoint, Reading, Scratch};
use crate::payload::Template;
use crate::session::Session;
use crate::wire::{Dialect, Event};

/// A run in which nothing happens for so long has failed.
const STALLED_AFTER: Duration = Duration::from_secs(10);

/// JMQT servers close a connection that is silent for 15 s; each of ours speaks this often.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(4);

/// How long a turn waits for events when there is nothing to send.
const IDLE_TURN: Duration = Duration::from_millis(100);

/// What comes after the last expected message is waited for this long: nothing may come.
const LINGER: Duration = Duration::from_millis(100);

/// Reads of one connection before the others have their turn.
const READS_PER_TURN: usize = 4;

/// Sessions that are being opened at the same time; less than any server's backlog.
const OPENING_COUNT_MAX: usize = 128;

const PACE_TOKEN: Token = Token(usize::MAX);

/// What a workload does with its connections.
///
/// Connections are known by their index, in the order they were opened.
pub(crate) trait Handler<D: Dialect> {
    /// Takes an event of connection `id`, received at `now`; answers go to `out`.
    ///
    /// # Errors
    /// When the event shows that the server lost, repeated or reordered something.
    fn on_event(
        &mut self,
        id: usize,
        event: Event<'_>,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<()>;

    /// Does what there is to do between two looks at the sockets, and says how to go on.
    ///
    /// # Errors
    /// When sending fails.
    fn on_turn(&mut self, client: &mut Client<D>) -> Result<Turn>;

    /// Says how far the run has come, for the message when it stalls.
    fn progress(&self) -> String;
}

/// How the loop goes on after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// More can be sent at once.
    Busy,
    /// Nothing to do until the server says something.
    Idle,
    Done,
}

/// The connections of one run.
pub(crate) struct Client<D> {
    poll: Poll,
    endpoint: Endpoint,
    connections: Vec<Connection<D>>,
    scratch: Scratch,
    /// Connections whose sockets hold more than their turn allowed to read.
    unfinished: Vec<usize>,
    pace: Option<OwnedFd>,
    due: u64,
    last_progress: Instant,
    keep_alive_at: Instant,
}

impl<D: Dialect> Client<D> {
    /// Returns a client without connections.
    pub(crate) fn new(endpoint: Endpoint) -> Result<Self> {
        let now = Instant::now();
        Ok(Client {
            poll: Poll::new()?,
            endpoint,
            connections: Vec::new(),
            scratch: Scratch::new(),
            unfinished: Vec::new(),
            pace: None,
            due: 0,
            last_progress: now,
            keep_alive_at: now + KEEP_ALIVE_EVERY,
        })
    }

    /// Opens a session; [`Event::Ready`] tells when it stands.
    pub(crate) fn connect(&mut self, session: Session) -> Result<()> {
        let mut connection = Connection::start(self.endpoint, D::new(session))?;
        let token = Token(self.connections.len());
        let interests = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut connection.socket, token, interests)?;
        self.connections.push(connection);
        Ok(())
    }

    /// Opens all `sessions` and returns when the last one stands.
    ///
    /// # Errors
    /// When the server refuses one, or is silent for ten seconds.
    pub(crate) fn open_all(&mut self, sessions: Vec<Session>) -> Result<()> {
        let total = sessions.len();
        self.run(&mut Opening { sessions: sessions.into(), opening: 0, total })
    }

    /// Returns the publish frame of connection `id`, with publisher index `index` in its payload.
    pub(crate) fn template(&self, id: usize, index: usize) -> Template {
        self.connections[id].dialect().template(index)
    }

    /// Nothing of connection `id` waits for the server to read.
    pub(crate) fn is_flushed(&self, id: usize) -> bool {
        self.connections[id].is_flushed()
    }

    /// Lets `fill` append frames for connection `id` and writes what its socket takes.
    pub(crate) fn send(&mut self, id: usize, fill: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.connections[id].send(&mut self.scratch, fill)
    }

    /// Makes one message due every `interval` from now on.
    pub(crate) fn set_pace(&mut self, interval: Duration) -> Result<()> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        let interval = Timespec::try_from(interval)?;
        let schedule = Itimerspec { it_interval: interval, it_value: interval };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &schedule)?;
        let descriptor = timer.as_raw_fd();
        let mut source = SourceFd(&descriptor);
        self.poll.registry().register(&mut source, PACE_TOKEN, Interest::READABLE)?;
        self.pace = Some(timer);
        Ok(())
    }

    /// Takes the number of messages that became due since the last call.
    pub(crate) fn take_due(&mut self) -> u64 {
        std::mem::take(&mut self.due)
    }

    /// Runs until the handler is done.
    ///
    /// # Errors
    /// When a connection or the handler fails, or nothing happens for ten seconds.
    pub(crate) fn run<H: Handler<D>>(&mut self, handler: &mut H) -> Result<()> {
        self.last_progress = Instant::now();
        let mut events = Events::with_capacity(1024);
        loop {
            let turn = handler.on_turn(self)?;
            let wait = match turn {
                Turn::Done => return Ok(()),
                Turn::Busy => Duration::ZERO,
                Turn::Idle => IDLE_TURN,
            };
            self.turn(&mut events, wait, handler)?;
            if STALLED_AFTER < self.last_progress.elapsed() {
                bail!("nothing happened for {STALLED_AFTER:?}: {}", handler.progress());
            }
        }
    }

    /// Listens on after the last expected message, so that a late repetition is noticed.
    ///
    /// # Errors
    /// When a connection or the handler fails.
    pub(crate) fn linger<H: Handler<D>>(&mut self, handler: &mut H) -> Result<()> {
        self.listen(handler, LINGER)
    }

    /// Does nothing for a while but answer what the protocol demands.
    ///
    /// # Errors
    /// When a connection fails, or the server sends a message.
    pub(crate) fn rest(&mut self, duration: Duration) -> Result<()> {
        self.listen(&mut Opening { sessions: VecDeque::new(), opening: 0, total: 0 }, duration)
    }

    fn listen<H: Handler<D>>(&mut self, handler: &mut H, duration: Duration) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        let end = Instant::now() + duration;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.turn(&mut events, left, handler)?;
        }
        Ok(())
    }

    fn turn<H: Handler<D>>(
        &mut self,
        events: &mut Events,
        wait: Duration,
        handler: &mut H,
    ) -> Result<()> {
        let wait = if self.unfinished.is_empty() { wait } else { Duration::ZERO };
        if let Err(error) = self.poll.poll(events, Some(wait))
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        for id in std::mem::take(&mut self.unfinished) {
            self.read(id, handler)?;
        }
        for event in events.iter() {
            if event.token() == PACE_TOKEN {
                self.on_pace()?;
                continue;
            }
            let id = event.token().0;
            if event.is_writable() {
                self.connections[id].on_writable(&mut self.scratch)?;
            }
            if event.is_readable() {
                self.read(id, handler)?;
            }
        }
        self.keep_alive()
    }

    fn read<H: Handler<D>>(&mut self, id: usize, handler: &mut H) -> Result<()> {
        let connection = &mut self.connections[id];
        for _ in 0..READS_PER_TURN {
            let mut read_at = None;
            let last_progress = &mut self.last_progress;
            let reading = connection.read(&mut self.scratch, |event, out| {
                let now = *read_at.get_or_insert_with(Instant::now);
                if event != Event::Other {
                    *last_progress = now;
                }
                handler.on_event(id, event, now, out)
            });
            if reading.with_context(|| format!("connection {id}"))? == Reading::Drained {
                return Ok(());
            }
        }
        self.unfinished.push(id);
        Ok(())
    }

    fn on_pace(&mut self) -> Result<()> {
        if let Some(timer) = &self.pace {
            let mut expirations = [0; 8];
            if rustix::io::read(timer, &mut expirations) == Ok(8) {
                self.due += u64::from_ne_bytes(expirations);
            }
        }
        Ok(())
    }

    fn keep_alive(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.keep_alive_at <= now {
            self.keep_alive_at = now + KEEP_ALIVE_EVERY;
            for connection in self.connections.iter_mut().filter(|it| it.is_open()) {
                connection.send(&mut self.scratch, D::keep_alive)?;
            }
        }
        Ok(())
    }
}

/// Brings sessions up, a bounded number at a time.
struct Opening {
    sessions: VecDeque<Session>,
    opening: usize,
    total: usize,
}

impl<D: Dialect> Handler<D> for Opening {
    fn on_event(
        &mut self,
        _id: usize,
        event: Event<'_>,
        _now: Instant,
        _out: &mut Vec<u8>,
    ) -> Result<()> {
        match event {
            Event::Ready => self.opening -= 1,
            Event::Other => {}
            event => bail!("unexpected {event:?}"),
        }
        Ok(())
    }

    fn on_turn(&mut self, client: &mut Client<D>) -> Result<Turn> {
        while self.opening < OPENING_COUNT_MAX
            && let Some(session) = self.sessions.pop_front()
        {
            client.connect(session)?;
            self.opening += 1;
        }
        Ok(if self.opening == 0 { Turn::Done } else { Turn::Idle })
    }

    fn progress(&self) -> String {
        let waiting = self.sessions.len() + self.opening;
        format!("{} of {} sessions open", self.total - waiting, self.total)
    }
}
