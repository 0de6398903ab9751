//! Links between two servers that run: over TLS, and between servers that take each other for
//! themselves.

use std::{net::SocketAddr, path::Path, process::Command};

use rialto_testkit::{Broker, Launch, Port};
use serde_json::{Value, json};

use crate::{common::PROGRAM, connect, launch, subscriber, wait_until};

/// Returns the log lines with this message.
fn log(broker: &Broker, message: &str) -> Vec<Value> {
    let lines = broker.log_lines();
    let entries = lines.iter().filter_map(|line| serde_json::from_str(line).ok());
    entries.filter(|entry: &Value| entry["message"] == message).collect()
}

fn is_linked(broker: &Broker) -> bool {
    !log(broker, "connected to a cluster node: its messages are received").is_empty()
}

/// Waits until a link of the broker has failed for this reason.
fn wait_for_problem(broker: &Broker, problem: &str) {
    broker.wait_for_log(problem, |entry| {
        entry["problem"].as_str().is_some_and(|text| text.contains(problem))
    });
}

/// Shows that what is published on either of the two reaches the other.
fn expect_exchange(one: &Broker, other: &Broker) {
    for (from, to) in [(one, other), (other, one)] {
        let mut reader = subscriber(to, "news");
        connect(from).publish("news", r#"{"n":1}"#);
        assert_eq!(reader.expect_message("news"), json!({"n": 1}));
    }
}

#[test]
fn two_servers_of_one_name_are_linked_as_soon_as_one_has_another() {
    // C-33: the other one is not touched.
    let here = Port::reserve().unwrap();
    let port = here.address.port();
    let there = SocketAddr::from(([127, 0, 0, 2], port));
    let nodes = format!(r#"cluster.nodes=["127.0.0.1:{port}","127.0.0.2:{port}"]"#);
    let server = |address| {
        Launch::of(PROGRAM)
            .without_certificate()
            .listener_at("coremq", address)
            .set("listeners.coremq.dialect=coremq")
            .set("cluster.name=twin")
            .set(&nodes)
            .start()
    };
    let (one, mut other) = (server(here.address), server(there));
    let problem = "it has the name and port of this server";
    wait_for_problem(&one, problem);
    wait_for_problem(&other, problem);
    other.set("cluster.name=sister");
    other.restart();
    wait_until("both are linked", || is_linked(&one) && is_linked(&other));
    expect_exchange(&one, &other);

    let told = log(&one, "a cluster node cannot be reached: retrying");
    let of_name = told.iter().filter(|it| it["problem"].as_str().unwrap().contains(problem));
    assert_eq!(of_name.count(), 1, "the same problem is told once: {told:?}");
    assert_eq!(log(&one, "a cluster node is this server itself").len(), 1);
}

/// Makes an authority in a directory, with the certificate of a server on this machine and that of
/// the client `mq`.
fn make_certificates(dir: &Path) {
    for arguments in [&["cert", "new"][..], &["cert", "client", "mq"]] {
        let made = Command::new(PROGRAM).args(arguments).arg("--dir").arg(dir).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

/// Begins a server that speaks TLS to others as `mq`, whom it lets in by its certificate alone.
fn secure(dir: &Path, name: &str) -> Launch {
    let file = |file: &str| dir.join(file).display().to_string();
    launch()
        .without_certificate()
        .set("access.mode=tokens")
        .set(r#"access.tokens=[{client="ada",token="a"}]"#)
        .set(r#"cluster.replicants=["mq"]"#)
        .set(&format!("cluster.name={name}"))
        .set(&format!("tls.certificate={}", file("server.pem")))
        .set(&format!("tls.key={}", file("server.key")))
        .set(&format!("tls.client_authority={}", file("ca.pem")))
        .set(&format!("cluster.authority={}", file("ca.pem")))
        .set(&format!("cluster.certificate={}", file("client-mq.pem")))
        .set(&format!("cluster.key={}", file("client-mq.key")))
}

#[test]
fn servers_are_linked_over_tls_by_their_certificates() {
    // C-31, C-48, C-50, C-52
    let dir = tempfile::tempdir().unwrap();
    make_certificates(dir.path());
    let one = secure(dir.path(), "one").set(r#"cluster.nodes=["coremqs://localhost:1"]"#).start();
    let other = secure(dir.path(), "other")
        .set(&format!(
            r#"cluster.nodes=["coremqs://localhost:{}"]"#,
            one.address_of("coremq-tls").port()
        ))
        .start();
    wait_until("the link is up", || is_linked(&other));
    let logged_in = |broker: &Broker| {
        let mut peer = connect(broker);
        let options = json!({"coremq_options": {"client": "ada", "token": "a"}});
        peer.expect_response("-", options, "OK: Options set");
        peer
    };
    let mut reader = logged_in(&other);
    reader.subscribe("news");
    logged_in(&one).publish("news", r#"{"n":1}"#);
    assert_eq!(reader.expect_message("news"), json!({"n": 1}));
    let attached = one.wait_for_log("who is attached", |entry| {
        entry["message"] == "a server attached as a replicant: it gets all messages"
    });
    let name = format!("other:{}", other.address_of("coremq").port());
    assert_eq!(attached["server"], *name);
}

#[test]
fn a_server_that_cannot_show_who_it_is_gets_no_link() {
    // C-52: another name in the certificate, another authority, no TLS at all.
    let [dir, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    make_certificates(dir.path());
    make_certificates(elsewhere.path());
    let lone = r#"cluster.nodes=["coremqs://localhost:1"]"#;
    let port = Port::reserve().unwrap();
    // Its certificate is for 127.0.0.1 and ::1.
    let far = SocketAddr::from(([127, 0, 0, 2], port.address.port()));
    let of_other_name = secure(dir.path(), "one")
        .listener_at("far", far)
        .set("listeners.far.dialect=coremq")
        .set("listeners.far.tls=require")
        .set(lone)
        .start();
    let of_other_authority = secure(elsewhere.path(), "two").set(lone).start();
    let addresses =
        [far, of_other_authority.address_of("coremq-tls"), of_other_name.address_of("coremq")];
    let nodes: Vec<_> = addresses.iter().map(|it| format!("\"coremqs://{it}\"")).collect();
    let nodes = format!("cluster.nodes=[{}]", nodes.join(","));
    let asking = secure(dir.path(), "asking").set(&nodes).start();
    wait_for_problem(&asking, "certificate not valid for name");
    wait_for_problem(&asking, "invalid peer certificate: BadSignature");
    wait_until("each of the three has failed", || {
        log(&asking, "a cluster node cannot be reached: retrying").len() >= 3
    });
    assert!(!is_linked(&asking));

    // What was renewed meanwhile is taken up by the next attempt.
    for file in ["ca.pem", "client-mq.pem", "client-mq.key"] {
        std::fs::copy(elsewhere.path().join(file), dir.path().join(file)).unwrap();
    }
    wait_until("the link is up", || is_linked(&asking));
}
