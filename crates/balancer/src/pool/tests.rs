use std::{collections::HashMap, net::SocketAddr, time::Duration};

use rialto_config::BalancingPolicy::{self, HashClient, LeastConnections, RandomOfTwo, RoundRobin};
use rialto_stopwatch::Moment;

use super::{Pool, Spec, State, Terms};

const SECOND: Duration = Duration::from_secs(1);

fn terms(policy: BalancingPolicy) -> Terms {
    Terms {
        policy,
        failures_max: 3,
        eject_time: 5 * SECOND,
        eject_time_max: 12 * SECOND,
        slow_start: Duration::ZERO,
    }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], port))
}

fn spec(port: u16, weight: u32) -> Spec {
    Spec { address: at(port), weight, is_backup: false }
}

fn draw(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    seed.rotate_left(29)
}

/// Returns how many of `count` connections, all open, each server got.
fn shares(pool: &mut Pool, count: u32, now: Moment) -> HashMap<u16, u32> {
    let (mut got, mut seed) = (HashMap::new(), 7);
    for _ in 0..count {
        let pair = (draw(&mut seed), draw(&mut seed));
        let address = pool.choose(now, pair, &[]).expect("a server is up");
        *got.entry(address.port()).or_default() += 1;
    }
    got
}

#[test]
fn every_policy_keeps_to_the_weights() {
    for policy in [LeastConnections, RoundRobin, RandomOfTwo, HashClient] {
        let mut pool = Pool::new(terms(policy), &[spec(1, 1), spec(2, 2), spec(3, 1)]);
        let got = shares(&mut pool, 4000, Moment::now());
        for (port, wanted) in [(1, 1000), (2, 2000), (3, 1000)] {
            let share = got[&port];
            assert!(share.abs_diff(wanted) <= wanted / 10, "{policy}: {port} got {share}");
        }
    }
}

#[test]
fn round_robin_does_not_bunch() {
    let mut pool = Pool::new(terms(RoundRobin), &[spec(1, 2), spec(2, 1)]);
    let now = Moment::now();
    let ports: Vec<u16> =
        (0..6).filter_map(|_| pool.choose(now, (0, 0), &[])).map(|it| it.port()).collect();
    assert_eq!(ports, [1, 2, 1, 1, 2, 1]);
}

#[test]
fn a_key_stays_with_its_server_when_others_go_or_come() {
    let all = [spec(1, 1), spec(2, 1), spec(3, 1), spec(4, 1)];
    let now = Moment::now();
    let placed = |specs: &[Spec]| -> Vec<u16> {
        let mut pool = Pool::new(terms(HashClient), specs);
        let placed = (0..1000).filter_map(|key| pool.choose(now, (key, 0), &[]));
        placed.map(|it| it.port()).collect()
    };
    let (before, after) = (placed(&all), placed(&all[..3]));
    for (old, new) in before.iter().zip(&after) {
        assert!(old == new || *old == 4, "a key of server {old} went to {new}");
    }
    assert!(before.contains(&4));
}

#[test]
fn a_server_that_fails_is_ejected_for_longer_each_time() {
    let mut pool = Pool::new(terms(LeastConnections), &[spec(1, 1)]);
    let now = Moment::now();
    assert!(!pool.failed(at(1), now));
    pool.succeeded(at(1));
    assert!(!pool.failed(at(1), now));
    assert!(!pool.failed(at(1), now));
    assert!(pool.failed(at(1), now), "the third failure in a row");
    assert_eq!(pool.choose(now, (0, 0), &[]), None);
    assert!(!pool.is_ready(now));

    let mut now = now + 5 * SECOND;
    for ejected_for in [10, 12, 12] {
        assert!(pool.is_ready(now), "its time is over");
        assert!(pool.failed(at(1), now), "one failure more is enough");
        assert!(!pool.failed(at(1), now), "it is out already");
        assert!(!pool.is_ready(now + (ejected_for - 1) * SECOND));
        now = now + ejected_for * SECOND;
    }
    assert!(pool.checked(at(1), now), "it was out until the check");
    assert!(!pool.checked(at(1), now));
    assert!(!pool.failed(at(1), now), "it begins anew");
}

#[test]
fn a_server_that_is_back_begins_with_little() {
    let slowly = Terms { slow_start: 10 * SECOND, ..terms(RoundRobin) };
    let mut pool = Pool::new(slowly, &[spec(1, 1), spec(2, 1)]);
    let now = Moment::now();
    (0..3).for_each(|_| _ = pool.failed(at(1), now));
    pool.checked(at(1), now);
    let at_first = shares(&mut pool, 1000, now);
    assert!(at_first[&1].abs_diff(91) <= 2, "a tenth beside a whole: {at_first:?}");
    let halfway = shares(&mut pool, 1500, now + 5 * SECOND);
    assert!(halfway[&1].abs_diff(500) <= 2, "{halfway:?}");
    let then = shares(&mut pool, 1000, now + 10 * SECOND);
    assert!(then[&1].abs_diff(500) <= 2, "{then:?}");
}

#[test]
fn a_backup_gets_connections_when_nobody_else_can() {
    let backup = Spec { is_backup: true, ..spec(2, 1) };
    let mut pool = Pool::new(terms(LeastConnections), &[spec(1, 1), backup]);
    let now = Moment::now();
    assert_eq!(pool.choose(now, (0, 0), &[]), Some(at(1)));
    assert_eq!(pool.choose(now, (0, 0), &[at(1)]), Some(at(2)), "the other was tried");
    assert!(pool.drain(at(1), true, now));
    assert_eq!(pool.choose(now, (0, 0), &[]), Some(at(2)));
    assert!(pool.drain(at(1), false, now));
    assert_eq!(pool.choose(now, (0, 0), &[]), Some(at(1)));
    assert!(!pool.drain(at(9), true, now), "there is no such server");
}

#[test]
fn a_server_that_is_taken_out_keeps_its_connections_until_they_end() {
    let mut pool = Pool::new(terms(LeastConnections), &[spec(1, 1), spec(2, 1)]);
    let now = Moment::now();
    let both: Vec<_> = (0..2).filter_map(|_| pool.choose(now, (0, 0), &[])).collect();
    assert_eq!(both, [at(1), at(2)]);
    pool.replace(terms(LeastConnections), &[spec(2, 3), spec(3, 1)]);
    let known: Vec<_> = pool.servers(now).collect();
    assert_eq!(
        known,
        [(spec(1, 1), State::Leaving, 1), (spec(2, 3), State::Up, 1), (spec(3, 1), State::Up, 0),]
    );
    assert_eq!(pool.to_check(), [at(2), at(3)]);
    pool.closed(at(1));
    assert_eq!(pool.servers(now).count(), 2);
}
