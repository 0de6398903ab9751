//! When and in which units a connection is written to whose peer loses what comes faster than it
//! reads: the original Python client of JMQT, and the asyncio client of CoreMQ.
//!
//! The former takes each read of 1024 bytes for whole frames. So that no read can end within a frame,
//! however many units wait in its socket, every unit on a plain socket has exactly that many bytes;
//! inside TLS, where a read never crosses a record, it is a record. Read [`Pacer::poll_turn`] first.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use rialto_net::Frames;
use rialto_session::Units;
use rustix::event::{PollFd, PollFlags, poll};
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use crate::witness::Witness;

/// Bytes of one paced write: what the original Python client reads at once (J-106).
const UNIT_BYTES: usize = 1024;
/// Pause between paced writes on plain TCP (J-107), and inside TLS at least behind what was heard
/// (J-127).
const PAUSE: Duration = Duration::from_millis(3);
/// Longest pause behind what was heard inside TLS, and the one for a peer of whom nothing is known yet.
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// With each acknowledgement that is quicker the pause shrinks by this part of it.
const PAUSE_DECAY: u32 = 16;
/// How long acknowledgements are waited for (J-127).
const PATIENCE: Duration = Duration::from_secs(5);

/// Puts whole frames into small writes, and says when the next may go.
pub(crate) struct Pacer {
    units: Units,
    is_tls: bool,
    /// Set while something is waited for, for the longest that it may take.
    wait: Option<Pin<Box<Sleep>>>,
    /// When the last unit was written.
    written_at: Instant,
    /// Pause behind what was heard inside TLS.
    pause: Duration,
    /// Pushes of it that are not acknowledged yet.
    owed_count: usize,
    /// Whether it acknowledged nothing in time; then it is not waited for until it does.
    is_deaf: bool,
    /// Whether nobody reads its acknowledgements any more.
    is_parting: bool,
    /// Looks whether it is the peer it was taken for, where nobody said that it is.
    witness: Option<Witness>,
}

/// Whole frames for one write.
pub(crate) struct Unit {
    pub(crate) bytes: Bytes,
    /// How many of the bytes are frames'; the others fill it up.
    pub(crate) frame_bytes: usize,
    /// Deliveries that are on their way with it to the last byte.
    pub(crate) deliveries: u32,
    /// As many packets as that.
    pub(crate) packets: u32,
}

impl Pacer {
    /// Paces a connection for good or, with a witness, until that finds that its peer is another.
    pub(crate) fn new(units: Units, is_tls: bool, witness: Option<Witness>) -> Self {
        Pacer {
            units,
            is_tls,
            wait: None,
            written_at: Instant::now(),
            pause: PAUSE_MAX,
            owed_count: 0,
            is_deaf: false,
            is_parting: false,
            witness,
        }
    }

    /// Takes notice of a frame of the peer's; returns false once that shows that it is no peer that
    /// has to be paced.
    pub(crate) fn hear(&mut self, frame: &[u8]) -> bool {
        let Some(blocks) = self.units.blocks else { return true };
        if (blocks.is_acknowledgement)(frame) {
            self.is_deaf = false;
            if 0 < self.owed_count {
                self.owed_count -= 1;
                if self.owed_count == 0 {
                    let took = self.written_at.elapsed();
                    let decayed = self.pause - self.pause / PAUSE_DECAY;
                    self.pause = took.max(decayed).clamp(PAUSE, PAUSE_MAX);
                    self.wait = None;
                }
            }
        }
        if self.is_tls && self.owed_count == 0 {
            // The thread that sent this may be held up before it is through with it, about as long as
            // those that acknowledged took to get there.
            let pause = self.pause;
            self.wait.get_or_insert_with(|| wait(pause));
        }
        self.witness.as_mut().is_none_or(|witness| witness.hear(frame, Instant::now()))
    }

    /// Waits for no more acknowledgements: the connection ends.
    pub(crate) fn part(&mut self) {
        self.is_parting = true;
        if 0 < self.owed_count {
            self.owed_count = 0;
            self.wait = None;
        }
    }

