use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// What a store makes of what a cursor gives it.
#[derive(Debug, Default)]
struct Kept {
    floor: Sequence,
    stretches: Stretches,
}

impl Kept {
    /// Takes what the cursor has for the store.
    fn take(&mut self, cursor: &mut Cursor) {
        self.floor = cursor.take_unwritten_floor().unwrap_or(self.floor).max(self.floor);
        let stretches = cursor.take_unwritten_stretches();
        stretches.into_iter().for_each(|(first, last)| self.stretches.add(first, last));
        self.stretches.remove_through(self.floor);
    }

    fn state(&self) -> CursorState {
        CursorState { floor: self.floor, acknowledged: self.stretches.iter().collect() }
    }
}

proptest! {
    /// Against a plain set: whatever the order of acknowledgements, skips, writes and reconnects.
    #[test]
    fn floor_and_stretches_describe_the_acknowledged_set(
        steps in prop::collection::vec((0_u8..7, 1_u64..40, 0_u64..5), 0..80),
    ) {
        let mut cursor = Cursor::new(&CursorState::default());
        let mut model = BTreeSet::new();
        let mut kept = Kept::default();
        for (kind, sequence, more) in steps {
            match kind {
                0 if cursor.next() <= sequence => cursor.sent(sequence, 0, 0),
                1 | 2 => {
                    let news = cursor.acknowledge(sequence);
                    prop_assert_eq!(news, model.insert(sequence));
                }
                3 => {
                    cursor.skip(sequence, sequence + more);
                    model.extend(sequence..=sequence + more);
                }
                4 => kept.take(&mut cursor),
                5 => {
                    // The store refuses it.
                    Kept::default().take(&mut cursor);
                    cursor.note_refused();
                }
                _ => {
                    kept.take(&mut cursor);
                    cursor = Cursor::new(&kept.state());
                }
            }
            for probe in 1..60 {
                prop_assert_eq!(cursor.is_acknowledged(probe), model.contains(&probe), "{}", probe);
            }
            let floor = (1..).take_while(|sequence| model.contains(sequence)).count() as u64;
            prop_assert_eq!(cursor.floor(), floor);
            prop_assert!(cursor.acknowledged.iter().all(|(first, _)| floor + 1 < first));
        }
        kept.take(&mut cursor);
        prop_assert_eq!(kept.floor, cursor.floor);
        prop_assert_eq!(kept.stretches, cursor.acknowledged);
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

#[test]
fn the_store_is_given_what_changed_and_not_what_it_has() {
    let mut cursor = Cursor::new(&CursorState::default());
    (2..20_000).step_by(2).for_each(|sequence| _ = cursor.acknowledge(sequence));
    assert_eq!(cursor.take_unwritten_stretches().len(), 9_999);
    assert_eq!(cursor.take_unwritten_floor(), None, "the first message is missing still");

    cursor.acknowledge(7);
    cursor.acknowledge(9);
    cursor.acknowledge(30_000);
    assert_eq!(cursor.take_unwritten_stretches(), [(6, 10), (30_000, 30_000)]);
    assert_eq!(cursor.take_unwritten_stretches(), []);
    cursor.acknowledge(1);
    assert_eq!(cursor.take_unwritten_floor(), Some(2));
    assert_eq!(cursor.take_unwritten_stretches(), [], "the floor says it");
}

#[test]
fn a_store_that_takes_nothing_does_not_have_more_remembered_than_there_is() {
    let mut cursor = Cursor::new(&CursorState::default());
    for sequence in (2..20_000).step_by(2).chain((3..20_000).step_by(2)) {
        cursor.acknowledge(sequence);
        let most = UNWRITTEN_MIN.max(2 * cursor.acknowledged.len());
        assert!(cursor.unwritten.len() <= most + 1, "{}", cursor.unwritten.len());
    }
    assert_eq!(cursor.take_unwritten_stretches(), [(2, 19_999)]);
}
