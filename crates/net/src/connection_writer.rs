//! The write half of one connection, shared by everybody who delivers to it.
//!
//! Whoever put something in writes it as well, if the socket is plain, takes it at once and nobody
//! else is writing: that saves waking the connection's own task, which costs more than the write.
//! Only what the socket does not take is left to that task.

mod accounts;
mod figures;
mod state;
mod try_write;

use std::{
    collections::VecDeque,
    io,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use rialto_domain::CloseReason;

use crate::{
    outbox::{Frames, Kind, Pushed, Written},
    sync::{AtomicBool, Mutex, Ordering},
};

pub use accounts::Accounts;
pub use figures::Figures;
pub use try_write::TryWrite;

use state::State;
use try_write::{Flushed, write_all_now};

/// What a connection that is behind may have waiting of what may be dropped, while memory is pressed.
const PRESSED_BYTES_MAX: usize = 64 << 10;

/// The write half of one connection: over a stream `S`, counted by `A`.
pub struct ConnectionWriter<S, A: Accounts> {
    state: Mutex<State<A::Lease>>,
    /// The plain socket; TLS is written by the connection's own task.
    socket: Option<S>,
    /// Whether that task alone writes to the socket too, since the connection is paced.
    is_left_to_task: AtomicBool,
    /// Whether a round has put something in and not flushed yet.
    dirty: AtomicBool,
    accounts: A,
}

impl<S: TryWrite, A: Accounts> ConnectionWriter<S, A> {
    /// Makes the end of a connection; where it `is_paced`, only its task writes to the socket.
    pub fn new(socket: Option<S>, is_paced: bool, bytes_max: usize, accounts: A) -> Self {
        ConnectionWriter {
            state: Mutex::new(State::new(bytes_max)),
            socket,
            is_left_to_task: AtomicBool::new(is_paced),
            dirty: AtomicBool::new(false),
            accounts,
        }
    }

    /// Lets everybody write to the socket, whose task has written all that it took out.
    pub fn share(&self) {
        self.is_left_to_task.store(false, Ordering::Release);
        // Whoever came before saw it left to the task: what that put in is there now.
        self.flush();
    }

    /// Returns the plain socket.
    #[inline]
    pub fn socket(&self) -> Option<&S> {
        self.socket.as_ref()
    }

    /// Adds frames; says what became of them and whether that is the first drop of a series. With
    /// `is_pressed`, little waits of what may be dropped.
    pub fn push(&self, frames: Frames, kind: Kind, is_pressed: bool) -> (Pushed, bool) {
        let mut state = self.state.lock();
        if state.close.is_some() {
            return (Pushed::Closed, false);
        }
        let deliveries = u64::from(frames.deliveries);
        let is_behind = is_pressed && PRESSED_BYTES_MAX < state.outbox.bytes();
        let pushed = if is_behind && kind == Kind::Droppable {
            Pushed::Dropped
        } else {
            state.outbox.push(frames, kind)
        };
        state.count_overhead(&self.accounts);
        state.count_slow(&self.accounts);
        if pushed != Pushed::Dropped {
            return (pushed, false);
        }
        state.dropped_count += deliveries;
        let is_first_drop = !std::mem::replace(&mut state.drop_logged, true);
        (pushed, is_first_drop)
    }

    /// Marks it as having something to flush; says whether it was not marked yet.
    pub fn mark_dirty(&self) -> bool {
        !self.dirty.swap(true, Ordering::AcqRel)
    }

    /// Lets nothing more in and has the task end the connection once all is written.
    pub fn close(&self, reason: CloseReason) {
        let mut state = self.state.lock();
        if state.close.is_none() {
            state.close = Some(reason);
        }
        state.wake_publishers();
        state.wake_task();
    }

    /// Adds the goodbye behind all that waits, also when nothing else is let in any more.
    pub fn push_last(&self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.state.lock().outbox.push(Frames { bytes, packets: 0, deliveries: 0 }, Kind::Kept);
        }
    }

    /// Ends a turn of the connection's task, in which it has read so many bytes: keeps the room that its
    /// answers take as long as any of them waits, and returns how many bytes of answers do.
    pub fn end_turn(&self, lease: Option<A::Lease>, read_bytes: usize) -> usize {
        let mut state = self.state.lock();
        state.read_bytes += read_bytes as u64;
        let waiting = state.outbox.answer_bytes();
        if lease.is_some() && waiting > 0 {
            state.lease = lease;
        }
        waiting
    }

    /// Says whether answers wait to be written; if so, the task is woken when none does any more.
    pub fn has_answers(&self) -> bool {
        let mut state = self.state.lock();
        state.wake_once_answered = state.outbox.answer_bytes() > 0;
        state.wake_once_answered
    }

    /// Returns the bytes that wait.
    pub fn waiting_bytes(&self) -> usize {
        self.state.lock().outbox.bytes()
    }

    /// Drops what waits: the connection is to end, and would not read it.
    pub fn abandon(&self) {
        let mut state = self.state.lock();
        self.accounts.count_unwritten(state.outbox.abandon());
        state.lease = None;
        state.count_overhead(&self.accounts);
        state.count_slow(&self.accounts);
    }

    /// Returns the bytes that were ever written.
    pub fn written(&self) -> u64 {
        self.state.lock().outbox.written()
    }

    /// Has the connection's task woken when something was sent to it next.
    pub fn wake_after_flush(&self) {
        self.state.lock().wake_after_flush = true;
    }

    /// Returns the bytes that may wait.
    pub fn bytes_max(&self) -> usize {
        self.state.lock().outbox.bytes_max()
    }

    /// Returns why the connection is to end.
    pub fn closing(&self) -> Option<CloseReason> {
        self.state.lock().close
    }

    /// Wakes the connection's task.
    pub fn wake(&self) {
        self.state.lock().wake_task();
    }

    /// Writes what waits, as far as that goes without waiting, or has the task do it.
    pub fn flush(&self) {
        self.dirty.store(false, Ordering::Release);
        match &self.socket {
            Some(socket) if !self.is_left_to_task.load(Ordering::Acquire) => {
                if let Err(error) = self.write_queued(socket, false) {
                    tracing::debug!(%error, "write failed");
                    self.close(CloseReason::Ended);
                }
                let mut state = self.state.lock();
                if std::mem::take(&mut state.wake_after_flush) {
                    state.wake_task();
                }
            }
            _ => self.wake(),
        }
    }

    /// Called by the connection's task: writes on when the socket is writable again.
    ///
    /// Ready when nothing waits any more.
    ///
    /// # Errors
    /// Whatever breaks the stream.
    pub fn poll_flush_plain(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(socket) = &self.socket else { return Poll::Ready(Ok(())) };
        loop {
            {
                let mut state = self.state.lock();
                state.set_task(context.waker());
                if !state.blocked {
                    return Poll::Ready(Ok(()));
                }
            }
            std::task::ready!(socket.poll_write_ready(context))?;
            self.write_queued(socket, true)?;
        }
    }

    /// Remembers which task to wake.
    pub fn register(&self, waker: &Waker) {
        self.state.lock().set_task(waker);
    }

    /// Takes out what waits, for a task that writes in its own way.
    pub fn take(&self) -> VecDeque<Frames> {
        self.state.lock().outbox.take()
    }

    /// Gives back what could not be written.
    pub fn put_back(&self, rest: VecDeque<Frames>, written: Written) {
        self.accounts.count_written(written);
        let mut state = self.state.lock();
        state.outbox.put_back(rest, written);
        state.on_drained();
        state.count_overhead(&self.accounts);
        state.count_slow(&self.accounts);
    }

    /// Says whether everything is written.
    pub fn is_empty(&self) -> bool {
        self.state.lock().outbox.is_empty()
    }

    /// Writes until all is written or the socket takes no more.
    fn write_queued(&self, socket: &S, is_task: bool) -> io::Result<()> {
        loop {
            let mut frames = {
                let mut state = self.state.lock();
                if state.writing || (state.blocked && !is_task) {
                    return Ok(());
                }
                if state.outbox.is_empty() {
                    state.blocked = false;
                    state.drop_logged = false;
                    return Ok(());
                }
                state.writing = true;
                state.outbox.take()
            };
            let (result, written) = write_all_now(socket, &mut frames);
            self.accounts.count_written(written);
            let mut state = self.state.lock();
            state.outbox.put_back(frames, written);
            state.writing = false;
            state.on_drained();
            state.count_overhead(&self.accounts);
            state.count_slow(&self.accounts);
            match result? {
                Flushed::All => {}
                Flushed::Blocked => {
                    state.blocked = true;
                    state.wake_task();
                    return Ok(());
                }
            }
        }
    }

    /// Says whether a publisher that feeds this connection should wait a little: its reader is
    /// behind but still reading.
    pub fn must_wait_for(&self, waker: Option<&Waker>) -> bool {
        let mut state = self.state.lock();
        if state.stuck || state.close.is_some() || state.outbox.bytes() <= state.high_water() {
            return false;
        }
        if let Some(waker) = waker {
            state.publishers.get_or_insert_default().add(waker);
        }
        true
    }

    /// Gives up waiting for a reader that does not keep up, until it has.
    pub fn give_up_waiting(&self) {
        self.state.lock().stuck = true;
    }
}

impl<S, A: Accounts> Drop for ConnectionWriter<S, A> {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        self.accounts.count_unwritten(state.outbox.deliveries());
        self.accounts.change_overhead(state.counted_overhead_bytes, 0);
        if state.counted_slow {
            self.accounts.change_slow(false);
        }
    }
}

#[cfg(all(test, feature = "loom"))]
mod model;
