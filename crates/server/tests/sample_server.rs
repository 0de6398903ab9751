//! The sample server (`examples/sample_server.rs`), run as it is, talks as the guide's does.
//!
//! Conversations are written as in [`Dialogue`].
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{io::ErrorKind, os::unix::net::UnixDatagram, path::PathBuf};

use rialto_testkit::{Broker, Dialogue, Launch, Transport};

/// Cargo builds the examples of a package with its tests, two directories beside them.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = profile.join("examples/sample_server");
    assert!(
        program.exists(),
        "{} is missing: cargo build -p rialto-server --examples",
        program.display()
    );
    program
}

fn start() -> Broker {
    Launch::embedded(program()).start()
}

/// The guide's logs of server and clients, as packets.
const GUIDE: &str = r##"
// The Python client starts: it names itself, connects, and hears of itself.
pyclient1 > {"auth": {"dt": {"client_name": "pyclient1"}}}
pyclient1 < {"authAck": {"st": 1, "at": "<t1>", "cl": "pyclient1"}}
pyclient1 > {"conn": {"at": "<t1>", "cl": "pyclient1"}}
pyclient1 < {"connAck": {"st": 1, "ts": 15}}
pyclient1 < {"push": {"cn": "update", "dt": {"online": "pyclient1"}, "cl": ""}}
pyclient1 > {"sub": {"cn": "mychannel", "pr": 1}}
pyclient1 < {"subAck": {"st": 1, "cn": "mychannel"}}
pyclient1 > {"pub": {"cn": "mychannel", "dt": "2018-12-15 10:33:59.414643", "rt": 1}}
pyclient1 silent

// Both connect; the one hears of the other, and what it says.
webclient > {"auth": {"dt": {"client_name": "webclient"}}}
webclient < {"authAck": {"st": 1, "at": "<t2>", "cl": "webclient"}}
webclient > {"conn": {"at": "<t2>", "cl": "webclient"}}
webclient < {"connAck": {"st": 1, "ts": 15}}
webclient < {"push": {"cn": "update", "dt": {"online": "webclient"}, "cl": ""}}
pyclient1 < {"push": {"cn": "update", "dt": {"online": "webclient"}, "cl": ""}}
webclient > {"sub": {"cn": "mychannel"}}
webclient < {"subAck": {"st": 1, "cn": "mychannel"}}
webclient < {"push": {"cn": "mychannel", "dt": "2018-12-15 10:33:59.414643", "cl": "pyclient1", "rt": 1}}
webclient > {"pub": {"cn": "mychannel", "dt": "Test Message", "q": 1, "id": "1"}}
webclient < {"pubAck": {"st": 1, "id": "1"}}
pyclient1 < {"push": {"cn": "mychannel", "dt": "Test Message", "cl": "webclient", "q": 1, "id": "<m1>"}}
pyclient1 > {"pushAck": {"id": "<m1>"}}
webclient > {"pub": {"cn": "#pyclient1", "dt": "p2p Message", "q": 1, "id": "2"}}
webclient < {"pubAck": {"st": 1, "id": "2"}}
pyclient1 < {"push": {"cn": "#pyclient1", "dt": "p2p Message", "cl": "webclient", "q": 1, "id": "<m2>"}}
pyclient1 > {"pushAck": {"id": "<m2>"}}

// Who leaves is missed.
webclient leaves
pyclient1 < {"push": {"cn": "update", "dt": {"offline": "webclient"}, "cl": ""}}
pyclient1 silent
"##;

#[test]
fn the_exchange_is_that_of_the_guide() {
    for transport in [Transport::Tcp, Transport::WebSocket] {
        let mut broker = start();
        Dialogue::new(&mut broker, transport).play(GUIDE);
    }
}

