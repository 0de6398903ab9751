use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::*;

proptest! {
    /// Against the map of the standard library.
    #[test]
    fn it_is_a_map(steps in vec((0_u8..4, 0_u8..12, any::<u8>()), 0..60)) {
        let (mut map, mut model) = (SortedMap::default(), BTreeMap::new());
        for (kind, key, value) in steps {
            match kind {
                0 | 1 => prop_assert_eq!(map.insert(key, value), model.insert(key, value)),
                2 => prop_assert_eq!(map.remove(&key), model.remove(&key)),
                _ => {
                    map.retain(|value| *value < 128);
                    model.retain(|_, value| *value < 128);
                }
            }
            prop_assert_eq!(map.get(&key), model.get(&key));
            prop_assert_eq!(map.get_mut(&key).copied(), model.get(&key).copied());
            prop_assert_eq!(map.contains_key(&key), model.contains_key(&key));
            prop_assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
        }
        prop_assert!(map.iter().eq(model.iter().map(|(key, value)| (*key, value))));
        prop_assert!(map.keys().eq(model.keys().copied()));
    }
}

#[test]
fn an_empty_one_holds_no_memory() {
    let mut map = SortedMap::default();
    map.insert(1, "one");
    map.remove(&1);
    assert_eq!(map.0.capacity(), 0);
}
