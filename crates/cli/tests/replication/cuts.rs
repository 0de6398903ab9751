//! Cables are cut while messages are on their way.

use super::{
    cluster::{COUNT, Cluster, wait_until},
    common::{Cut, Network},
};

#[test]
fn what_is_published_during_a_cut_comes_once_after_it_and_the_third_server_misses_nothing() {
    for cut in [Cut::Silent, Cut::Down] {
        let Some(mut cluster) = Cluster::try_start(&[]) else { return };
        cluster.add_all_clients();
        cluster.publish(&[0, 1, 2], 300);
        cluster.network.cut((0, 1), cut);
        cluster.publish(&[0, 1, 2], 300);
        cluster.wait_delivered(&[2], &[0, 1, 2]);
        cluster.wait_delivered(&[0, 1], &[2]);
        cluster.publish(&[0, 1, 2], 50);
        cluster.wait_delivered(&[0, 1], &[2]);
        cluster.network.heal((0, 1));
        cluster.publish(&[0, 1, 2], 300);
        cluster.expect_all_delivered_once();
        cluster.expect_equal_histories();
        expect_nothing_missed(&cluster);
    }
}

#[test]
fn a_short_cut_costs_no_connection() {
    let Some(mut cluster) = Cluster::try_start(&[]) else { return };
    cluster.add_all_clients();
    for pair in cluster.network.pairs() {
        cluster.network.cut(pair, Cut::Silent);
    }
    cluster.publish(&[0, 1, 2], 100);
    for server in 0..COUNT {
        cluster.wait_delivered(&[server], &[server]);
    }
    cluster.network.heal_all();
    cluster.expect_all_delivered_once();
    for (one, other) in cluster.network.pairs() {
        assert_eq!((cluster.loss_count(one, other), cluster.loss_count(other, one)), (0, 0));
    }
}

#[test]
fn a_long_cut_ends_the_connections_of_both_sides_and_what_they_missed_comes_over_new_ones() {
    let Some(mut cluster) = Cluster::try_start(&[]) else { return };
    cluster.add_all_clients();
    cluster.publish(&[0, 1, 2], 100);
    cluster.network.cut((0, 1), Cut::Silent);
    cluster.network.cut((1, 2), Cut::Down);
    cluster.publish(&[0, 1, 2], 100);
    for (to, from) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
        wait_until("the link is given up", || cluster.loss_count(to, from) == 1);
    }
    cluster.publish(&[0, 1, 2], 100);
    cluster.wait_delivered(&[0, 2], &[0, 2]);
    assert_eq!((cluster.loss_count(0, 2), cluster.loss_count(2, 0)), (0, 0));

    cluster.network.heal_all();
    cluster.expect_all_delivered_once();
    cluster.expect_equal_histories();
    expect_nothing_missed(&cluster);
}

#[test]
fn what_the_backlog_does_not_hold_is_counted_by_those_who_miss_it_and_stands_in_the_history() {
    let settings = ["cluster.backlog_bytes_max=4KiB"];
    let Some(mut cluster) = Cluster::try_start(&settings) else { return };
    cluster.add_all_clients();
    cluster.publish(&[0, 1, 2], 10);
    cluster.wait_delivered(&[0, 1, 2], &[0, 1, 2]);
    for pair in cluster.network.pairs() {
        cluster.network.cut(pair, Cut::Down);
    }
    // A connection that lives would bring all.
    for (to, from) in [(1, 0), (2, 0), (2, 1), (0, 1), (0, 2), (1, 2)] {
        wait_until("the link is given up", || cluster.loss_count(to, from) == 1);
    }
    for _ in 0..20 {
        cluster.publish(&[0, 1, 2], 20);
        cluster.settle();
    }
    cluster.network.heal_all();
    cluster.expect_all_delivered_or_missed();
    assert!((0..COUNT).all(|server| cluster.stat(server, "relay_missed") > 0));
    cluster.expect_equal_histories();
}

fn expect_nothing_missed(cluster: &Cluster) {
    for server in 0..COUNT {
        let missed = cluster.stat(server, "relay_missed");
        assert_eq!(missed, 0, "at {}", Network::address(server));
    }
}