    /// Ready when the next unit may be written: the last one is acknowledged, or the pause over and
    /// the last one on its way, so that the system does not join the two.
    pub(crate) fn poll_turn(
        &mut self,
        socket: Option<&TcpStream>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            if let Some(wait) = &mut self.wait {
                ready!(wait.as_mut().poll(context));
                self.wait = None;
                // Without acknowledgements until now, there will be none.
                self.is_deaf |= 0 < self.owed_count;
                self.owed_count = 0;
            }
            if self.is_tls || socket.is_none_or(is_on_its_way) {
                return Poll::Ready(());
            }
            self.wait = Some(wait(PAUSE));
        }
    }

    /// Notes that a unit was written, and begins to wait.
    pub(crate) fn note_written(&mut self, unit: &Unit) {
        self.written_at = Instant::now();
        if let Some(witness) = &mut self.witness {
            witness.note_answered();
        }
        if let Some(blocks) = self.units.blocks
            && !self.is_deaf
            && !self.is_parting
        {
            let frames = unit.bytes.split_inclusive(|&byte| byte == 0);
            let owed = frames.filter(|frame| (blocks.is_owed)(without_filling(frame)));
            self.owed_count = owed.count();
        }
        self.wait = match self.owed_count {
            0 => (!self.is_tls).then(|| wait(PAUSE)),
            _ => Some(wait(PATIENCE)),
        };
    }

    /// Takes whole frames for one write off the front.
    pub(crate) fn next_unit(&self, frames: &mut VecDeque<Frames>) -> Unit {
        let mut unit = BytesMut::new();
        let (mut deliveries, mut packets) = (0, 0);
        while let Some(first) = frames.front_mut() {
            let frame_bytes = (self.units.first_frame_bytes)(&first.bytes);
            let frame_bytes = frame_bytes.unwrap_or(first.bytes.len());
            let is_alone = self.is_tls || self.units.is_each_alone;
            let is_full = is_alone || UNIT_BYTES < unit.len() + frame_bytes;
            if !unit.is_empty() && is_full {
                break;
            }
            unit.extend_from_slice(&first.bytes.split_to(frame_bytes));
            if first.bytes.is_empty() {
                deliveries += first.deliveries;
                packets += first.packets;
                frames.pop_front();
            }
        }
        let frame_bytes = unit.len();
        if self.units.blocks.is_some() && !self.is_tls {
            fill_up(&mut unit);
        }
        Unit { bytes: unit.freeze(), frame_bytes, deliveries, packets }
    }
}

/// Puts blanks behind the last packet, before its NUL.
fn fill_up(unit: &mut BytesMut) {
    if let Some(0) = unit.last()
        && unit.len() < UNIT_BYTES
    {
        unit.truncate(unit.len() - 1);
        unit.resize(UNIT_BYTES - 1, b' ');
        unit.extend_from_slice(&[0]);
    }
}

/// Returns a frame without its NUL, and the blanks before that.
fn without_filling(frame: &[u8]) -> &[u8] {
    frame.strip_suffix(&[0]).unwrap_or(frame).trim_ascii_end()
}

fn wait(duration: Duration) -> Pin<Box<Sleep>> {
    Box::pin(sleep_until(Instant::now() + duration))
}

/// Has the system say whether what was written to a socket is on its way, by whether it may be written
/// to: with a limit of one byte for what is not, no sooner.
///
/// # Errors
/// Where the system has no such limit; then the pauses have to do.
pub(crate) fn watch_sending(socket: &TcpStream, is_watched: bool) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // 0 is the system's own limit.
    return socket2::SockRef::from(socket).set_tcp_notsent_lowat(u32::from(is_watched));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return Err(io::Error::from(io::ErrorKind::Unsupported));
}

/// Says whether all that was written to a socket is on its way.
fn is_on_its_way(socket: &TcpStream) -> bool {
    let mut asked = [PollFd::new(socket, PollFlags::OUT)];
    let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
    // What cannot be asked fails at the next write.
    poll(&mut asked, Some(&now)).map_or(true, |_| !asked[0].revents().is_empty())
}

#[cfg(test)]
mod tests;