#[test]
fn whoever_does_not_say_its_name_is_told_so() {
    let broker = start();
    for credentials in [r#""ada""#, r#"{"name": "ada"}"#, r#"{"client_name": ""}"#] {
        let mut peer = rialto_testkit::Peer::connect(&broker, Transport::Tcp);
        let answer = peer.ask(format!(r#"{{"auth": {{"dt": {credentials}}}}}"#));
        assert_eq!(answer["authAck"]["st"], 0, "{answer}");
        let message = answer["authAck"]["mg"].as_str().unwrap();
        assert!(message.contains("client_name"), "{answer}");
    }
}

#[test]
fn a_token_of_another_client_opens_nothing() {
    let mut broker = start();
    Dialogue::new(&mut broker, Transport::Tcp).play(
        r#"
        ada > {"auth": {"dt": {"client_name": "ada"}}}
        ada < {"authAck": {"st": 1, "at": "<t1>", "cl": "ada"}}
        bob > {"conn": {"at": "<t1>", "cl": "bob"}}
        bob < {"connAck": {"st": 6}}
        "#,
    );
}

#[test]
fn the_channel_update_is_for_the_server_alone() {
    let mut broker = start();
    Dialogue::new(&mut broker, Transport::Tcp).play(
        r#"
        ada online
        ada < {"push": {"cn": "update", "dt": {"online": "ada"}, "cl": ""}}
        ada > {"pub": {"cn": "update", "dt": "fire!", "q": 1, "id": "1"}}
        ada < {"pubAck": {"st": 7, "id": "1", "mg": "the channel \"update\" is for the server alone"}}
        ada > {"sub": {"cn": "update"}}
        ada < {"subAck": {"st": 7, "cn": "update", "mg": "the channel \"update\" is for the server alone"}}
        ada > {"unsub": {"cn": "update"}}
        ada < {"unsubAck": {"st": 7, "cn": "update", "mg": "the channel \"update\" is for the server alone"}}
        "#,
    );
}

#[test]
fn control_channels_answer() {
    let mut broker = start();
    Dialogue::new(&mut broker, Transport::Tcp).play(
        r##"
        ada online
        ada < {"push": {"cn": "update", "dt": {"online": "ada"}, "cl": ""}}
        ada > {"sub": {"cn": "mychannel"}}
        ada < {"subAck": {"st": 1, "cn": "mychannel"}}
        ada > {"pub": {"cn": "$mySubscriptions", "dt": {}, "id": "1"}}
        ada < {"pubAck": {"st": 1, "id": "1", "dt": {"channels": ["update", "mychannel"], "subscriptions": {"#ada": "persistent", "mychannel": "temp", "update": "persistent"}}}}
        ada > {"pub": {"cn": "$whoAmI", "dt": {}, "id": "2"}}
        ada < {"pubAck": {"st": 1, "id": "2", "dt": {"client": "ada", "address": "*", "protocol": "jmqt"}}}
        ada > {"pub": {"cn": "$online", "dt": {}, "id": "3"}}
        ada < {"pubAck": {"st": 1, "id": "3", "dt": ["ada"]}}
        ada > {"pub": {"cn": "$nobody", "dt": {}, "id": "4"}}
        ada < {"pubAck": {"st": 11, "id": "4"}}
        "##,
    );
}

#[test]
fn a_direct_message_waits_for_whoever_is_away() {
    let mut broker = start();
    Dialogue::new(&mut broker, Transport::Tcp).play(
        r##"
        bob online
        bob < {"push": {"cn": "update", "dt": {"online": "bob"}, "cl": ""}}
        ada online
        ada < {"push": {"cn": "update", "dt": {"online": "ada"}, "cl": ""}}
        bob < {"push": {"cn": "update", "dt": {"online": "ada"}, "cl": ""}}
        // A cut connection is noticed as a goodbye is.
        bob drops
        ada < {"push": {"cn": "update", "dt": {"offline": "bob"}, "cl": ""}}
        ada > {"pub": {"cn": "#bob", "dt": "for later", "q": 1, "id": "1"}}
        ada < {"pubAck": {"st": 8, "id": "1"}}
        bob online
        bob < {"push": {"cn": "update", "dt": {"online": "bob"}, "cl": ""}}
        bob < {"push": {"cn": "#bob", "dt": "for later", "cl": "ada", "q": 1, "id": "<m1>"}}
        "##,
    );
}

#[test]
fn it_logs_what_happens_and_stops_when_it_is_told_to() {
    let mut broker = start();
    Dialogue::new(&mut broker, Transport::Tcp).play("ada online\nada leaves");
    let (status, _) = broker.terminate();
    assert!(status.success(), "it ended with {status}");
    let log = broker.log_lines().join("\n");
    for message in [
        "server start",
        "clients must send something within this time",
        "ready",
        "auth accepted",
        "disconnect",
        "connection closed",
        "stopping",
        "server stop",
    ] {
        assert!(log.contains(&format!(r#""message":"{message}""#)), "no \"{message}\" in\n{log}");
    }
}

#[test]
fn a_program_around_the_server_tells_no_service_manager_by_itself() {
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_nonblocking(true).unwrap();
    let mut broker = Launch::embedded(program()).variable("NOTIFY_SOCKET", &path).start();
    assert!(broker.terminate().0.success());
    let told = manager.recv(&mut [0; 4096]).map_err(|error| error.kind());
    assert_eq!(told, Err(ErrorKind::WouldBlock));
}
