//! A broker that stores in MariaDB: what it promises holds as on any other store.

use std::process::Command;

use rialto_testkit::{Broker, Mariadb, Peer, Transport};

use crate::{
    common::{PROGRAM, acknowledge, publish, publish_stored},
    http::ask,
    launch, until,
};

/// Makes a database for a broker, and returns the settings that lead there.
fn settings(server: &Mariadb) -> String {
    server.sql("CREATE DATABASE rialto");
    let url = server.url().replace("/?", "/rialto?");
    format!("[store]\nkind = \"mysql\"\nurl = \"{url}\"\n")
}

fn is_ready(broker: &Broker) -> bool {
    ask(broker, "GET /readyz", None, "").status == 200
}

#[test]
fn what_is_stored_in_mariadb_outlives_broker_and_database() {
    // J-63, J-73, J-77.
    let mut server = Mariadb::start(&[]);
    let settings = settings(&server);
    let mut broker = launch(&settings).start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    ada.leave();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for number in 1..=3 {
        bob.send(publish_stored("room", number, number));
        bob.expect(format!(r#"{{"pubAck":{{"st":1,"id":"{number}"}}}}"#));
    }
    let file = broker.data_dir().join("rialto.toml");
    std::fs::write(&file, &settings).unwrap();
    let rialto = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).arg("--config").arg(&file).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let second = ["serve", "--listen", "127.0.0.1:0", "--data-dir", "elsewhere"];
    let (code, said) = rialto(&second);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("in use by another Rialto ("), "{said}");
    let (code, said) = rialto(&["config", "check", "--connect"]);
    assert_eq!(code, Some(0), "{said}");

    // Both lose power, and come back.
    server.kill();
    server.resume();
    broker.restart();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    for number in 1..=3 {
        let push = ada.recv()["push"].clone();
        assert_eq!((&push["cn"], &push["dt"]), (&"room".into(), &number.into()), "{push}");
        ada.send(acknowledge(push["id"].as_str().unwrap()));
    }
    ada.leave();
    assert!(broker.terminate().0.success());
    broker.restart();
    Peer::online(&broker, Transport::Tcp, "ada").expect_silence();
}

#[test]
fn a_mariadb_that_is_gone_stops_only_what_needs_it() {
    // J-88.
    let mut server = Mariadb::start(&[]);
    let broker = launch(&settings(&server)).start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    ada.subscribe("hall");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    assert!(is_ready(&broker));
    server.kill();
    bob.send(publish_stored("room", 1, "one"));
    bob.send(publish("hall", 2));
    ada.expect(r#"{"push":{"cn":"hall","dt":2,"cl":"bob"}}"#);
    until("it says that it is not ready", || (!is_ready(&broker)).then_some(()));
    let refused = bob.recv();
    assert_eq!((&refused["pubAck"]["st"], &refused["pubAck"]["id"]), (&5.into(), &"one".into()));
    server.resume();
    until("it is ready again", || is_ready(&broker).then_some(()));
    bob.send(publish_stored("room", 4, "four"));
    bob.expect(r#"{"pubAck":{"st":1,"id":"four"}}"#);
    ada.expect(r#"{"push":{"cn":"room","dt":4,"cl":"bob","q":1,"id":"*"}}"#);
}
