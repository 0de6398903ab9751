//! Servers and gateways of the original that attach themselves (C-31 to C-33), as raw sockets that
//! say what those say.

use rialto_testkit::{Broker, CoremqPeer, Peer, Transport};
use serde_json::json;

use crate::{SENT, connect, start, subscriber, wait_until};

const ATTACHED: &str = "OK: Replication request successful";
const REFUSED: &str = "ERROR: Not allowed to be a replicant";
const ALLOWED: &str = r#"cluster.allowed_replicants=["127.0.0.1"]"#;

/// Attaches a server of that name.
#[track_caller]
fn replicant(broker: &Broker, name: &str) -> CoremqPeer {
    let mut peer = connect(broker);
    let id = peer.id().to_owned();
    peer.expect_response(&id, json!({"coremq_replicant": name}), ATTACHED);
    peer
}

#[test]
fn a_server_that_is_allowed_gets_the_messages_of_all_queues() {
    // C-23, C-31: of every dialect, and also of queues that are new.
    let broker = start(&[ALLOWED, "cluster.name=north"]);
    let mut east = replicant(&broker, "east:6747");
    let mut ada = connect(&broker);
    ada.publish("a", r#"{"n":1}"#);
    ada.publish("Grüße", r#"{"n":2}"#);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.send(r#"{"pub":{"cn":"b","dt":"hello","q":1,"id":"1"}}"#);
    bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    let mut watcher = CoremqPeer::connect(&broker, Transport::WebSocket);
    watcher.send("c", r#"{"n":3}"#);
    watcher.recv();
    assert_eq!(east.expect_message("a"), json!({"n": 1}));
    assert_eq!(east.expect_message("Grüße"), json!({"n": 2}));
    assert_eq!(east.expect_message("b"), json!({"coremq_string": "hello"}));
    assert_eq!(east.expect_message("c"), json!({"n": 3}));
    let status = ada.ask("-", r#"{"coremq_status":1}"#);
    assert_eq!(status["replicants"], json!(["east:6747"]));
    east.hang_up();
    let status = ada.ask("-", r#"{"coremq_status":1}"#);
    assert_eq!(status["replicants"], json!([]));
}

#[test]
fn anybody_else_is_refused_and_gets_nothing() {
    // C-31: from an address that is not listed, or over the gateway.
    for settings in [&[] as &[_], &[r#"cluster.allowed_replicants=["192.0.2.1"]"#]] {
        let broker = start(settings);
        for transport in Transport::SOCKETS {
            let mut eve = CoremqPeer::connect(&broker, transport);
            eve.expect_response("-", r#"{"coremq_replicant":"east:6747"}"#, REFUSED);
            connect(&broker).publish("a", "{}");
            eve.expect_silence();
            eve.publish("a", r#"{"coremq_server":"east:6747"}"#);
        }
    }
    let broker = start(&[ALLOWED]);
    let mut eve = CoremqPeer::connect(&broker, Transport::WebSocket);
    let answer = eve.ask("-", r#"{"coremq_replicant":"east:6747"}"#);
    assert_eq!(answer, json!({"error": "Not allowed to be a replicant"}));
}

#[test]
fn a_message_of_another_servers_client_is_distributed_without_an_answer() {
    // C-32: to all dialects, with its sender and the server that took it in; not back to that
    // server.
    let broker = start(&[ALLOWED]);
    let mut east = replicant(&broker, "east:6747");
    let mut ada = subscriber(&broker, "a");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.subscribe("a");
    east.send(
        "a",
        json!({
            "n": 1, "coremq_server": "east:6747", "coremq_sender": "ann", "coremq_sent": 1.5,
            "coremq_fwdto": "ann"
        }),
    );
    east.expect_silence();
    ada.expect(
        "a",
        json!({
            "n": 1, "coremq_server": "east:6747", "coremq_sender": "ann", "coremq_sent": "*"
        }),
    );
    bob.expect(r#"{"push":{"cn":"a","dt":{"n":1},"cl":"ann"}}"#);
    let answer = ada.ask("-", r#"{"coremq_gethistory":["a"]}"#);
    assert_eq!(answer["history"]["a"][0]["n"], 1);
}

#[test]
fn on_an_ordinary_connection_the_key_makes_no_difference() {
    // C-32
    let broker = start(&[ALLOWED]);
    let mut ada = connect(&broker);
    let mut bob = subscriber(&broker, "a");
    ada.publish("a", r#"{"n":1,"coremq_server":"east:6747","coremq_fwdto":"eve"}"#);
    let (_, message) = bob.recv();
    assert_eq!(message["coremq_sender"], ada.id());
    assert_ne!(message["coremq_server"], "east:6747");
    assert_eq!(message.get("coremq_fwdto"), None);
}

#[test]
fn servers_do_not_get_their_own_messages_back() {
    // C-32, C-33: two others that speak to this one alone get each other's.
    let broker = start(&[ALLOWED]);
    let mut east = replicant(&broker, "east:6747");
    let mut west = replicant(&broker, "west:6747");
    east.send("a", r#"{"n":1,"coremq_server":"east:6747","coremq_fwdto":"ann"}"#);
    east.expect_silence();
    let (queue, message) = west.recv();
    let server = &message["coremq_server"];
    assert_eq!((&*queue, &message["n"], server), ("a", &json!(1), &json!("east:6747")));
    west.expect_silence();
}

#[test]
fn a_gateway_publishes_for_its_clients_and_passes_answers_on() {
    // C-31, C-37, C-38: what it sends for a client has that client's id as `coremq_fwdto`, and so
    // has the answer as its queue.
    let broker = start(&[ALLOWED]);
    let mut gateway = replicant(&broker, "gateway:9000");
    let mut ada = subscriber(&broker, "a");
    gateway.send("a", r#"{"n":1,"coremq_fwdto":"browser-1"}"#);
    let (queue, answer) = gateway.recv();
    assert_eq!((&*queue, answer), ("browser-1", json!({"response": SENT})));
    let (_, message) = ada.recv();
    assert_eq!(message["n"], 1);
    // It comes back for the gateway's other clients, with what tells whom to leave out.
    let (queue, message) = gateway.recv();
    assert_eq!((&*queue, &message["coremq_fwdto"]), ("a", &json!("browser-1")));
    gateway.send("-", r#"{"coremq_gethistory":["a"],"coremq_fwdto":"browser-2"}"#);
    let (queue, answer) = gateway.recv();
    assert_eq!((&*queue, answer["history"]["a"].is_array()), ("browser-2", true));
    ada.publish("b", r#"{"n":2}"#);
    assert_eq!(gateway.expect_message("b"), json!({"n": 2}));
}

#[test]
fn a_server_that_attaches_again_takes_the_place_of_its_lost_connection() {
    // C-31
    let broker = start(&[ALLOWED]);
    let mut lost = replicant(&broker, "east:6747");
    let mut east = replicant(&broker, "east:6747");
    lost.expect_last_word(0);
    connect(&broker).publish("a", r#"{"n":1}"#);
    assert_eq!(east.expect_message("a"), json!({"n": 1}));
}

#[test]
fn a_server_does_not_replicate_to_itself() {
    // C-33: neither under its name nor under its address.
    let mut broker = start(&["cluster.name=north"]);
    let port = broker.address_of("coremq").port();
    broker
        .set(&format!(r#"cluster.nodes=["north:{port}","127.0.0.1:{port}","NORTH.local:{port}"]"#));
    broker.restart();
    broker.wait_for_log("that it is itself", |entry| {
        entry["message"]
            .as_str()
            .is_some_and(|text| text.contains("a cluster node is this server itself"))
    });
    // It was taken for another until it answered.
    wait_until("no replicant is left", || {
        let status = connect(&broker).ask("-", r#"{"coremq_status":1}"#);
        status["replicants"] == json!([])
    });
    let mut ada = subscriber(&broker, "a");
    connect(&broker).publish("a", "{}");
    ada.expect_message("a");
    ada.expect_silence();
}

#[test]
fn a_channel_that_coremq_cannot_name_disturbs_no_replicant() {
    // C-7, C-31
    let broker = start(&[ALLOWED]);
    let mut east = replicant(&broker, "east:6747");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for channel in ["with blank", "a", " ", "b"] {
        bob.send(json!({"pub": {"cn": channel, "dt": {"to": channel}}}));
    }
    for queue in ["a", "b"] {
        assert_eq!(east.expect_message(queue), json!({"to": queue}));
    }
    east.expect_silence();
}

#[test]
fn two_servers_pass_on_what_their_clients_say() {
    // C-31 to C-33: in both directions, once, whoever of the two was there first.
    let mut north = start(&[ALLOWED, "cluster.name=north"]);
    let node = |broker: &Broker| {
        format!(r#"cluster.nodes=["127.0.0.1:{}"]"#, broker.address_of("coremq").port())
    };
    let south = start(&[ALLOWED, "cluster.name=south", &node(&north)]);
    north.set(&node(&south));
    north.restart();
    for broker in [&north, &south] {
        broker.wait_for_log("that messages of the other come in", |entry| {
            entry["message"].as_str().is_some_and(|text| text.contains("its messages are received"))
        });
    }
    wait_until("each has the other as replicant", || {
        [&north, &south].iter().all(|broker| {
            let status = connect(broker).ask("-", r#"{"coremq_status":1}"#);
            status["replicants"].as_array().unwrap().len() == 1
        })
    });
    let (mut ada, mut bob) = (subscriber(&north, "a"), subscriber(&south, "a"));
    for n in 0..50 {
        ada.publish("a", json!({"n": n}));
        let (_, message) = bob.recv();
        assert_eq!((&message["n"], &message["coremq_sender"]), (&json!(n), &json!(ada.id())));
        let server = format!("north:{}", north.address_of("coremq").port());
        assert_eq!(message["coremq_server"], server);
        bob.publish("a", json!({"n": n}));
        assert_eq!(ada.expect_message("a"), json!({"n": n}));
    }
    ada.expect_silence();
    bob.expect_silence();
}
