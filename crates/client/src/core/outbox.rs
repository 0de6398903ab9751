//! QoS 1 publishes that are kept until they are acknowledged (K-40 to K-48).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::error::RequestError;
use crate::event::Event;
use crate::message::Ack;
use crate::options::{Outbox as Limits, WhenFull};

use super::outlet::Outlet;

/// How long an acknowledgement may take while the client is online.
const ACK_TIMEOUT: Duration = Duration::from_secs(30);

/// A publish that is not acknowledged yet.
#[derive(Debug)]
struct Kept<T> {
    channel: String,
    /// The packet as it was sent first, to be sent again.
    frame: Vec<u8>,
    /// When it was sent on the present connection.
    sent_at: Option<Instant>,
    was_sent: bool,
    /// Connections that were given up because its acknowledgement did not come.
    silence_count: u32,
    ticket: T,
}

/// The publishes by their numbers, which are in the order of the calls.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    limits: Limits,
    window_count_max: usize,
    kept: BTreeMap<u64, Kept<T>>,
    /// All from this number on have not left on the present connection.
    next_unsent: u64,
    sent_count: usize,
    bytes: usize,
}

impl<T> Outbox<T> {
    pub(crate) fn new(limits: Limits, window_count_max: usize) -> Self {
        Outbox {
            limits,
            window_count_max: window_count_max.max(1),
            kept: BTreeMap::new(),
            next_unsent: 0,
            sent_count: 0,
            bytes: 0,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.kept.len()
    }

    /// Returns whether some publish has not left yet; others may not overtake it (K-45).
    pub(crate) fn has_unsent(&self) -> bool {
        self.sent_count < self.kept.len()
    }

    /// Returns whether a publish that finds no room waits for it.
    pub(crate) fn waits(&self) -> bool {
        self.limits.full == WhenFull::Wait
    }

    /// Makes room for a packet of about so many bytes, as far as the settings let it.
    ///
    /// # Errors
    /// [`WhenFull`]: what the call is to do, to wait or to fail.
    pub(crate) fn make_room(&mut self, bytes: usize, out: &mut Outlet<T>) -> Result<(), WhenFull> {
        if self.fits(bytes) {
            return Ok(());
        }
        if self.limits.full == WhenFull::DropOldest {
            while !self.fits(bytes)
                && let Some((&number, _)) = self.kept.iter().find(|(_, kept)| !kept.was_sent)
            {
                self.fail(number, RequestError::Full, out);
            }
        }
        if self.fits(bytes) { Ok(()) } else { Err(self.limits.full) }
    }

    fn fits(&self, bytes: usize) -> bool {
        // A single one that is larger than all room must get through at some time.
        self.kept.is_empty()
            || self.kept.len() < self.limits.count_max
                && self.bytes + bytes <= self.limits.bytes_max
    }

    /// Keeps a publish; `number` is higher than all before.
    pub(crate) fn keep(&mut self, number: u64, channel: String, frame: Vec<u8>, ticket: T) {
        self.bytes += frame.len();
        let (sent_at, was_sent, silence_count) = (None, false, 0);
        let kept = Kept { channel, frame, sent_at, was_sent, silence_count, ticket };
        self.kept.insert(number, kept);
    }

    /// Sends what may be sent. Only while online.
    pub(crate) fn pump(&mut self, now: Instant, out: &mut Outlet<T>) {
        if !self.has_unsent() {
            return;
        }
        for (&number, kept) in self.kept.range_mut(self.next_unsent..) {
            if self.window_count_max <= self.sent_count || out.is_full() {
                break;
            }
            out.send_frame(&kept.frame);
            kept.sent_at = Some(now);
            kept.was_sent = true;
            self.sent_count += 1;
            self.next_unsent = number + 1;
        }
    }

    /// Takes an acknowledgement, and returns whether it was for one of these.
    pub(crate) fn on_ack(
        &mut self,
        number: u64,
        verdict: Result<Ack, RequestError>,
        out: &mut Outlet<T>,
    ) -> bool {
        match verdict {
            Ok(ack) => {
                let Some(kept) = self.remove(number, out) else { return false };
                out.answer(kept.ticket, Ok(ack));
                true
            }
            Err(error) => self.fail(number, error, out),
        }
    }

    /// Withdraws a publish that was never sent (K-48).
    pub(crate) fn withdraw(&mut self, number: u64, out: &mut Outlet<T>) {
        if self.kept.get(&number).is_some_and(|kept| !kept.was_sent)
            && let Some(kept) = self.remove(number, out)
        {
            out.answer(kept.ticket, Err(RequestError::Withdrawn));
        }
    }

    /// Prepares for the next connection: all that is unanswered leaves again (K-44).
    pub(crate) fn on_lost(&mut self, is_too_large: bool, out: &mut Outlet<T>) {
        if is_too_large {
            let sent = self.kept.iter().filter(|(_, kept)| kept.sent_at.is_some());
            let largest = sent.max_by_key(|(_, kept)| kept.frame.len()).map(|(&number, _)| number);
            if let Some(number) = largest {
                self.fail(number, RequestError::TooLarge, out);
            }
        }
        for kept in self.kept.values_mut() {
            kept.sent_at = None;
        }
        self.next_unsent = 0;
        self.sent_count = 0;
    }

    /// Returns when the oldest acknowledgement is overdue.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let (_, oldest) = self.kept.first_key_value()?;
        Some(oldest.sent_at? + ACK_TIMEOUT)
    }

    /// Looks for an acknowledgement that is overdue, which ends the connection; one that was so before
    /// ends its publish as well (K-46). Returns how long it was waited for.
    pub(crate) fn on_time(&mut self, now: Instant, out: &mut Outlet<T>) -> Option<Duration> {
        self.deadline().filter(|deadline| *deadline <= now)?;
        let mut oldest = self.kept.first_entry()?;
        oldest.get_mut().silence_count += 1;
        if 1 < oldest.get().silence_count {
            let number = *oldest.key();
            self.fail(number, RequestError::TimedOut, out);
        }
        Some(ACK_TIMEOUT)
    }

    /// Fails everything, because the client has ended.
    pub(crate) fn end(&mut self, error: &RequestError, out: &mut Outlet<T>) {
        while let Some((&number, _)) = self.kept.first_key_value() {
            self.fail(number, error.clone(), out);
        }
    }

    fn fail(&mut self, number: u64, error: RequestError, out: &mut Outlet<T>) -> bool {
        let Some(kept) = self.remove(number, out) else { return false };
        let id = Some(number.to_string());
        out.tell(Event::Publish { id, channel: kept.channel, error: error.clone() });
        out.answer(kept.ticket, Err(error));
        true
    }

    fn remove(&mut self, number: u64, out: &mut Outlet<T>) -> Option<Kept<T>> {
        let kept = self.kept.remove(&number)?;
        self.bytes -= kept.frame.len();
        self.sent_count -= usize::from(kept.sent_at.is_some());
        out.room();
        Some(kept)
    }
}
