use std::time::Instant;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Dropped, Queue};
use crate::{
    Subject,
    outgoing::{Kind, OVERHEAD_BYTES, Outgoing},
};

fn message(kind: Kind, number: u8, bytes: usize) -> Outgoing {
    let bytes = Bytes::from(vec![number; bytes]);
    Outgoing::new(Subject::from("s"), kind, bytes)
}

fn paged(number: u8, bytes: usize) -> Outgoing {
    message(Kind::Doorbell, number, bytes).with_bare(Bytes::from(vec![number; 1]))
}

fn queue(messages: Vec<Outgoing>, room: usize) -> Queue {
    let mut queue = Queue::new(room);
    messages.into_iter().for_each(|message| queue.push(message, Instant::now()));
    queue
}

fn numbers(queue: &mut Queue) -> Vec<(u8, usize)> {
    let taken = queue.take(usize::MAX, usize::MAX);
    taken.iter().map(|(message, _)| (message.bytes[0], message.bytes.len())).collect()
}

#[test]
fn what_fits_comes_out_as_it_went_in() {
    let mut queue =
        queue(vec![paged(1, 10), message(Kind::Run, 2, 20), message(Kind::Doorbell, 3, 30)], 1000);
    assert_eq!(queue.bytes(), 60 + 3 * OVERHEAD_BYTES);
    assert_eq!(numbers(&mut queue), [(1, 10), (2, 20), (3, 30)]);
    assert_eq!((queue.bytes(), queue.dropped), (0, Dropped::default()));
}

#[test]
fn doorbells_lose_their_pages_before_anything_else_goes() {
    let room = 4 * OVERHEAD_BYTES + 250;
    let mut queue =
        queue(vec![paged(1, 100), message(Kind::Run, 2, 20), paged(3, 100), paged(4, 100)], room);
    assert_eq!(queue.dropped, Dropped { pages: 3, ..Dropped::default() });
    assert_eq!(numbers(&mut queue), [(1, 1), (2, 20), (3, 1), (4, 1)]);
}

#[test]
fn runs_go_before_doorbells() {
    let room = 3 * OVERHEAD_BYTES;
    let runs = (0..3).map(|number| message(Kind::Run, number, 10));
    let mut queue = queue(runs.chain([message(Kind::Doorbell, 9, 10)]).collect(), room);
    assert_eq!(queue.dropped, Dropped { runs: 2, ..Dropped::default() });
    assert_eq!(numbers(&mut queue), [(1, 10), (9, 10)]);
}

#[test]
fn a_run_that_does_not_fit_is_dropped_and_a_doorbell_only_among_doorbells() {
    let room = 2 * OVERHEAD_BYTES + 20;
    let bell = |number| message(Kind::Doorbell, number, 10);
    let mut queue = queue(vec![bell(1), bell(2), bell(3), message(Kind::Run, 4, 10)], room);
    assert_eq!(queue.dropped, Dropped { pages: 0, runs: 1, doorbells: 1 });
    assert_eq!(numbers(&mut queue), [(1, 10), (2, 10)]);
}

#[test]
fn one_message_is_taken_however_large_it_is() {
    let mut queue = queue(vec![message(Kind::Run, 1, 900), message(Kind::Run, 2, 10)], 2000);
    assert_eq!(queue.take(10, 100).len(), 1);
    assert_eq!(queue.take(10, 100).len(), 1);
    assert!(queue.take(10, 100).is_empty());
}

proptest! {
    #[test]
    fn it_keeps_to_its_bound_and_counts_what_it_leaves_out(
        messages in prop::collection::vec((0..3_u8, 1..400_usize), 0..60), room in 0..6000_usize,
        takes in prop::collection::vec(0..60_usize, 0..6),
    ) {
        let mut queue = Queue::new(room);
        let (mut taken, mut runs, mut bells) = (Vec::new(), 0, 0);
        for (index, (kind, bytes)) in messages.into_iter().enumerate() {
            let number = index as u8;
            let message = match kind {
                0 => message(Kind::Run, number, bytes),
                1 => message(Kind::Doorbell, number, bytes),
                _ => paged(number, bytes),
            };
            *if kind == 0 { &mut runs } else { &mut bells } += 1;
            queue.push(message, Instant::now());
            prop_assert!(queue.bytes() <= room);
            if takes.contains(&index) {
                taken.extend(queue.take(3, 200));
            }
        }
        taken.extend(queue.take(usize::MAX, usize::MAX));
        prop_assert_eq!((queue.bytes(), queue.is_empty()), (0, true));
        let order: Vec<u8> = taken.iter().map(|(message, _)| message.bytes[0]).collect();
        prop_assert!(order.is_sorted());
        let is_run = |kind| taken.iter().filter(|(message, _)| message.kind == kind).count() as u64;
        prop_assert_eq!(is_run(Kind::Run) + queue.dropped.runs, runs);
        prop_assert_eq!(is_run(Kind::Doorbell) + queue.dropped.doorbells, bells);
    }
}
