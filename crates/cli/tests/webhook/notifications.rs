//! The application hears of every client that has gone, with the reason.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use rialto_testkit::{Peer, Port, Transport};
use serde_json::json;

use crate::{
    application::{Answer, Application},
    common::shell,
    launch, start,
};

#[test]
fn a_cut_connection_is_closed_without_a_goodbye() {
    let application = Application::start(|_| Answer::Default);
    let broker = start(&application);
    Peer::online(&broker, Transport::Tcp, "ada").hang_up();
    assert_eq!(application.wait_for("close", 1)[0]["code"], "ended");
    assert_eq!(application.events_of("disconnect"), [] as [serde_json::Value; 0]);
}

#[test]
fn a_session_taken_over_is_closed_and_the_client_stays() {
    let application = Application::start(|_| Answer::Default);
    let broker = start(&application);
    let _first = Peer::online(&broker, Transport::Tcp, "ada");
    let mut second = Peer::online(&broker, Transport::Tcp, "ada");
    assert_eq!(application.wait_for("close", 1)[0]["code"], "taken-over");
    second.expect_silence();
    second.leave();
    let closes = application.wait_for("close", 2);
    assert_eq!(closes[1]["code"], "asked");
    assert!(closes[0]["session"].as_u64() < closes[1]["session"].as_u64());
}

#[test]
fn a_silent_client_is_closed_as_silent() {
    let application = Application::start(|_| Answer::Default);
    let broker = launch(&application.url()).set("session.heartbeat_timeout=3s").start();
    let _ada = Peer::online(&broker, Transport::Tcp, "ada");
    assert_eq!(application.wait_for("close", 1)[0]["code"], "silent");
}

#[test]
fn what_the_application_could_not_take_is_sent_again_in_order() {
    let failures = AtomicUsize::new(0);
    let application = Application::start(move |event| match event["event"].as_str().unwrap() {
        "disconnect" if failures.fetch_add(1, SeqCst) < 2 => Answer::status("503 Later"),
        _ => Answer::Default,
    });
    let broker = start(&application);
    Peer::online(&broker, Transport::Tcp, "ada").leave();
    application.wait_for("close", 1);
    let told = application.wait_for("disconnect", 3);
    assert!(told.iter().all(|event| *event == told[0]), "not the same again: {told:?}");
    assert_eq!(application.events().last().unwrap()["event"], "close");
}

#[test]
fn who_was_online_when_the_server_crashed_is_told_of_once() {
    let application = Application::start(|_| Answer::Default);
    let mut broker = start(&application);
    let _ada = Peer::online(&broker, Transport::Tcp, "ada");
    Peer::online(&broker, Transport::Tcp, "bob").leave();
    application.wait_for("close", 1);
    // The store hears of open sessions within a tick.
    let database = shell(&broker.data_dir());
    loop {
        let sql = "SELECT group_concat(client) FROM session";
        let open: Option<String> = database.query_one(sql, [], |row| row.get(0)).unwrap();
        if open.as_deref() == Some("ada") {
            break;
        }
    }
    drop(database);
    broker.restart();
    let closes = application.wait_for("close", 2);
    assert_eq!((&closes[1]["client"], &closes[1]["code"]), (&json!("ada"), &json!("crashed")));
    broker.terminate();
    broker.restart();
    // A later event comes behind whatever the start told.
    Peer::online(&broker, Transport::Tcp, "ada").leave();
    let closes = application.wait_for("close", 3);
    assert_eq!(closes[2]["code"], "asked", "{closes:?}");
}

#[test]
fn a_server_that_stops_tells_of_all() {
    let application = Application::start(|_| Answer::Default);
    let mut broker = start(&application);
    let _peers: Vec<Peer> =
        ["ada", "bob"].map(|name| Peer::online(&broker, Transport::Tcp, name)).into();
    broker.terminate();
    let closes = application.wait_for("close", 2);
    assert!(closes.iter().all(|event| event["code"] == "shutting-down"), "{closes:?}");
}

#[test]
fn what_could_not_be_told_before_the_stop_is_told_after_the_next_start() {
    let port = Port::reserve().unwrap();
    let mut broker =
        launch(&format!("http://{}/", port.address)).set("webhook.when_down=allow").start();
    Peer::online(&broker, Transport::Tcp, "ada").leave();
    broker.terminate();
    let application = Application::start_at(port.address, |_| Answer::Default);
    broker.restart();
    let close = application.wait_for("close", 1).remove(0);
    assert_eq!((&close["client"], &close["code"]), (&json!("ada"), &json!("asked")));
    assert_eq!(application.events_of("disconnect").len(), 1);
}
