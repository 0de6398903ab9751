use std::{
    future::Future,
    net::Ipv4Addr,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::*;

type Waits = Pin<Box<dyn Future<Output = Result<Turn, TooMany>>>>;

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

/// Lines one up; what comes of it is asked with [`poll`].
fn line_up(hashing: &Hashing, address: IpAddr) -> Waits {
    let hashing = hashing.clone();
    let mut waits: Waits = Box::pin(async move { hashing.turn(address).await });
    assert!(poll(&mut waits).is_none(), "there is a turn at once");
    waits
}

fn poll(waits: &mut Waits) -> Option<Result<Turn, TooMany>> {
    match waits.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

fn turn_at_once(hashing: &Hashing, last: u8) -> Turn {
    let hashing = hashing.clone();
    let mut waits: Waits = Box::pin(async move { hashing.turn(address(last)).await });
    poll(&mut waits).unwrap().ok().unwrap()
}

/// Ends a turn and returns which of those that wait has the next.
fn next(turn: Turn, waiting: &mut Vec<(&str, Waits)>) -> (String, Turn) {
    drop(turn);
    let mut found = None;
    waiting.retain_mut(|(name, waits)| match poll(waits) {
        Some(Ok(turn)) => {
            assert!(found.replace(((*name).to_owned(), turn)).is_none(), "two have it");
            false
        }
        Some(Err(TooMany)) => panic!("{name} was refused"),
        None => true,
    });
    found.expect("somebody is next")
}

#[test]
fn addresses_have_turns_one_after_the_other_however_many_each_has_waiting() {
    let hashing = Hashing::with_turns(1);
    let mut turn = turn_at_once(&hashing, 1);
    let mut waiting = Vec::new();
    for (name, last) in [("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2), ("c1", 3), ("b2", 2)] {
        waiting.push((name, line_up(&hashing, address(last))));
    }
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let (name, following) = next(turn, &mut waiting);
        order.push(name);
        turn = following;
    }
    assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3"]);
    drop(turn);
    drop(turn_at_once(&hashing, 9));
}

#[test]
fn a_place_is_given_up_by_whoever_waits_no_longer() {
    let hashing = Hashing::with_turns(1);
    let turn = turn_at_once(&hashing, 1);
    let gone = line_up(&hashing, address(1));
    let mut waiting = vec![("there", line_up(&hashing, address(1)))];
    drop(gone);
    assert_eq!(hashing.0.lock().waiting, 1);
    let (name, turn) = next(turn, &mut waiting);
    assert_eq!(name, "there");
    // Also when the turn has come already and is not taken.
    let given = line_up(&hashing, address(1));
    drop(turn);
    drop(given);
    let lines = hashing.0.lock();
    assert_eq!((lines.free, lines.waiting), (1, 0));
    assert!(lines.by_address.is_empty() && lines.order.is_empty());
}

#[test]
fn one_address_has_only_so_many_waiting() {
    let hashing = Hashing::with_turns(1);
    let _turn = turn_at_once(&hashing, 1);
    let waiting: Vec<Waits> =
        (0..WAITING_PER_ADDRESS_MAX).map(|_| line_up(&hashing, address(1))).collect();
    let refused = hashing.line_up(address(1)).err();
    assert_eq!(refused, Some(TooMany));
    drop(line_up(&hashing, address(2)));
    drop(waiting);
    drop(line_up(&hashing, address(1)));
}

#[test]
fn when_too_many_wait_the_longest_line_gives_way_to_a_shorter_one() {
    let hashing = Hashing::with_turns(1);
    let _turn = turn_at_once(&hashing, 1);
    let addresses = WAITING_MAX / WAITING_PER_ADDRESS_MAX;
    let mut waiting: Vec<Waits> = (0..WAITING_MAX)
        .map(|number| line_up(&hashing, address((number % addresses) as u8)))
        .collect();
    let mut newcomer = line_up(&hashing, address(99));
    assert!(poll(&mut newcomer).is_none());
    let refused = waiting.iter_mut().filter_map(poll).filter(Result::is_err).count();
    assert_eq!((refused, hashing.0.lock().waiting), (1, WAITING_MAX));
}
