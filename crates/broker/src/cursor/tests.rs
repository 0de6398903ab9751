use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

proptest! {
    /// Against a plain set: whatever the order of acknowledgements, skips and reconnects.
    #[test]
    fn floor_and_stretches_describe_the_acknowledged_set(
        steps in prop::collection::vec((0_u8..4, 1_u64..40, 0_u64..5), 0..80),
    ) {
        let mut cursor = Cursor::new(&CursorState::default());
        let mut model = BTreeSet::new();
        for (kind, sequence, more) in steps {
            match kind {
                0 if cursor.next() <= sequence => cursor.sent(sequence, 0, 0),
                1 => {
                    let news = cursor.acknowledge(sequence);
                    prop_assert_eq!(news, model.insert(sequence));
                }
                2 => {
                    cursor.skip(sequence, sequence + more);
                    model.extend(sequence..=sequence + more);
                }
                _ => cursor = Cursor::new(&cursor.state()),
            }
            for probe in 1..60 {
                prop_assert_eq!(cursor.is_acknowledged(probe), model.contains(&probe), "{}", probe);
            }
            let floor = (1..).take_while(|sequence| model.contains(sequence)).count() as u64;
            prop_assert_eq!(cursor.floor(), floor);
            // What the store gets is as short as can be: no two stretches touch.
            let state = cursor.state();
            let ends = std::iter::once(state.floor)
                .chain(state.acknowledged.iter().map(|(_, last)| *last));
            for (end, (first, last)) in ends.zip(&state.acknowledged) {
                prop_assert!(end + 1 < *first && first <= last, "{:?}", state);
            }
        }
    }
}

#[test]
fn in_flight_counts_what_was_sent_and_not_acknowledged() {
    let mut cursor = Cursor::new(&CursorState::default());
    cursor.sent(10, 10, 1000);
    assert!(cursor.acknowledge(3));
    assert!(!cursor.acknowledge(3), "a second acknowledgement of the same message is no news");
    assert_eq!((cursor.in_flight(), cursor.in_flight_bytes()), (9, 900));
    cursor.rewind();
    assert_eq!((cursor.in_flight(), cursor.in_flight_bytes(), cursor.next()), (0, 0, 1));
}
