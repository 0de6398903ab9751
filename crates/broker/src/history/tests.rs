//! A channel's last messages: what stays, in which order, and what the store is still to get.

use bytes::Bytes;

use super::{History, HistoryRule, Kept, LastPayloads};
use rialto_domain::{ClientId, HistoryMessage, MessageId};

use crate::{Source, memory::allocated};

#[test]
fn the_last_messages_stay() {
    let mut history = History::default();
    for number in 1..=5 {
        place(&mut history, 3, number);
    }
    assert_eq!(texts(&history), ["3", "4", "5"]);
}

#[test]
fn its_bytes_are_those_of_all_its_allocations() {
    let mut history = History::default();
    for number in 1..=7 {
        place(&mut history, 3, number);
        let queue = allocated(history.messages.capacity() * size_of::<Kept>());
        let messages: usize = history.messages.iter().map(Kept::bytes).sum();
        assert_eq!(history.bytes(), allocated(size_of::<History>()) + queue + messages);
        assert!(history.messages.capacity() <= 3, "no room is made for what is never kept");
    }
}

#[test]
fn a_late_message_takes_its_place_once() {
    let mut history = History::default();
    place(&mut history, 3, 10);
    place(&mut history, 3, 30);
    assert!(history.insert(3, &message(20)));
    assert!(!history.insert(3, &message(20)), "it is there");
    assert_eq!(texts(&history), ["10", "20", "30"]);
    assert!(!history.insert(3, &message(5)), "it is older than all, and there is no room");
    assert!(history.insert(3, &message(40)));
    assert_eq!(texts(&history), ["20", "30", "40"]);
}

#[test]
fn servers_that_have_the_same_messages_have_them_in_the_same_order() {
    let orders = [[10, 20, 30, 40], [40, 30, 20, 10], [20, 40, 10, 30]];
    for order in orders {
        let mut history = History::default();
        for number in order {
            place(&mut history, 3, number);
        }
        assert_eq!(texts(&history), ["20", "30", "40"], "from {order:?}");
    }
}

#[test]
fn a_late_message_among_those_the_store_does_not_have_costs_none_of_them() {
    let mut history = History::default();
    for number in [10, 20, 40] {
        place(&mut history, 9, number);
    }
    assert!(history.insert(9, &message(30)));
    assert_eq!(history.take_unwritten(), [10, 20, 30, 40].map(message));
    assert!(history.insert(9, &message(15)));
    assert_eq!(history.take_unwritten(), [15, 20, 30, 40].map(message));
}

#[test]
fn the_store_gets_each_message_once_and_again_what_it_refused() {
    let mut history = History::default();
    place(&mut history, 3, 1);
    place(&mut history, 3, 2);
    assert_eq!(history.take_unwritten(), [message(1), message(2)]);
    place(&mut history, 3, 3);
    assert_eq!(history.take_unwritten(), [message(3)]);
    history.note_unwritten(1);
    place(&mut history, 3, 4);
    assert_eq!(history.take_unwritten(), [message(3), message(4)]);
    assert_eq!(history.take_unwritten(), []);
}

#[test]
fn the_store_gets_no_more_than_there_is() {
    let mut history = History::default();
    for number in 1..=10 {
        place(&mut history, 2, number);
    }
    assert_eq!(history.take_unwritten(), [message(9), message(10)]);
}

#[test]
fn a_large_message_does_not_keep_its_room() {
    let mut history = History::default();
    let publisher = ClientId::from("bob");
    for (logical, payload) in [(1, vec![b' '; 1 << 20]), (2, vec![b'1'])] {
        history.place(1, &Source { logical, ..Source::of(&publisher) }, payload);
    }
    assert!(history.bytes() < 4096, "{}", history.bytes());
}

#[test]
fn of_a_run_only_the_last_messages_are_kept_with_their_places() {
    for (count_max, expected) in [(0, &[][..]), (2, &[(3, "3"), (4, "4")]), (9, &ALL)] {
        let mut last = LastPayloads::new(HistoryRule { count_max, persistent: false });
        (0..5).for_each(|number| last.push(number.to_string().as_bytes()));
        let kept: Vec<_> =
            last.finish().map(|(place, text)| (place, String::from_utf8(text).unwrap())).collect();
        let kept: Vec<_> = kept.iter().map(|(place, text)| (*place, text.as_str())).collect();
        assert_eq!(kept, expected);
    }
}

const ALL: [(u64, &str); 5] = [(0, "0"), (1, "1"), (2, "2"), (3, "3"), (4, "4")];

fn place(history: &mut History, count_max: u32, number: u64) {
    let HistoryMessage { id, logical, at, publisher, payload, .. } = message(number);
    let source = Source { id, at, logical, ..Source::of(&publisher) };
    history.place(count_max, &source, payload.to_vec());
}

fn message(number: u64) -> HistoryMessage {
    HistoryMessage {
        id: MessageId { origin: 1, sequence: number },
        logical: number,
        // What the wall clock said does not matter.
        at: 1000 - number,
        publisher: ClientId::from("bob"),
        server: None,
        payload: Bytes::from(number.to_string()),
    }
}

fn texts(history: &History) -> Vec<&str> {
    history.iter().map(|(_, payload)| std::str::from_utf8(payload).unwrap()).collect()
}
