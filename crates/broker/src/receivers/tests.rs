use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};
use slotmap::SlotMap;

use super::*;

proptest! {
    /// Against a plain map, with few receivers and with more than are kept in a vector.
    #[test]
    fn each_connection_is_there_once_with_its_newest_state(
        steps in vec((0_u8..3, 0_usize..100, 0_u8..3, any::<bool>()), 0..400),
    ) {
        let mut keys: SlotMap<ConnectionKey, ()> = SlotMap::default();
        let keys: Vec<ConnectionKey> = (0..100).map(|_| keys.insert(())).collect();
        let (mut receivers, mut model) = (Receivers::default(), BTreeMap::new());
        for (kind, place, format, persistent) in steps {
            let connection = keys[place];
            if kind == 0 {
                receivers.remove(connection);
                model.remove(&connection);
            } else {
                let client = ClientKey::default();
                let receiver = Receiver {
                    client,
                    format: Format(format),
                    persistent,
                    acknowledges: true,
                    is_addressed: false,
                };
                receivers.insert(connection, receiver);
                model.insert(connection, (format, persistent));
            }
        }
        let found: BTreeMap<_, _> = receivers
            .iter()
            .map(|(connection, receiver)| (connection, (receiver.format.0, receiver.persistent)))
            .collect();
        prop_assert_eq!(receivers.iter().count(), model.len());
        prop_assert_eq!(receivers.is_empty(), model.is_empty());
        let formats: std::collections::BTreeSet<u8> = model.values().map(|one| one.0).collect();
        prop_assert!(receivers.formats().map(|format| format.0).eq(formats));
        prop_assert_eq!(found, model);
    }
}
