//! Turns at checking passwords, each of which keeps a core busy and 19 MiB in use: a few at a time,
//! address by address, so that one address that sends many does not keep others waiting.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    num::NonZero,
    sync::Arc,
    thread::available_parallelism,
};

use parking_lot::Mutex;
use rialto_domain::network_of;
use tokio::sync::oneshot;

/// Checks that wait for one address; one more is refused.
const WAITING_PER_ADDRESS_MAX: usize = 50;
/// Checks that wait in all; beyond, the address with the longest line gives way.
const WAITING_MAX: usize = 500;

/// Gives turns to those who wait. Cheap to clone.
#[derive(Clone)]
pub(super) struct Hashing(Arc<Mutex<Lines>>);

/// One turn; the next in line has it when this is dropped.
pub(super) struct Turn(Hashing);

/// As many wait already as may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

struct Lines {
    /// Turns that nobody has.
    free: usize,
    waiting: usize,
    by_address: HashMap<IpAddr, VecDeque<Waiting>>,
    /// The addresses that have a line, in the order in which it is their turn.
    order: VecDeque<IpAddr>,
    last_number: u64,
}

struct Waiting {
    number: u64,
    turn: oneshot::Sender<Turn>,
}

/// A place in a line, given up when dropped: nobody works for a connection that has ended.
struct Place {
    hashing: Hashing,
    address: IpAddr,
    number: u64,
    turn: oneshot::Receiver<Turn>,
}

impl Hashing {
    /// Has as many turns at once as the machine has cores, save one that is left for everything else.
    pub(super) fn new() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Hashing::with_turns(cores.saturating_sub(1).max(1))
    }

    fn with_turns(free: usize) -> Self {
        Hashing(Arc::new(Mutex::new(Lines {
            free,
            waiting: 0,
            by_address: HashMap::new(),
            order: VecDeque::new(),
            last_number: 0,
        })))
    }

    /// Waits for a turn; dropped before it comes, the place is given up.
    ///
    /// # Errors
    /// [`TooMany`] when too many wait for the address, or in all for an address with so long a line.
    pub(super) async fn turn(&self, address: IpAddr) -> Result<Turn, TooMany> {
        let mut place = match self.line_up(network_of(address))? {
            Ok(turn) => return Ok(turn),
            Err(place) => place,
        };
        // One that had to give way is told by its sender's end.
        (&mut place.turn).await.map_err(|_| TooMany)
    }

    fn line_up(&self, address: IpAddr) -> Result<Result<Turn, Place>, TooMany> {
        let mut lines = self.0.lock();
        if lines.free > 0 {
            lines.free -= 1;
            return Ok(Ok(Turn(self.clone())));
        }
        // Dropped behind the lock: whoever gives way takes it to leave the line.
        let given_way = lines.make_room(address)?;
        let (sender, turn) = oneshot::channel();
        let number = lines.add(address, sender);
        drop(lines);
        drop(given_way);
        Ok(Err(Place { hashing: self.clone(), address, number, turn }))
    }

    fn give_up(&self, address: IpAddr, number: u64) {
        let mut lines = self.0.lock();
        let Some(line) = lines.by_address.get_mut(&address) else { return };
        let Some(at) = line.iter().position(|waiting| waiting.number == number) else { return };
        let waiting = line.remove(at);
        lines.note_left(address);
        drop(lines);
        drop(waiting);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.0.0.lock().next_or_free();
        if let Some(next) = next {
            // One that is not taken any more comes back here.
            _ = next.turn.send(Turn(self.0.clone()));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hashing.give_up(self.address, self.number);
    }
}

impl Lines {
    fn length(&self, address: IpAddr) -> usize {
        self.by_address.get(&address).map_or(0, VecDeque::len)
    }

    /// Sees to it that one more may wait for an address; returns who had to give way for it.
    fn make_room(&mut self, address: IpAddr) -> Result<Option<Waiting>, TooMany> {
        let own = self.length(address);
        if WAITING_PER_ADDRESS_MAX <= own {
            return Err(TooMany);
        }
        if self.waiting < WAITING_MAX {
            return Ok(None);
        }
        let longest = self.order.iter().copied().max_by_key(|&it| self.length(it));
        let longest = longest.filter(|&it| own + 1 < self.length(it)).ok_or(TooMany)?;
        let last = self.by_address.get_mut(&longest).and_then(VecDeque::pop_back);
        self.note_left(longest);
        Ok(last)
    }

    fn add(&mut self, address: IpAddr, turn: oneshot::Sender<Turn>) -> u64 {
        self.last_number += 1;
        let number = self.last_number;
        let line = self.by_address.entry(address).or_default();
        if line.is_empty() {
            self.order.push_back(address);
        }
        line.push_back(Waiting { number, turn });
        self.waiting += 1;
        number
    }

    /// Takes the next in line; the address's others wait until all other addresses had a turn.
    fn next_or_free(&mut self) -> Option<Waiting> {
        let Some(address) = self.order.pop_front() else {
            self.free += 1;
            return None;
        };
        self.order.push_back(address);
        let next = self.by_address.get_mut(&address).and_then(VecDeque::pop_front);
        self.note_left(address);
        next
    }

    /// Notes that one has left the line of an address.
    fn note_left(&mut self, address: IpAddr) {
        self.waiting -= 1;
        if self.length(address) == 0 {
            self.by_address.remove(&address);
            self.order.retain(|&it| it != address);
        }
    }
}

#[cfg(test)]
mod tests;
