use std::net::IpAddr;

use rialto_domain::CloseReason;

use super::{Admission, Permit};

/// Lets in as many as it can on a listener.
fn fill(admission: &std::sync::Arc<Admission>, listener: usize) -> Vec<Permit> {
    std::iter::from_fn(|| admission.admit(listener).ok()).collect()
}

#[test]
fn a_listener_that_is_flooded_leaves_the_others_their_shares() {
    let admission = Admission::new(50, 0, &[0; 5]);
    // A share is five connections, and 25 are for whoever comes first.
    let flood = fill(&admission, 0);
    assert_eq!(flood.len(), 30);
    assert!(matches!(admission.admit(0), Err(CloseReason::ListenerFull { limit: 30 })));
    let others: Vec<Vec<Permit>> = (1..5).map(|listener| fill(&admission, listener)).collect();
    assert!(others.iter().all(|permits| permits.len() == 5));
    assert_eq!(admission.open(), 50);
    assert!(matches!(admission.admit(3), Err(CloseReason::TooManyConnections { limit: 50 })));
    drop(flood);
    // What was in nobody's share is there for the others again.
    assert_eq!(fill(&admission, 3).len(), 25);
}

#[test]
fn places_that_are_given_back_in_any_order_are_there_again() {
    let admission = Admission::new(12, 0, &[0; 3]);
    for _ in 0..3 {
        let mut permits: Vec<Permit> = (0..3).flat_map(|it| fill(&admission, it)).collect();
        assert_eq!(permits.len(), 12);
        // Every other one, then the rest.
        let mut index = 0;
        permits.retain(|_| {
            index += 1;
            index % 2 == 0
        });
        assert_eq!(admission.open(), 6);
        permits.extend((0..3).rev().flat_map(|it| fill(&admission, it)));
        assert_eq!(permits.len(), 12);
    }
    assert_eq!(admission.open(), 0);
    assert_eq!(admission.counts.lock().common, 0);
}

#[test]
fn a_listener_with_a_limit_of_its_own_keeps_to_it_and_needs_no_more_of_a_share() {
    let admission = Admission::new(20, 0, &[1, 0]);
    assert_eq!(fill(&admission, 1).len(), 19);
    let one = fill(&admission, 0);
    assert_eq!(one.len(), 1);
    assert!(matches!(admission.admit(0), Err(CloseReason::ListenerFull { limit: 1 })));
}

#[test]
fn fewer_connections_than_listeners_are_for_whoever_comes_first() {
    let admission = Admission::new(2, 0, &[0; 4]);
    assert_eq!(fill(&admission, 3).len(), 2);
}

#[test]
fn addresses_of_one_ipv6_network_are_one_and_mapped_ones_are_ipv4() {
    let admission = Admission::new(100, 2, &[0]);
    let count = |address: &str| {
        let mut permit = admission.admit(0).unwrap();
        permit.count_from(address.parse::<IpAddr>().unwrap()).map(|()| permit)
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
