//! What a channel has to do with the bus between nodes.

use std::collections::BTreeMap;

use rialto_domain::bus::Place;

use crate::{ClientKey, ConnectionKey};

/// A channel's part in the bus.
#[derive(Debug, Default)]
pub(crate) struct Bused {
    /// Whether what other nodes tell of it is heard here.
    pub(crate) hearing: Hearing,
    /// Whether it is to be heard no more soon, if nobody comes who wants it.
    pub(crate) is_leaving: bool,
    /// How many messages of this node's clients were given to the others.
    own: Place,
    /// What comes next of each other node, by its run.
    expected: BTreeMap<u64, Place>,
    /// Who has subscribed and is told so once it is heard.
    pub(crate) waiting: Vec<(ClientKey, Option<ConnectionKey>)>,
}

/// Whether a channel is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Hearing {
    #[default]
    No,
    /// The bus is asked for it.
    Asked,
    Yes,
}

/// What is to be made of messages that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// They follow what came before, but for so many that are lost.
    Behind(u64),
    /// They have been here before.
    Again,
}

impl Bused {
    /// Returns the place of own messages, of which there are `count`, and `first` is the number of the first among all of this
    /// node's.
    pub(crate) fn give(&mut self, first: u64, count: u32) -> Place {
        if self.own.since == 0 {
            self.own.since = first;
        }
        let place = self.own;
        self.own.before += u64::from(count);
        place
    }

    /// Judges the messages of another node by their place.
    pub(crate) fn take(&mut self, origin: u64, place: Place, count: u32) -> Arrival {
        let next = Place { before: place.before + u64::from(count), ..place };
        let known = self.expected.get(&origin).filter(|known| known.since == place.since);
        let arrival = match known {
            Some(known) if place.before < known.before => return Arrival::Again,
            Some(known) => Arrival::Behind(place.before - known.before),
            None => Arrival::Behind(0),
        };
        self.expected.insert(origin, next);
        arrival
    }

    /// Forgets what came: what comes next stands behind what is not known.
    pub(crate) fn forget_expected(&mut self) {
        self.expected.clear();
    }
}

#[cfg(test)]
mod tests {
    use rialto_domain::bus::Place;

    use super::{Arrival, Bused};

    #[test]
    fn what_is_missing_is_counted_and_nothing_is_taken_twice() {
        let (mut sender, mut receiver) = (Bused::default(), Bused::default());
        let places: Vec<Place> =
            [(7, 2), (20, 3), (40, 1)].map(|(at, n)| sender.give(at, n)).into();
        assert_eq!(receiver.take(1, places[0], 2), Arrival::Behind(0));
        assert_eq!(receiver.take(1, places[2], 1), Arrival::Behind(3));
        assert_eq!(receiver.take(1, places[1], 3), Arrival::Again);
        // Another node has a count of its own, and so has one that began anew.
        assert_eq!(receiver.take(2, Place { since: 7, before: 9 }, 1), Arrival::Behind(0));
        assert_eq!(receiver.take(1, Place { since: 99, before: 0 }, 1), Arrival::Behind(0));
        receiver.forget_expected();
        assert_eq!(receiver.take(2, Place { since: 7, before: 90 }, 1), Arrival::Behind(0));
    }
}
