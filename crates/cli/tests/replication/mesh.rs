//! Three servers and nothing in the way.

use serde_json::json;

use super::{
    cluster::{COUNT, Cluster, name_of},
    common::Network,
};

#[test]
fn every_message_reaches_every_subscriber_of_every_server_once_and_in_order() {
    // C-31, C-33: the same list on all three, and no message goes round.
    let Some(mut cluster) = Cluster::try_start(&[]) else { return };
    cluster.add_all_clients();
    for count in [1, 100, 10, 500] {
        cluster.publish(&[0, 1, 2], count);
        cluster.settle();
    }
    cluster.expect_all_delivered_once();

    for server in 0..COUNT {
        let others: Vec<usize> = (0..COUNT).filter(|&other| other != server).collect();
        // Two questions count as well.
        assert_eq!(cluster.stat(server, "published"), cluster.sent_count(&[server]) + 2);
        assert_eq!(cluster.stat(server, "relayed"), cluster.sent_count(&others));
        assert_eq!(cluster.stat(server, "relay_missed"), 0);
        for other in others {
            assert_eq!(cluster.link_count(server, other), 1, "the first connection holds");
        }
    }
    cluster.expect_equal_histories();
}

#[test]
fn a_server_recognises_itself_in_the_list_by_asking_or_by_its_name() {
    // C-33: the addresses say nothing of the names until one has connected.
    let Some(mut cluster) = Cluster::try_new() else { return };
    cluster.start(0, &[]);
    cluster.start(1, &[&format!("cluster.name={}", Network::address(1))]);
    cluster.server(0).wait_for_log("word about itself", |entry| {
        entry["message"] == "a cluster node is this server itself"
            && entry["host"] == *Network::address(0).to_string()
    });
    cluster.wait_linked(1, 0);
    assert!(cluster.log(1, "a cluster node is this server itself").is_empty());

    let answer = cluster.coremq(0, 0).ask(json!({"coremq_status": true}));
    let replicants = answer["replicants"].as_array().unwrap();
    assert!(!replicants.contains(&json!(name_of(0))), "{answer}");
}
