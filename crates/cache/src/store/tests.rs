use std::{
    thread,
    time::{Duration, Instant},
};

use super::*;
use crate::{
    report::Report,
    request::Verb,
    stats_page,
    write::{Direction, Stored, Write},
};

const NOW: UnixMs = 1_735_689_600_000;

fn store(bytes_max: u64) -> Store {
    let prefixes = vec![b"n".to_vec()];
    Store::new(Settings { bytes_max, prefixes, ..Settings::default() }, NOW)
}

fn key(name: &str) -> Key {
    Key::parse(name.as_bytes()).unwrap()
}

fn write(name: &str, value: impl Into<Bytes>) -> Write {
    Write { key: key(name), flags: 0, exptime: Exptime::NEVER, value: value.into() }
}

#[test]
fn no_count_is_lost_and_changes_come_in_order_when_threads_count_the_same_key() {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 2000;
    let store = store(1 << 20);
    let n = key("n");
    store.write(Verb::Set, write("n", "0"), NOW);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    store.count(&n, 1, Direction::Up, NOW).unwrap();
                }
            });
        }
    });
    let total = THREADS * ROUNDS;
    assert_eq!(store.get(&n, NOW).unwrap().value, total.to_string());
    let told: Vec<ChangeKind> = store.take_changes().into_iter().map(|it| it.kind).collect();
    let expected = (0..=total).map(|sum| ChangeKind::Set(sum.to_string().into()));
    assert!(told.into_iter().eq(expected));
}

#[test]
fn of_threads_that_compare_and_swap_exactly_one_wins_each_round() {
    let store = store(1 << 20);
    let wins = AtomicU64::new(0);
    store.write(Verb::Set, write("k", "0"), NOW);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut won = 0;
                while won < 500 {
                    let cas = store.get(&key("k"), NOW).unwrap().cas;
                    let stored = store.write(Verb::Cas(cas), write("k", "x"), NOW);
                    won += u64::from(stored == Stored::Stored);
                }
                wins.fetch_add(won, Ordering::Relaxed);
            });
        }
    });
    // Each success took one id, and nothing else did.
    assert_eq!(wins.into_inner(), 2000);
    assert_eq!(store.get(&key("k"), NOW).unwrap().cas, 2001);
}

#[test]
fn of_threads_that_add_the_same_key_one_succeeds() {
    let store = store(1 << 20);
    for round in 0..200 {
        let name = format!("k{round}");
        let successes = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let stored = store.write(Verb::Add, write(&name, "v"), NOW);
                    successes.fetch_add(u64::from(stored == Stored::Stored), Ordering::Relaxed);
                });
            }
        });
        assert_eq!(successes.into_inner(), 1);
    }
}

#[test]
fn what_was_used_last_stays_when_room_is_short() {
    let limit = 1 << 20;
    let store = store(limit);
    store.write(Verb::Set, write("kept", "v"), NOW);
    for index in 0..1000 {
        store.write(Verb::Set, write(&format!("k{index}"), vec![0; 10_000]), NOW);
        assert!(store.get(&key("kept"), NOW).is_some(), "gone at item {index}");
        assert!(store.get(&key(&format!("k{index}")), NOW).is_some());
        let room = limit + limit / ROOM_DIVISOR + 11_000;
        assert!(store.items.weighted_size() <= room, "{} bytes", store.items.weighted_size());
    }
    assert!(store.get(&key("k0"), NOW).is_none());
    let (bytes, items) = store.held();
    assert!(bytes <= limit);
    assert!(800 < count(&store, "evictions"), "{} evictions", count(&store, "evictions"));
    let counted: u64 = SizeClass::all().map(|class| store.stats().classes.of(class).items()).sum();
    assert_eq!(counted, items, "items by size");
}

