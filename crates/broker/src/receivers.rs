//! The connected subscribers of a channel: mostly one or a few, sometimes very many.

use indexmap::IndexMap;

use crate::{
    ClientKey, ConnectionKey, FORMAT_COUNT_MAX, Format, hasher::Hasher, sorted_map::SortedMap,
};

/// Up to this many are kept in a sorted vector; beyond, in a hash map, so that a storm of
/// disconnects does not cost the square of their number.
const FEW_COUNT_MAX: usize = 64;

/// One connected subscriber.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receiver {
    pub(crate) client: ClientKey,
    pub(crate) format: Format,
    /// Whether QoS 1 messages wait for it in the log.
    pub(crate) persistent: bool,
    /// Whether it acknowledges QoS 1 messages at all.
    pub(crate) acknowledges: bool,
    /// Whether frames are made out to it by itself.
    pub(crate) is_addressed: bool,
}

/// The connected subscribers of one channel.
#[derive(Debug, Default)]
pub(crate) struct Receivers {
    entries: Entries,
    /// How many there are of each format.
    format_counts: [u32; FORMAT_COUNT_MAX],
}

#[derive(Debug)]
enum Entries {
    Few(SortedMap<ConnectionKey, Receiver>),
    Many(Box<IndexMap<ConnectionKey, Receiver, Hasher>>),
}

impl Default for Entries {
    fn default() -> Self {
        Entries::Few(SortedMap::default())
    }
}

impl Receivers {
    pub(crate) fn insert(&mut self, connection: ConnectionKey, receiver: Receiver) {
        self.format_counts[usize::from(receiver.format.0)] += 1;
        let old = match &mut self.entries {
            Entries::Few(few) => few.insert(connection, receiver),
            Entries::Many(many) => many.insert(connection, receiver),
        };
        self.uncount(old);
        if let Entries::Few(few) = &self.entries
            && FEW_COUNT_MAX < few.len()
        {
            let many = few.iter().map(|(connection, receiver)| (connection, *receiver)).collect();
            self.entries = Entries::Many(Box::new(many));
        }
    }

    pub(crate) fn remove(&mut self, connection: ConnectionKey) {
        let old = match &mut self.entries {
            Entries::Few(few) => few.remove(&connection),
            Entries::Many(many) => many.swap_remove(&connection),
        };
        self.uncount(old);
        if self.is_empty() {
            self.entries = Entries::default();
        }
    }

    /// Counts them.
    pub(crate) fn len(&self) -> usize {
        match &self.entries {
            Entries::Few(few) => few.len(),
            Entries::Many(many) => many.len(),
        }
    }

    pub(crate) fn contains(&self, connection: ConnectionKey) -> bool {
        match &self.entries {
            Entries::Few(few) => few.contains_key(&connection),
            Entries::Many(many) => many.contains_key(&connection),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match &self.entries {
            Entries::Few(few) => few.is_empty(),
            Entries::Many(many) => many.is_empty(),
        }
    }

    /// Returns the one at a place; one that goes may be replaced by the last.
    pub(crate) fn get(&self, place: usize) -> Option<Receiver> {
        match &self.entries {
            Entries::Few(few) => few.value_at(place).copied(),
            Entries::Many(many) => many.get_index(place).map(|(_, receiver)| *receiver),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConnectionKey, Receiver)> + '_ {
        let (few, many) = match &self.entries {
            Entries::Few(few) => (Some(few.iter()), None),
            Entries::Many(many) => (None, Some(many.iter())),
        };
        let few = few.into_iter().flatten();
        let many = many.into_iter().flatten().map(|(&connection, receiver)| (connection, receiver));
        few.chain(many).map(|(connection, receiver)| (connection, *receiver))
    }

    /// Returns the formats that are needed to reach all.
    pub(crate) fn formats(&self) -> impl Iterator<Item = Format> + '_ {
        let used = self.format_counts.iter().enumerate().filter(|(_, count)| **count > 0);
        used.map(|(index, _)| Format(index as u8))
    }

    fn uncount(&mut self, receiver: Option<Receiver>) {
        if let Some(receiver) = receiver {
            self.format_counts[usize::from(receiver.format.0)] -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
