use std::net::IpAddr;

use rialto_domain::CloseReason;

use super::{ConnectionLimiter, ConnectionSlot};

/// Lets in as many as it can on a listener.
fn fill(limiter: &std::sync::Arc<ConnectionLimiter>, listener: usize) -> Vec<ConnectionSlot> {
    std::iter::from_fn(|| limiter.admit(listener).ok()).collect()
}

#[test]
fn a_listener_that_is_flooded_leaves_the_others_their_shares() {
    let limiter = ConnectionLimiter::new(50, 0, &[0; 5]);
    // A share is five connections, and 25 are for whoever comes first.
    let flood = fill(&limiter, 0);
    assert_eq!(flood.len(), 30);
    assert!(matches!(limiter.admit(0), Err(CloseReason::ListenerFull { limit: 30 })));
    let others: Vec<Vec<ConnectionSlot>> =
        (1..5).map(|listener| fill(&limiter, listener)).collect();
    assert!(others.iter().all(|slots| slots.len() == 5));
    assert_eq!(limiter.open(), 50);
    assert!(matches!(limiter.admit(3), Err(CloseReason::TooManyConnections { limit: 50 })));
    drop(flood);
    // What was in nobody's share is there for the others again.
    assert_eq!(fill(&limiter, 3).len(), 25);
}

#[test]
fn places_that_are_given_back_in_any_order_are_there_again() {
    let limiter = ConnectionLimiter::new(12, 0, &[0; 3]);
    for _ in 0..3 {
        let mut slots: Vec<ConnectionSlot> = (0..3).flat_map(|it| fill(&limiter, it)).collect();
        assert_eq!(slots.len(), 12);
        // Every other one, then the rest.
        let mut index = 0;
        slots.retain(|_| {
            index += 1;
            index % 2 == 0
        });
        assert_eq!(limiter.open(), 6);
        slots.extend((0..3).rev().flat_map(|it| fill(&limiter, it)));
        assert_eq!(slots.len(), 12);
    }
    assert_eq!(limiter.open(), 0);
    assert_eq!(limiter.counts.lock().common, 0);
}

#[test]
fn a_listener_with_a_limit_of_its_own_keeps_to_it_and_needs_no_more_of_a_share() {
    let limiter = ConnectionLimiter::new(20, 0, &[1, 0]);
    assert_eq!(fill(&limiter, 1).len(), 19);
    let one = fill(&limiter, 0);
    assert_eq!(one.len(), 1);
    assert!(matches!(limiter.admit(0), Err(CloseReason::ListenerFull { limit: 1 })));
}

#[test]
fn fewer_connections_than_listeners_are_for_whoever_comes_first() {
    let limiter = ConnectionLimiter::new(2, 0, &[0; 4]);
    assert_eq!(fill(&limiter, 3).len(), 2);
}

#[test]
fn addresses_of_one_ipv6_network_are_one_and_mapped_ones_are_ipv4() {
    let limiter = ConnectionLimiter::new(100, 2, &[0]);
    let count = |address: &str| {
        let mut slot = limiter.admit(0).unwrap();
        slot.count_from(address.parse::<IpAddr>().unwrap()).map(|()| slot)
    };
    let _one = count("2001:db8::1").unwrap();
    let two = count("2001:db8::ffff:ffff:ffff:ffff").unwrap();
    assert!(count("2001:db8::2").is_err());
    let _other = count("2001:db8:0:1::2").unwrap();
    drop(two);
    let mut again = count("2001:db8::2").unwrap();
    // It counts once, whatever is said of it later.
    again.count_from("192.0.2.1".parse().unwrap()).unwrap();
    let _three = count("192.0.2.1").unwrap();
    let _four = count("::ffff:192.0.2.1").unwrap();
    assert!(matches!(count("192.0.2.1"), Err(CloseReason::TooManyFromAddress { limit: 2 })));
}
