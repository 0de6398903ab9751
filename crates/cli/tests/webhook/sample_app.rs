//! The application in Python decides for clients of each dialect.

use rialto_testkit::{CoremqPeer, Peer, PubsubxPeer, Transport};

use crate::{SECRET, launch, sample::Sample};

#[test]
fn the_sample_application_decides_for_jmqt() {
    let mut sample = Sample::start(SECRET);
    let broker = launch(&sample.url).start();
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    let refused = ada.ask(r#"{"auth":{"dt":{"client_name":""}}}"#);
    assert_eq!(refused["authAck"]["mg"], "authentication needs a client_name that is not empty");
    sample.wait_for("auth ");
    ada.log_in("ada");
    sample.wait_for(r#"connect {"client": "ada"}"#);
    let mine = ada.ask(r#"{"pub":{"cn":"$mySubscriptions","id":"0"}}"#);
    assert_eq!(mine["pubAck"]["dt"]["channels"], serde_json::json!(["update"]));
    ada.send(r#"{"sub":{"cn":"update"}}"#);
    ada.expect(
        r#"{"subAck":{"st":7,"cn":"update","mg":"update is the server's: every client is subscribed to it by the server"}}"#,
    );
    sample.wait_for(r#"subscribe {"client": "ada", "channel": "update"}"#);
    ada.subscribe("room");
    sample.wait_for(r#"subscribe {"client": "ada", "channel": "room"}"#);
    ada.send(r#"{"pub":{"cn":"update","dt":1,"id":"1","q":1}}"#);
    ada.expect(
        r#"{"pubAck":{"st":7,"id":"1","mg":"update is the server's: only the server publishes to it"}}"#,
    );
    sample.wait_for(r#"publish {"client": "ada", "channel": "update"}"#);
    ada.send(r#"{"pub":{"cn":"$hello","id":"2"}}"#);
    ada.expect(r#"{"pubAck":{"st":1,"id":"2","dt":{"hello":"ada","online":["ada"]}}}"#);
    sample.wait_for(r#"control {"client": "ada", "channel": "$hello"}"#);
    ada.leave();
    sample.wait_for(r#"disconnect {"client": "ada""#);
    sample.wait_for(r#"close {"client": "ada", "code": "asked"}"#);
}

#[test]
fn the_sample_application_decides_for_coremq() {
    let mut sample = Sample::start(SECRET);
    let broker = launch(&sample.url).start();
    let mut ada = CoremqPeer::connect(&broker, Transport::Tcp);
    sample.wait_for("connect ");
    let refusal = "ERROR: update is the server's: only the server publishes to it";
    ada.expect_response("update", r#"{"n":1}"#, refusal);
    sample.wait_for("publish ");
    ada.publish("room", r#"{"n":1}"#);
    sample.wait_for("publish ");
    ada.hang_up();
    assert!(sample.wait_for("close ").contains(r#""code": "ended""#));
}

#[test]
fn the_sample_application_decides_for_pubsubx() {
    let mut sample = Sample::start(SECRET);
    let broker = launch(&sample.url).start();
    let mut ada = PubsubxPeer::online(&broker, Transport::Tcp, "ada");
    sample.wait_for(r#"connect {"client": "ada"}"#);
    ada.subscribe("room");
    sample.wait_for(r#"subscribe {"client": "ada", "channel": "room"}"#);
    ada.send("PUBLISH update text");
    sample.wait_for(r#"publish {"client": "ada", "channel": "update"}"#);
    ada.leave();
    sample.wait_for(r#"close {"client": "ada", "code": "asked"}"#);
}

#[test]
fn an_application_with_another_secret_takes_the_server_for_a_stranger() {
    let sample = Sample::start("some other secret");
    let broker = launch(&sample.url).start();
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    ada.send(r#"{"auth":{"dt":{"client_name":"ada"}}}"#);
    ada.expect(r#"{"authAck":{"st":5,"mg":"the server cannot decide this now; try again later"}}"#);
}
