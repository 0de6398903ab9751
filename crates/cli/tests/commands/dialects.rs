//! `rialto pub`, `sub` and `request` with addresses of CoreMQ and PubSubX.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use rialto_testkit::{Broker, CoremqPeer, Launch, PubsubxPeer, Transport};
use serde_json::Value;

use crate::{
    common::{Command, PROGRAM},
    rialto,
};

fn start() -> Broker {
    Launch::of(PROGRAM).coremq().pubsubx().listener("jmqt").set("store.durability=os").start()
}

/// The addresses of a broker's listeners for other dialects, and what their messages lose.
fn addresses(broker: &Broker) -> [String; 6] {
    [
        ("coremq", "coremq"),
        ("coremqs", "coremq-tls"),
        ("coremq+ws", "coremq-websocket"),
        ("coremq+wss", "coremq-websocket"),
        ("pubsubx", "pubsubx"),
        ("pubsubxs", "pubsubx-tls"),
    ]
    .map(|(scheme, listener)| {
        let port = broker.address_of(listener).port();
        // The certificate is for the name.
        format!("{scheme}://localhost:{port}")
    })
}

#[test]
fn messages_are_published_and_printed_in_every_dialect_and_over_every_carrier() {
    let broker = start();
    let ca = broker.certificate_file().to_str().unwrap().to_owned();
    let jmqt = format!("jmqt://{}", broker.address_of("jmqt"));
    for address in addresses(&broker) {
        let at = ["--server", &address, "--ca", &ca];
        let args =
            [&["sub", "room", "größe", "--format", "json", "--count", "5"], &at[..]].concat();
        let subscriber = Command::start(args);
        subscriber.wait_until_it_says("subscribed to größe");
        let publish = |args: &[&str]| rialto(&[&["pub"], args].concat()).printed();
        publish(&[&at[..], &["room", r#"{"a": 1}"#]].concat());
        publish(&[&at[..], &["größe", "plain 🦀 \"words\""]].concat());
        publish(&[&at[..], &["--qos", "0", "room", "5"]].concat());
        publish(&["--server", &jmqt, "room", r#"{"from":"jmqt"}"#]);
        publish(&["--server", &jmqt, "größe", "text"]);
        let ended = subscriber.end();
        assert!(ended.status.success(), "{address}: {}", ended.said);
        let printed: Vec<Value> =
            ended.printed.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let texts: Vec<(&str, String)> = printed
            .iter()
            .map(|line| {
                // In PubSubX every message is a text.
                let payload = &line["payload"];
                let text = payload.as_str().map_or_else(|| payload.to_string(), str::to_owned);
                (line["channel"].as_str().unwrap(), text.replace(' ', ""))
            })
            .collect();
        let wanted = [
            ("room", r#"{"a":1}"#),
            ("größe", "plain🦀\"words\""),
            ("room", "5"),
            ("room", r#"{"from":"jmqt"}"#),
            ("größe", "text"),
        ];
        assert_eq!(texts, wanted.map(|(channel, text)| (channel, text.to_owned())), "{address}");
    }
}

#[test]
fn many_lines_arrive_in_their_order() {
    let broker = start();
    let lines: String = (0..3_000).map(|number| format!("{{\"n\":{number}}}\n")).collect();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("lines");
    std::fs::write(&file, lines).unwrap();
    for address in [&addresses(&broker)[0], &addresses(&broker)[2], &addresses(&broker)[4]] {
        let mut peer = CoremqPeer::connect(&broker, Transport::Tcp);
        peer.subscribe("many");
        let file = file.to_str().unwrap();
        let args = ["pub", "--server", address, "--file", file, "--channel", "many"];
        let said = Command::start(args).end();
        assert!(said.status.success(), "{}", said.said);
        assert!(said.said.contains("3000 messages sent, which QoS 0"), "{}", said.said);
        for number in 0..3_000 {
            let message = peer.expect_message("many");
            // From PubSubX it comes as a text.
            let text = message["coremq_string"].as_str();
            let sent = text.map(|text| serde_json::from_str::<Value>(text).unwrap());
            assert_eq!(sent.as_ref().unwrap_or(&message)["n"], number, "{address}");
        }
    }
}

#[test]
fn coremq_answers_its_questions() {
    let broker = start();
    let [coremq, _, gateway, ..] = addresses(&broker);
    for address in [&coremq, &gateway] {
        rialto(&["pub", "--server", address, "lamp", r#"{"on":true}"#]).printed();
        let ask = |args: &[&str]| -> Value {
            let args = [&["request", "--server", address], args].concat();
            serde_json::from_str(&rialto(&args).printed()).unwrap()
        };
        assert!(ask(&["status"])["connections"].is_u64());
        let history = ask(&["history", "lamp"]);
        assert_eq!(history["history"]["lamp"][0]["on"], true, "{history}");
        assert!(ask(&["$history", r#"["lamp","none"]"#])["history"]["none"].is_null());
        let said = rialto(&["request", "--server", address, "time"]).failed(2);
        assert!(said.starts_with("rialto: CoreMQ has no $time: a server answers"), "{said}");
    }
}

#[test]
fn what_a_dialect_does_not_have_is_refused_with_2_and_what_there_is_instead() {
    for (args, said) in [
        (&["pub", "--server", "coremq://h", "a", "1", "--qos", "1"][..], "CoreMQ has no --qos 1:"),
        (&["pub", "--server", "pubsubx://h", "a", "1", "--retain"], "PubSubX has no --retain:"),
        (
            &["sub", "--server", "pubsubx://h", "--client", "c", "--persistent", "a"],
            "PubSubX has no --persistent or --forget: a client with a name",
        ),
        (
            &["sub", "--server", "coremq+ws://h", "--forget", "a"],
            "CoreMQ has no --persistent or --forget:",
        ),
        (&["request", "--server", "pubsubx://h", "time"], "PubSubX has no questions"),
        (
            &["sub", "--server", "coremq://h", "--client", "ada", "a"],
            "CoreMQ gives each connection",
        ),
        (&["ping", "--server", "coremq://h"], "this command speaks JMQT"),
    ] {
        let outcome = rialto(args).failed(2);
        assert!(outcome.starts_with(&format!("rialto: {said}")), "{args:?}: {outcome}");
    }
    let said = rialto(&["sub", "--server", "coremqs://h", "a"]).failed(2);
    assert!(said.contains("its port is missing"), "{said}");
    let said = rialto(&["sub", "--server", "pubsubx+ws://h", "a"]).failed(2);
    assert!(said.contains("its scheme is unknown"), "{said}");
}

#[test]
fn refusals_and_other_servers_are_told_of() {
    let broker = start();
    let [coremq, .., pubsubx, _] = addresses(&broker);
    let homer = PubsubxPeer::online(&broker, Transport::Tcp, "homer");
    let said = rialto(&["sub", "--server", &pubsubx, "--client", "homer", "a"]).failed(1);
    assert!(said.contains(" refused the connection: Name already taken"), "{said}");
    drop(homer);
    let said = rialto(&["pub", "--server", &coremq, "two words", "1"]).failed(2);
    assert!(said.contains("the name of a queue is not empty and has no blank"), "{said}");
    let said = rialto(&["pub", "--server", &pubsubx, "a", "x\n\nx"]).failed(2);
    assert!(said.contains("a text in PubSubX has no two line breaks before an x"), "{said}");
    // Somebody else's port.
    let port = broker.address_of("coremq").port();
    let at_coremq = format!("pubsubx://127.0.0.1:{port}");
    let said = rialto(&["sub", "--server", &at_coremq, "--timeout", "1s", "a"]).failed(3);
    assert!(said.contains("pubsubx://127.0.0.1:"), "{said}");
}

#[test]
fn a_client_of_pubsubx_comes_back_to_its_topics_and_a_killed_broker_is_waited_for() {
    let mut broker = start();
    let [coremq, .., pubsubx, _] = addresses(&broker);
    let sub = |count: &str| {
        let args = ["sub", "--server", &pubsubx, "--client", "homer", "room", "--count", count];
        let command = Command::start(args);
        command.wait_until_it_says("subscribed to room");
        command
    };
    let first = sub("1");
    rialto(&["pub", "--server", &coremq, "room", "one"]).printed();
    assert_eq!(first.end().printed, ["room one"]);
    rialto(&["pub", "--server", &coremq, "room", "missed"]).printed();
    let mut second = sub("2");
    second.wait_until_it_says("the session of before goes on, subscribed to room");
    second.wait_for_lines(1);
    broker.kill();
    second.wait_until_it_says("connecting again");
    broker.restart();
    second.wait_until_it_says("connected again");
    // It says so once the session is open, and subscribes right after.
    let mut peer = PubsubxPeer::online(&broker, Transport::Tcp, "lisa");
    while second.is_running() {
        peer.publish("room", "back");
    }
    assert_eq!(second.end().printed, ["room missed", "room back"]);
}

#[test]
fn a_server_that_does_not_answer_ends_it_with_4() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("coremq://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let welcome = r#"id {"response":"OK: Welcome","server":"s"}"#;
        stream.write_all(format!("+{} {welcome}", welcome.len()).as_bytes()).unwrap();
        _ = stream.read_to_end(&mut Vec::new());
    });
    let said = rialto(&["pub", "--server", &address, "a", "1", "--timeout", "500ms"]).failed(4);
    serving.join().unwrap();
    assert_eq!(said, "rialto: the server has not answered a message for 500ms\n");
}
