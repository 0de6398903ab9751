//! Connections and sessions at `debug`, in every dialect alike.

use rialto_testkit::{Broker, CoremqPeer, PubsubxPeer, Transport};
use serde_json::{Value, json};

use super::{http, launch, online};

/// Waits for a line on connections of a listener.
#[track_caller]
fn line(broker: &Broker, message: &str, listener: &str) -> Value {
    let mut line = broker.wait_for_log(&format!("{message} of {listener}"), |line| {
        line["target"] == "rialto::connection"
            && line["message"] == message
            && line["listener"] == listener
    });
    let fields = line.as_object_mut().unwrap();
    assert_eq!(fields.remove("level").unwrap(), "DEBUG");
    fields.remove("timestamp");
    let address = fields.remove("address").unwrap();
    assert!(address.as_str().unwrap().starts_with("127.0.0.1:"), "{address}");
    line
}

#[test]
fn a_connection_is_told_of_from_its_begin_to_its_end_in_every_dialect() {
    let broker = launch("").set("log.level=info,rialto::connection=debug").start();
    let mut ada = online(&broker, "ada");
    ada.send(r#"{"disconn":{}}"#);
    let mut coremq = CoremqPeer::connect(&broker, Transport::Tcp);
    let options = json!({"client": "bob", "token": "token-of-bob-0123456789"});
    coremq.expect_response("-", json!({ "coremq_options": options }), "OK: Options set");
    let id = coremq.id().to_owned();
    drop(coremq);
    let mut pubsubx = PubsubxPeer::connect(&broker, Transport::Tcp);
    pubsubx.send("CONNECT bob token-of-bob-0123456789");
    pubsubx.expect("OK: Conn accepted");
    pubsubx.send("DISCONNECT");
    http::ask(&broker, "GET /status.json", "", "");

    for (dialect, listener, client, reason) in [
        ("jmqt", "listen-1", "ada", "asked"),
        ("coremq", "coremq", &*id, "ended"),
        ("pubsubx", "pubsubx", "bob", "asked"),
    ] {
        let opened = line(&broker, "connection opened", listener);
        assert_eq!(opened["dialect"], dialect);
        let session = line(&broker, "session opened", listener);
        assert_eq!(session["client"], client);
        let number = session["session"].as_u64().unwrap();
        let mut ended = line(&broker, "connection ended", listener);
        assert!(ended.as_object_mut().unwrap().remove("lasted_ms").unwrap().is_u64());
        let told = json!({
            "message": "connection ended", "target": "rialto::connection", "dialect": dialect,
            "listener": listener, "client": client, "session": number, "reason": reason,
        });
        assert_eq!(ended, told);
    }
    line(&broker, "connection opened", "http");
    line(&broker, "connection ended", "http");
}
