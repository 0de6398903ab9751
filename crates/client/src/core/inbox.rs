//! The messages of one subscription that nobody has asked for yet, and its bound (K-36).

use std::collections::VecDeque;
use std::task::Waker;

use crate::message::Push;

use super::receipts::PushId;

/// What a push costs besides its texts.
const PUSH_BYTES: usize = size_of::<Push>() + 64;

/// A message, and what to acknowledge it by.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) push: Push,
    pub(crate) receipt: Option<PushId>,
    /// Its number among all messages of the client, in the order in which they came.
    pub(crate) arrival: u64,
}

impl Item {
    /// Returns about how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let push = &self.push;
        PUSH_BYTES + push.channel.len() + push.payload.get().len() + push.publisher.len()
    }
}

/// How much an inbox holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) count_max: usize,
    pub(crate) bytes_max: usize,
}

#[derive(Debug)]
pub(crate) struct Inbox {
    bounds: Bounds,
    items: VecDeque<Item>,
    bytes: usize,
    /// Whether it was full, and is not half empty yet.
    is_pausing: bool,
    /// QoS 0 messages dropped since it was empty.
    dropped_count: u64,
    /// Whether somebody was woken for the first message, so that it waits no more.
    is_promised: bool,
    /// Whoever waits for the next message.
    reader: Option<Waker>,
}

impl Inbox {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Inbox {
            bounds,
            items: VecDeque::new(),
            bytes: 0,
            is_pausing: false,
            dropped_count: 0,
            is_promised: false,
            reader: None,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bounds.count_max.max(1) <= self.waiting_count() || self.bounds.bytes_max <= self.bytes
    }

    /// Returns whether the connection should not be read for its sake: from when it is full until it is
    /// half empty, since to be woken for each single message costs more than the message.
    pub(crate) fn is_pausing(&self) -> bool {
        self.is_pausing
    }

    fn waiting_count(&self) -> usize {
        self.items.len() - usize::from(self.is_promised)
    }

    /// Adds a message, full or not; returns whoever waits for it.
    pub(crate) fn add(&mut self, item: Item) -> Option<Waker> {
        self.bytes += item.bytes();
        self.items.push_back(item);
        self.is_promised |= self.reader.is_some();
        self.is_pausing |= self.is_full();
        self.reader.take()
    }

    /// Counts a message that is dropped; returns whether it is the first.
    pub(crate) fn drop_one(&mut self) -> bool {
        self.dropped_count += 1;
        self.dropped_count == 1
    }

    pub(crate) fn take(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.bytes -= item.bytes();
        self.is_promised = false;
        let is_half_empty = self.items.len() <= self.bounds.count_max / 2
            && self.bytes <= self.bounds.bytes_max / 2;
        self.is_pausing &= !is_half_empty;
        Some(item)
    }

    /// Returns how many messages were dropped, once it is empty again.
    pub(crate) fn end_of_drops(&mut self) -> Option<u64> {
        let is_over = self.items.is_empty() && 0 < self.dropped_count;
        is_over.then(|| std::mem::take(&mut self.dropped_count))
    }

    pub(crate) fn wait(&mut self, reader: &Waker) {
        self.reader = Some(reader.clone());
    }

    /// Returns whoever waits, because nothing comes any more.
    pub(crate) fn take_reader(&mut self) -> Option<Waker> {
        self.reader.take()
    }
}
