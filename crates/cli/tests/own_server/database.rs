//! A broker that stores in a database: what it promises, and what its users and its operator see of it.

use std::process::{Command, Output};

use rialto_testkit::{Broker, Peer, Postgres, Transport};

use crate::{
    common::{PROGRAM, acknowledge, publish, publish_stored},
    http::ask,
    launch, until,
};

fn settings(database: &Postgres) -> String {
    let url = database.url().replace("rialto@", "rialto:not-to-be-shown@");
    format!("[store]\nkind = \"postgres\"\nurl = \"{url}\"\n")
}

fn is_ready(broker: &Broker) -> bool {
    ask(broker, "GET /readyz", None, "").status == 200
}

/// Runs a command with the settings of a broker.
fn rialto(broker: &Broker, settings: &str, arguments: &[&str]) -> Output {
    let file = broker.data_dir().join("rialto.toml");
    std::fs::write(&file, settings).unwrap();
    Command::new(PROGRAM).args(arguments).arg("--config").arg(file).output().unwrap()
}

#[test]
fn what_is_stored_in_a_database_outlives_the_broker() {
    // J-63, J-73, J-77.
    let database = Postgres::start_in_memory(&[]);
    let settings = settings(&database);
    let mut broker = launch(&settings).start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    ada.leave();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for number in 1..=3 {
        bob.send(publish_stored("room", number, number));
        bob.expect(format!(r#"{{"pubAck":{{"st":1,"id":"{number}"}}}}"#));
    }
    bob.send(publish_stored("#ada", 4, 4));
    bob.expect(r#"{"pubAck":{"st":8,"id":"4"}}"#);
    bob.send(publish_stored("#nobody", 5, 5));
    bob.expect(r#"{"pubAck":{"st":"*","id":"5","mg":"*"}}"#);

    // Another one on the same database is refused while this one lives, and what looks at it changes nothing.
    let second = rialto(
        &broker,
        &settings,
        &["serve", "--listen", "127.0.0.1:0", "--data-dir", "elsewhere"],
    );
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("in use by another Rialto ("), "{said}");
    assert!(said.contains(&format!("process {}", broker.process_id())), "{said}");
    let check = rialto(&broker, &settings, &["config", "check", "--connect"]);
    let said = String::from_utf8(check.stderr).unwrap();
    assert!(check.status.success() && said.contains("its tables have version 3"), "{said}");
    let backup = rialto(&broker, &settings, &["backup", "copy.db"]);
    assert_eq!(backup.status.code(), Some(1));
    let check = rialto(&broker, &settings, &["store", "check"]);
    let said = String::from_utf8(check.stderr).unwrap();
    assert!(check.status.success(), "{said}");
    assert!(said.contains("has 4 messages in logs, 2 persistent subscriptions"), "{said}");
    assert!(!said.contains("not-to-be-shown"), "{said}");

    // Killed, it is back once its own lease is over.
    broker.restart();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let pushes: Vec<_> = (0..4).map(|_| ada.recv()["push"].clone()).collect();
    let payloads = |channel: &str| {
        let own = pushes.iter().filter(|push| push["cn"] == channel);
        own.map(|push| push["dt"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((payloads("room"), payloads("#ada")), (vec![1, 2, 3], vec![4]));
    pushes.iter().for_each(|push| ada.send(acknowledge(push["id"].as_str().unwrap())));
    ada.leave();
    assert!(broker.terminate().0.success());
    broker.restart();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.expect_silence();
    database.sql("INSERT INTO rialto.retained (channel, shard, publisher, crc, payload) VALUES ('hall', 1, 'bob', 1, '1')");
    let check = rialto(&broker, "", &["store", "check", &database.url()]);
    let said = String::from_utf8(check.stdout).unwrap();
    assert_eq!(check.status.code(), Some(5), "{said}");
    assert_eq!(said, "the checksum of the retained message of channel \"hall\" does not match\n");
    assert!(!broker.log_lines().join("").contains("not-to-be-shown"));
}

#[test]
fn a_database_that_is_gone_stops_only_what_needs_it() {
    // J-88.
    let mut database = Postgres::start_in_memory(&[]);
    let broker = launch(&settings(&database)).start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    ada.subscribe("hall");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    assert!(is_ready(&broker));

    database.kill();
    bob.send(publish_stored("room", 1, "one"));
    bob.send(publish("hall", 2));
    ada.expect(r#"{"push":{"cn":"hall","dt":2,"cl":"bob"}}"#);
    until("it says that it is not ready", || (!is_ready(&broker)).then_some(()));
    assert_eq!(ask(&broker, "GET /livez", None, "").status, 200);
    let refused = bob.recv();
    assert_eq!((&refused["pubAck"]["st"], &refused["pubAck"]["id"]), (&5.into(), &"one".into()));

    database.resume();
    until("it is ready again", || is_ready(&broker).then_some(()));
    bob.send(publish_stored("room", 4, "four"));
    bob.expect(r#"{"pubAck":{"st":1,"id":"four"}}"#);
    ada.expect(r#"{"push":{"cn":"room","dt":4,"cl":"bob","q":1,"id":"*"}}"#);
    broker.wait_for_log("that it writes again", |line| {
        line["message"] == "store writes succeed again"
    });
}
