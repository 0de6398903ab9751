//! Records come back as they were written.

use std::collections::VecDeque;

use super::{Record, Stamp};

#[test]
fn what_differs_little_from_the_message_before_takes_four_bytes() {
    let before = Stamp { at: 1_800_000_000_000, sequence: 1 << 40 };
    let stamp = Stamp { at: before.at + 63, sequence: before.sequence + 1 };
    let record = Record { about: 3, is_shared: false, stamp, payload_bytes: 127 };
    assert_eq!(record.encode(before).len(), 4);
}

#[test]
fn any_numbers_come_back_in_their_order() {
    let numbers = [0, 1, 63, 64, 127, 128, 1 << 40, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX];
    let stamps =
        numbers.iter().flat_map(|&at| numbers.iter().map(move |&sequence| Stamp { at, sequence }));
    let records: Vec<Record> = stamps
        .enumerate()
        .map(|(place, stamp)| Record {
            about: place * 7,
            is_shared: place % 2 == 0,
            stamp,
            payload_bytes: place * 1000,
        })
        .collect();
    let mut bytes = VecDeque::new();
    let mut before = Stamp::default();
    for record in &records {
        bytes.extend(record.encode(before));
        before = record.stamp;
    }
    let mut before = Stamp::default();
    for record in records {
        assert_eq!(Record::decode(&mut bytes, before), Some(record));
        before = record.stamp;
    }
    assert_eq!(Record::decode(&mut bytes, before), None);
}
