//! Servers that die, come back, or come late.

use super::{
    clients::Manner,
    cluster::{COUNT, Cluster, wait_until},
};

#[test]
fn a_server_that_was_killed_and_one_that_comes_late_catch_up_with_the_history() {
    let Some(mut cluster) = Cluster::try_new() else { return };
    for server in 0..2 {
        cluster.start(server, &[]);
    }
    cluster.wait_linked(0, 1);
    cluster.wait_linked(1, 0);
    for server in 0..2 {
        cluster.add_subscriber(server, Manner::Coremq);
        cluster.add_publisher(server, Manner::Jmqt);
        cluster.add_publisher(server, Manner::Coremq);
    }
    cluster.publish(&[0, 1], 100);
    cluster.wait_delivered(&[0, 1], &[0, 1]);

    cluster.start(2, &[]);
    cluster.wait_linked(2, 0);
    cluster.wait_linked(2, 1);
    cluster.wait_linked(0, 2);
    cluster.wait_linked(1, 2);
    let kept = cluster.expect_equal_histories();
    assert_eq!(kept.as_array().unwrap().len(), 10, "the late one has what the others kept");

    cluster.restart(0);
    for (one, other) in cluster.network.pairs() {
        cluster.wait_linked(one, other);
        cluster.wait_linked(other, one);
    }
    assert_eq!(cluster.expect_equal_histories(), kept);
    assert_eq!(cluster.stat(0, "relayed"), 0, "history is not delivered");

    // New clients, of which everybody gets everything; those of the second server went on.
    cluster.publish(&[1], 5);
    cluster.wait_delivered(&[1], &[1]);
    wait_until("the restarted one has them", || cluster.stat(0, "relayed") == 10);
    cluster.clear_clients();
    cluster.add_all_clients();
    cluster.publish(&[0, 1, 2], 100);
    cluster.expect_all_delivered_once();
    cluster.expect_equal_histories();
}

#[test]
fn what_a_restarted_server_takes_in_before_the_others_are_back_reaches_them() {
    let Some(mut cluster) = Cluster::try_start(&[]) else { return };
    for server in 1..COUNT {
        cluster.add_subscriber(server, Manner::Jmqt);
    }
    for _ in 0..3 {
        cluster.restart(0);
        cluster.add_publisher(0, Manner::Coremq);
        cluster.publish(&[0], 10);
        cluster.settle();
        cluster.wait_delivered(&[1, 2], &[0]);
    }
}
