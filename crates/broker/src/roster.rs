//! The keys of a slot map by the places of its slots, so that it can be walked a few at a time.

use std::marker::PhantomData;

use slotmap::Key;

/// Names whatever stands in the slots of a slot map, which itself can only be walked in one go.
///
/// A key of something that is gone stays until its slot is used again: whoever walks looks it up in the
/// slot map. What comes into a slot that was passed already is not met on this walk.
///
/// # Cost
/// Eight bytes a slot; a store to memory when something new comes, nothing when it goes.
#[derive(Debug)]
pub(crate) struct Roster<K> {
    keys: Vec<u64>,
    key: PhantomData<K>,
}

impl<K> Default for Roster<K> {
    fn default() -> Self {
        Roster { keys: Vec::new(), key: PhantomData }
    }
}

impl<K: Key + From<slotmap::KeyData>> Roster<K> {
    /// Notes something new.
    pub(crate) fn note(&mut self, key: K) {
        let key = key.data().as_ffi();
        // Slots are used from the first on, so that there are no more places than there were entries at
        // a time.
        let place = (key & u64::from(u32::MAX)) as usize;
        if self.keys.len() <= place {
            self.keys.resize(place + 1, 0);
        }
        self.keys[place] = key;
    }

    /// Returns the key at a place; `None` behind the last.
    pub(crate) fn get(&self, place: usize) -> Option<K> {
        self.keys.get(place).map(|&key| slotmap::KeyData::from_ffi(key).into())
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::*;
    use crate::ClientKey;

    #[test]
    fn all_that_is_there_is_met_in_as_many_places_as_there_are_slots() {
        let mut map: SlotMap<ClientKey, u32> = SlotMap::default();
        let mut roster = Roster::default();
        let mut keys = Vec::new();
        for number in 0..1000 {
            keys.push(map.insert(number));
            roster.note(keys[number as usize]);
        }
        keys.iter().step_by(2).for_each(|key| _ = map.remove(*key));
        for number in 1000..1400 {
            roster.note(map.insert(number));
        }
        let mut met: Vec<u32> = (0..)
            .map_while(|place| roster.get(place))
            .filter_map(|key| map.get(key).copied())
            .collect();
        met.sort_unstable();
        let expected: Vec<u32> = (0..1000).filter(|it| it % 2 == 1).chain(1000..1400).collect();
        assert_eq!(met, expected);
        // One slot is never used.
        assert_eq!(roster.keys.len(), 1001);
    }
}