#[test]
fn the_largest_value_fits_even_into_the_smallest_store() {
    let store = store(1 << 20);
    let largest = vec![0; store.item_bytes_max()];
    store.write(Verb::Set, write("k", largest.clone()), NOW);
    assert_eq!(store.get(&key("k"), NOW).unwrap().value, largest);
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the cache library has a clock of its own")]
fn items_whose_time_is_over_give_their_memory_back() {
    let store = Store::new(Settings { stale_kept_ms: 0, ..Settings::default() }, NOW);
    let short = Exptime::parse(b"1").unwrap();
    for index in 0..100 {
        store.write(Verb::Set, Write { exptime: short, ..write(&format!("k{index}"), "v") }, NOW);
    }
    // A touch into the past leaves nothing behind either.
    let past = Exptime::parse(b"-1").unwrap();
    for index in 0..100 {
        assert!(store.touch(&key(&format!("k{index}")), past, NOW));
    }
    // The cache library looks at the time about once a second.
    let deadline = Instant::now() + Duration::from_secs(20);
    while store.held() != (0, 0) {
        assert!(Instant::now() < deadline, "bytes and items left: {:?}", store.held());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_expired_or_was_flushed_is_told_from_what_never_was_for_a_while() {
    let store = store(1 << 20);
    let past = Exptime::parse(b"-1").unwrap();
    store.write(Verb::Set, Write { exptime: past, ..write("expired", "v") }, NOW);
    store.write(Verb::Set, write("flushed", "v"), NOW);
    store.flush_all(Exptime::NEVER, NOW + 1);
    store.on_tick(NOW + 2);
    for name in ["expired", "flushed", "unknown"] {
        assert!(store.get(&key(name), NOW + 2).is_none());
    }
    // The flush took both.
    assert_eq!((count(&store, "get_expired"), count(&store, "get_flushed")), (0, 2));
    store.write(Verb::Set, write("flushed", "v"), NOW + 3);
    assert_eq!(count(&store, "reclaimed"), 1);
    store.write(Verb::Set, Write { exptime: past, ..write("expired", "v") }, NOW + 3);
    assert!(store.get(&key("expired"), NOW + 3).is_none());
    assert_eq!(count(&store, "get_expired"), 1);

    // After that while, what was flushed gives its memory back, and what came later stays.
    store.write(Verb::Set, write("old", "v"), NOW + 4);
    store.flush_all(Exptime::NEVER, NOW + 5);
    store.write(Verb::Set, write("new", "v"), NOW + 6);
    store.on_tick(NOW + 5 + Settings::default().stale_kept_ms);
    let (_, items) = store.held();
    assert!(store.get(&key("new"), NOW + 7).is_some());
    assert_eq!((items, count(&store, "get_flushed")), (1, 2), "items left, gets of flushed items");
}

fn count(store: &Store, name: &str) -> u64 {
    store.stats().counters.all().find(|(it, _)| *it == name).unwrap().1
}

#[test]
fn a_flush_takes_what_was_there_and_nothing_after_it() {
    let store = store(1 << 20);
    for round in 0..1000 {
        store.write(Verb::Set, write("before", "v"), NOW);
        store.flush_all(Exptime::NEVER, NOW);
        store.write(Verb::Set, write("after", "v"), NOW);
        assert!(store.get(&key("before"), NOW).is_none(), "round {round}");
        assert!(store.get(&key("after"), NOW).is_some(), "round {round}");
    }
}

#[test]
fn what_lives_for_a_time_does_so_whatever_the_wall_clock_does() {
    const HOUR: UnixMs = 3_600_000;
    let store = store(1 << 20);
    let set = |name: &str, exptime: &str| {
        let exptime = Exptime::parse(exptime.as_bytes()).unwrap();
        store.write(Verb::Set, Write { exptime, ..write(name, "v") }, NOW);
    };
    let is_there = |name: &str, now| store.get(&key(name), now).is_some();
    set("hour", "3600");
    for wall in [NOW + 31 * 24 * HOUR, NOW - 5 * HOUR] {
        store.note_wall(NOW, wall);
        assert!(is_there("hour", NOW + HOUR - 1) && !is_there("hour", NOW + HOUR));
        // A time of the wall clock is meant as it is when the item comes.
        set("absolute", &((wall + HOUR) / 1000).to_string());
        assert!(is_there("absolute", NOW + HOUR - 1) && !is_there("absolute", NOW + HOUR));
        set("past", &((wall - HOUR) / 1000).to_string());
        assert!(!is_there("past", NOW));
        let mut reply = Vec::new();
        stats_page::answer(&Report::General, &store, NOW, &mut reply);
        let time = format!("STAT time {}\r\n", wall / 1000);
        assert!(
            String::from_utf8(reply).unwrap().contains(&time),
            "the wall clock is what is shown"
        );
    }
}
