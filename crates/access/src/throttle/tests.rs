use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

const NOW: Duration = Duration::from_secs(1_000);

fn throttle() -> Throttle {
    let attempt_delay_max = Duration::from_secs(2);
    Throttle::new(ThrottleSettings { failed_attempts_max: 3, attempt_delay_max })
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

fn after(ms: u64) -> Duration {
    NOW + Duration::from_millis(ms)
}

/// Returns how long an attempt at that moment has to wait, in milliseconds, without counting it.
fn wait(throttle: &Throttle, address: IpAddr, client: &str, now: Duration) -> u128 {
    let attempt = throttle.count(address, client, now);
    throttle.give_back(&attempt);
    attempt.delay.as_millis()
}

/// Fails `count` times, each time as soon as the throttle lets it; returns the waits in milliseconds.
fn fail_in_turn(throttle: &Throttle, count: usize) -> (Vec<u128>, Duration) {
    let mut now = NOW;
    let fail = |_| {
        let attempt = throttle.count(address(1), "ada", now);
        now += attempt.delay;
        attempt.delay.as_millis()
    };
    ((0..count).map(fail).collect(), now)
}

#[test]
fn each_failure_beyond_the_free_ones_doubles_the_wait_up_to_the_longest() {
    let (waits, _) = fail_in_turn(&throttle(), 9);
    assert_eq!(waits, [0, 0, 0, 200, 400, 800, 1600, 2000, 2000]);
}

#[test]
fn attempts_at_once_are_counted_before_any_is_judged_and_wait_behind_each_other() {
    let throttle = throttle();
    let waits = (0..300).map(|_| throttle.count(address(1), "ada", NOW).delay.as_millis());
    let waits: Vec<_> = waits.collect();
    assert_eq!(waits[..7], [0, 0, 0, 200, 600, 1400, 2000]);
    assert!(waits[7..].iter().all(|&wait| wait == 2000), "none waits longer than the longest");
}

#[test]
fn an_attempt_that_was_right_leaves_no_trace() {
    let throttle = throttle();
    let (_, now) = fail_in_turn(&throttle, 4);
    for _ in 0..5 {
        let attempt = throttle.count(address(1), "ada", now);
        assert_eq!(attempt.delay.as_millis(), 400);
        throttle.give_back(&attempt);
    }
    let unknown = throttle.count(address(2), "bob", now);
    throttle.give_back(&unknown);
    assert_eq!(throttle.failures.lock().len(), 2, "nothing is remembered of who was right");
    throttle.give_back(&unknown);
}

#[test]
fn the_wait_counts_from_the_last_failure() {
    let throttle = throttle();
    let (_, last) = fail_in_turn(&throttle, 4);
    assert_eq!(wait(&throttle, address(1), "ada", last + Duration::from_millis(100)), 300);
    assert_eq!(wait(&throttle, address(1), "ada", last + Duration::from_millis(400)), 0);
}

#[test]
fn failures_are_forgiven_one_by_one() {
    let throttle = throttle();
    let (_, last) = fail_in_turn(&throttle, 6);
    // Three are forgiven by then, and the next makes it four.
    let next = last + Duration::from_secs(30);
    assert_eq!(throttle.count(address(1), "ada", next).delay.as_millis(), 0);
    assert_eq!(wait(&throttle, address(1), "ada", next), 400);
    assert_eq!(wait(&throttle, address(1), "ada", next + Duration::from_secs(60)), 0);
}

#[test]
fn an_address_waits_whatever_client_it_tries_and_a_client_wherever_it_is_tried() {
    let throttle = throttle();
    fail_in_turn(&throttle, 3);
    assert_eq!(wait(&throttle, address(1), "bob", NOW), 200);
    assert_eq!(wait(&throttle, address(2), "ada", NOW), 200);
    assert_eq!(wait(&throttle, address(2), "bob", NOW), 0);
}

#[test]
fn addresses_of_one_ipv6_network_are_one_and_mapped_ones_are_ipv4() {
    let throttle = throttle();
    let v6 = |network: u16, host: u16| {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, host))
    };
    for host in 0..3 {
        let _ = throttle.count(v6(1, host), &host.to_string(), NOW);
    }
    assert_eq!(wait(&throttle, v6(1, 99), "x", NOW), 200);
    assert_eq!(wait(&throttle, v6(2, 0), "x", NOW), 0);
    fail_in_turn(&throttle, 3);
    let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
    assert_eq!(wait(&throttle, mapped, "x", NOW), 200);
}

#[test]
fn it_remembers_only_so_many_and_those_with_most_failures_longest() {
    let throttle = throttle();
    fail_in_turn(&throttle, 5);
    for number in 0..u32::try_from(ENTRIES_MAX).unwrap() {
        let address = Ipv4Addr::from_bits(0x0a00_0000 + number).into();
        let _ = throttle.count(address, &number.to_string(), after(u64::from(number % 7)));
    }
    assert!(throttle.failures.lock().len() <= ENTRIES_MAX);
    assert!(wait(&throttle, address(1), "ada", NOW) > 0);
}
