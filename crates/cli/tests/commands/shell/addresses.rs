//! `rialto shell` with addresses of CoreMQ and PubSubX, by its own commands.

use rialto_testkit::{Broker, CoremqPeer, Launch, PubsubxPeer, Transport};
use serde_json::Value;

use crate::{Outcome, common::PROGRAM, rialto_in, terminal::Terminal};

fn start() -> Broker {
    Launch::of(PROGRAM).coremq().pubsubx().listener("jmqt").set("store.durability=os").start()
}

fn address(broker: &Broker, scheme: &str, listener: &str) -> String {
    format!("{scheme}://{}", broker.address_of(listener))
}

fn run(arguments: &[&str], script: &str) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    rialto_in(dir.path(), &[], &[&["shell"], arguments].concat(), script)
}

#[test]
fn coremq_is_spoken_by_the_same_commands_over_both_of_its_carriers() {
    let broker = start();
    for (scheme, listener) in [("coremq", "coremq"), ("coremq+ws", "coremq-websocket")] {
        let server = address(&broker, scheme, listener);
        let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
        bob.subscribe(scheme);
        let script = format!(
            "subscribe room 'größe'\nsubscribe room\npublish {scheme} {{\"a\":  1}}\nstatus\n\
             request status\nhistory {scheme}\nunsubscribe room\n"
        );
        let outcome = run(&["--server", &server], &script);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("subscribed to room already\n"), "{}", outcome.stderr);
        assert!(outcome.stdout.contains("subscribed to größe\n"), "{}", outcome.stdout);
        assert_eq!(bob.expect_message(scheme)["a"], 1);
    }
}

#[test]
fn coremq_answers_what_it_is_asked_and_says_the_id_of_the_session() {
    let broker = start();
    let server = address(&broker, "coremq", "coremq");
    let script = "subscribe room\npublish room {\"a\": 0}\npublish room {\"a\": 1}\nhistory room 1\n\
                  request history room\nrequest status\nhistory none\nstatus\n";
    let outcome = run(&["--server", &server], script);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines[0].starts_with("{\"a\":1") || lines[0].starts_with("{\"a\": 1"), "{lines:?}");
    assert!(lines[1].starts_with("{\"history\":{\"room\":[{"), "{lines:?}");
    assert!(lines[2].contains("\"connections\":"), "{lines:?}");
    let id = lines[3].strip_prefix(&format!("{server} as ")).unwrap();
    assert_eq!((id.len(), lines[4]), (36, "subscribed to room"), "{lines:?}");
    let said: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(said[0], format!("rialto: connected to {server} as {id}"));
    assert_eq!(
        said[1..],
        [
            "rialto: subscribed to room",
            "rialto: published to room",
            "rialto: published to room",
            "rialto: none has no history"
        ]
    );
}

#[test]
fn pubsubx_without_its_own_manner_is_a_session_that_can_be_come_back_to() {
    let broker = start();
    let server = address(&broker, "pubsubx", "pubsubx");
    let homer = ["--server", &server, "--client", "homer", "--format", "json"];
    run(&homer, "subscribe news\n");
    let mut lisa = PubsubxPeer::online(&broker, Transport::Tcp, "lisa");
    lisa.send("PUBLISH news are you there?");
    lisa.leave();
    let outcome = run(&homer, "wait --timeout 30s\ndisconnect\n");
    let lines: Vec<Value> =
        outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = format!(
        "connected to {server} as homer; the session of before goes on, subscribed to news"
    );
    assert!(lines.iter().any(|line| line["text"] == text.as_str()), "{lines:?}");
    let message = lines.iter().find(|line| line["event"] == "message").unwrap();
    assert_eq!(
        (&message["channel"], &message["payload"]),
        (&"news".into(), &"are you there?".into())
    );
}

#[test]
fn what_a_dialect_does_not_have_is_said_and_the_session_goes_on() {
    let broker = start();
    let server = address(&broker, "pubsubx", "pubsubx");
    for (line, said) in [
        ("publish a 1 --qos 1", "PubSubX has no --qos 1: a message is sent once"),
        ("publish a 1 --retain", "PubSubX has no --retain: "),
        ("subscribe a --persistent", "PubSubX has no --persistent: a client with a name"),
        ("request time", "PubSubX has no questions"),
        ("retained a", "PubSubX has no retained: only JMQT"),
    ] {
        let outcome = run(
            &["--server", &server, "--quiet", "--keep-going"],
            &format!("{line}\npublish a b\n"),
        );
        let wanted = format!("rialto: line 1: {said}");
        assert_eq!(outcome.code, 2, "{line}");
        assert!(outcome.stderr.starts_with(&wanted), "{line}: {}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().filter(|it| it.contains(": line ")).count(), 1);
    }
}

#[test]
fn connect_goes_from_one_dialect_to_another_and_back() {
    let broker = start();
    let [jmqt, coremq, pubsubx] =
        ["jmqt", "coremq", "pubsubx"].map(|dialect| address(&broker, dialect, dialect));
    let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
    bob.subscribe("room");
    let script = format!(
        "publish room {{\"by\":\"jmqt\"}}\nconnect {coremq}\npublish room {{\"by\":\"coremq\"}}\n\
         connect {pubsubx} homer\npublish room by pubsubx\nconnect {jmqt} eve\nrequest whoami\n"
    );
    let outcome = run(&["--server", &jmqt, "--client", "ada"], &script);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(bob.expect_message("room")["by"], "jmqt");
    assert_eq!(bob.expect_message("room")["by"], "coremq");
    assert_eq!(bob.expect_message("room")["coremq_string"], "by pubsubx");
    assert!(outcome.stdout.contains("\"client\":\"eve\""), "{}", outcome.stdout);
}

#[test]
fn messages_to_the_id_of_a_session_arrive_and_a_killed_broker_is_told_of() {
    let mut broker = start();
    let server = address(&broker, "coremq", "coremq");
    let variables = [("NO_COLOR", "1"), ("RIALTO_SERVER", server.as_str())];
    let mut terminal = Terminal::open(100, "shell", &variables);
    let mut enter = |line: &str, said: &str| {
        terminal.press(&format!("{line}\r"));
        terminal.wait_for(said, |screen| screen.contains(said));
    };
    enter("subscribe room", "subscribed to room");
    let screen = terminal.screen();
    let connected = screen.lines().find(|line| line.starts_with("connected to")).unwrap();
    let (_, id) = connected.rsplit_once(" as ").unwrap();
    let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
    bob.publish(id, r#"{"only":"you"}"#);
    terminal.wait_for("a message", |screen| screen.contains(&format!("{id} {{\"only\":")));
    broker.kill();
    terminal.wait_for("the loss", |screen| screen.contains("connecting again"));
    broker.restart();
    terminal.wait_for("the broker", |screen| screen.contains("connected again"));
    let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
    bob.publish("room", r#"{"back":true}"#);
    terminal.wait_for("a message", |screen| screen.contains("room {\"back\":"));
    terminal.press("quit\r");
    terminal.expect_restored(0);
}
