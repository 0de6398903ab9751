use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

const NOW: UnixMs = 1_800_000_000_000;

fn throttle() -> Throttle {
    let attempt_delay_max = Duration::from_secs(2);
    Throttle::new(ThrottleSettings { failed_attempts_max: 3, attempt_delay_max })
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

/// Returns the wait after each of `count` failures in one moment, in milliseconds.
fn waits(throttle: &Throttle, count: usize) -> Vec<u128> {
    let fail = |_| {
        throttle.note_failure(address(1), "ada", NOW);
        throttle.delay(address(1), "ada", NOW).as_millis()
    };
    (0..count).map(fail).collect()
}

#[test]
fn each_failure_beyond_the_free_ones_doubles_the_wait_up_to_the_longest() {
    let throttle = throttle();
    assert_eq!(throttle.delay(address(1), "ada", NOW), Duration::ZERO);
    assert_eq!(waits(&throttle, 8), [0, 0, 200, 400, 800, 1600, 2000, 2000]);
}

#[test]
fn a_great_many_failures_wait_no_longer_than_the_longest() {
    let throttle = throttle();
    waits(&throttle, 200);
    assert_eq!(throttle.delay(address(1), "ada", NOW), Duration::from_secs(2));
}

#[test]
fn the_wait_counts_from_the_last_failure() {
    let throttle = throttle();
    waits(&throttle, 4);
    assert_eq!(throttle.delay(address(1), "ada", NOW + 100), Duration::from_millis(300));
    assert_eq!(throttle.delay(address(1), "ada", NOW + 400), Duration::ZERO);
}

#[test]
fn failures_are_forgiven_one_by_one() {
    let throttle = throttle();
    waits(&throttle, 6);
    // Three are forgiven by then, and the next makes it four.
    throttle.note_failure(address(1), "ada", NOW + 30_000);
    assert_eq!(throttle.delay(address(1), "ada", NOW + 30_000), Duration::from_millis(400));
    throttle.note_failure(address(1), "ada", NOW + 90_000);
    assert_eq!(throttle.delay(address(1), "ada", NOW + 90_000), Duration::ZERO);
}

#[test]
fn an_address_waits_whatever_client_it_tries_and_a_client_wherever_it_is_tried() {
    let throttle = throttle();
    waits(&throttle, 3);
    assert_eq!(throttle.delay(address(1), "bob", NOW), Duration::from_millis(200));
    assert_eq!(throttle.delay(address(2), "ada", NOW), Duration::from_millis(200));
    assert_eq!(throttle.delay(address(2), "bob", NOW), Duration::ZERO);
}

#[test]
fn addresses_of_one_ipv6_network_are_one_and_mapped_ones_are_ipv4() {
    let throttle = throttle();
    let v6 = |network: u16, host: u16| {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, host))
    };
    for host in 0..3 {
        throttle.note_failure(v6(1, host), &host.to_string(), NOW);
    }
    assert_eq!(throttle.delay(v6(1, 99), "x", NOW), Duration::from_millis(200));
    assert_eq!(throttle.delay(v6(2, 0), "x", NOW), Duration::ZERO);
    waits(&throttle, 3);
    let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
    assert_eq!(throttle.delay(mapped, "x", NOW), Duration::from_millis(200));
}

#[test]
fn it_remembers_only_so_many_and_those_with_most_failures_longest() {
    let throttle = throttle();
    waits(&throttle, 5);
    for number in 0..u32::try_from(ENTRIES_MAX).unwrap() {
        let address = Ipv4Addr::from_bits(0x0a00_0000 + number).into();
        throttle.note_failure(address, &number.to_string(), NOW + u64::from(number % 7));
    }
    assert!(throttle.failures.lock().len() <= ENTRIES_MAX);
    assert!(throttle.delay(address(1), "ada", NOW) > Duration::ZERO);
}

#[test]
fn a_clock_that_goes_back_neither_panics_nor_forgives() {
    let throttle = throttle();
    waits(&throttle, 3);
    assert_eq!(throttle.delay(address(1), "ada", NOW - 60_000), Duration::from_millis(200));
}
