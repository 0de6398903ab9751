//! What an application is asked and told, and what holds while it is down.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use rialto_testkit::{CoremqPeer, Peer, PubsubxPeer, Transport};
use serde_json::{Value, json};

use super::{
    application::{Application, Asked, Say, settings_for},
    http::field,
    launch, start, status,
};

/// Lets everything be as the server would.
fn default(_: &Value) -> Say {
    Say::Json(json!({"default": true}))
}

#[test]
fn the_eight_events_are_told_and_signed() {
    let application = Application::start(|event| match event["event"].as_str() {
        Some("control") => Say::Json(json!({"answer": {"you asked": event["payload"]}})),
        _ => default(event),
    });
    let broker = start(&application.settings(""));
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let auth = application.next("auth");
    assert_eq!(auth.body["data"], json!({"client_name": "ada"}));
    check_signature(&auth);
    let connect = application.next("connect").body;
    assert_eq!((&connect["client"], &connect["token_valid"]), (&json!("ada"), &json!(true)));
    assert_eq!(connect["protocol"], "jmqt");
    ada.subscribe("room");
    assert_eq!(application.next("subscribe").body["channel"], "room");
    let publish = json!({"pub": {"cn": "room", "dt": {"n": 1}, "q": 1, "id": "1"}});
    assert_eq!(status(&ada.ask(publish), "pubAck").0, 1);
    let published = application.next("publish").body;
    assert_eq!((&published["payload"], &published["qos"]), (&json!({"n": 1}), &json!(1)));
    let answer = ada.ask(r#"{"pub":{"cn":"$ask","dt":7,"id":"2"}}"#);
    assert_eq!(answer["pubAck"]["dt"], json!({"you asked": 7}));
    assert_eq!(application.next("control").body["channel"], "$ask");
    _ = ada.ask(r#"{"unsub":{"cn":"room"}}"#);
    assert_eq!(application.next("unsubscribe").body["channel"], "room");
    ada.leave();
    assert_eq!(application.next("disconnect").body["client"], "ada");
    assert_eq!(application.next("close").body["code"], "asked");
}

#[test]
fn clients_of_all_dialects_are_decided_about() {
    let application = Application::start(|event| match event["event"].as_str() {
        Some("connect") => Say::Json(json!({"default": true, "subscribe": ["all"]})),
        Some("subscribe") if event["channel"] == "cellar" => {
            Say::Json(json!({"allow": false, "mg": "the cellar is closed"}))
        }
        Some("publish") if event["payload"] == "bad" => {
            Say::Json(json!({"allow": false, "mg": "mind your words"}))
        }
        Some("publish") if event["payload"] == "swap" => {
            Say::Json(json!({"allow": true, "payload": "swapped"}))
        }
        _ => default(event),
    });
    let broker = start(&application.settings(""));
    let mut ada = Peer::online(&broker, Transport::WebSocket, "ada");
    let (st, mg) = status(&ada.ask(r#"{"sub":{"cn":"cellar"}}"#), "subAck");
    assert_eq!((st, &*mg), (7, "the cellar is closed"));
    let bad = json!({"pub": {"cn": "all", "dt": "bad", "q": 1, "id": "1"}});
    assert_eq!(status(&ada.ask(bad), "pubAck"), (7, "mind your words".to_owned()));

    let mut queue = CoremqPeer::connect(&broker, Transport::Tcp);
    let answer = queue.ask("-", json!({"coremq_subscribe": ["cellar"]}));
    assert_eq!(answer["response"], "ERROR: the cellar is closed");
    let answer = queue.ask("all", json!({"coremq_string": "bad"}));
    assert_eq!(answer["response"], "ERROR: mind your words");

    let mut homer = PubsubxPeer::online(&broker, Transport::Tcp, "homer");
    homer.send("SUBSCRIBE all");
    homer.send("SUBSCRIBE cellar");
    homer.send("PUBLISH all bad");
    homer.send("PUBLISH all swap");
    homer.expect("all swapped");
    ada.expect(r#"{"push":{"cn":"all","dt":"swapped","cl":"homer"}}"#);
    assert_eq!(queue.expect_message("all"), json!({"coremq_string": "swapped"}));
}

#[test]
fn an_application_that_is_down_or_wrong_decides_as_configured() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refuses = start(&settings_for(nobody, ""));
    let mut ada = Peer::connect(&refuses, Transport::Tcp);
    let (st, mg) = status(&ada.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#), "authAck");
    assert_eq!((st, mg.contains("try again later")), (5, true), "{mg}");

    for (wrong, timeout) in [
        (Say::Status(500), "2s"),
        (Say::Status(302), "2s"),
        (Say::Garbage, "2s"),
        (Say::Json(json!({"alow": true})), "2s"),
        (Say::Nothing, "200ms"),
    ] {
        let wrong = std::sync::Mutex::new(Some(wrong));
        let application = Application::start(move |event| match event["event"].as_str() {
            Some("subscribe") => wrong.lock().unwrap().take().unwrap_or(Say::Status(500)),
            _ => default(event),
        });
        for (when_down, expected) in [("deny", 5), ("allow", 1)] {
            let more = format!(
                "timeout = \"{timeout}\"\nwhen_down = \"{when_down}\"\nevents = [\"subscribe\"]"
            );
            let broker = start(&application.settings(&more));
            let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
            assert_eq!(status(&ada.ask(r#"{"sub":{"cn":"a"}}"#), "subAck").0, expected);
        }
    }
}

#[test]
fn packets_behind_a_decision_wait_and_those_of_others_do_not() {
    static IS_OPEN: AtomicBool = AtomicBool::new(false);
    let application = Application::start(|event| {
        if event["event"] == "publish" && event["client"] == "ada" {
            super::until("the gate is open", || IS_OPEN.load(Ordering::Acquire).then_some(()));
        }
        Say::Json(json!({"default": true}))
    });
    let more = "timeout = \"30s\"\nevents = [\"publish\"]";
    for transport in [Transport::Tcp, Transport::WebSocket] {
        IS_OPEN.store(false, Ordering::Release);
        let broker = start(&application.settings(more));
        let mut cleo = Peer::online(&broker, Transport::Tcp, "cleo");
        cleo.subscribe("room");
        let mut ada = Peer::online(&broker, transport, "ada");
        let packets: Vec<String> =
            (0..50).map(|n| format!(r#"{{"pub":{{"cn":"room","dt":{n}}}}}"#)).collect();
        let packets: Vec<&str> =
            packets.iter().map(String::as_str).chain([r#"{"hb":{}}"#]).collect();
        ada.send_all(&packets);
        application.next("publish");
        let mut bob = Peer::online(&broker, transport, "bob");
        bob.send(r#"{"pub":{"cn":"room","dt":"bob"}}"#);
        cleo.expect(r#"{"push":{"cn":"room","dt":"bob","cl":"bob"}}"#);
        cleo.expect_silence();
        IS_OPEN.store(true, Ordering::Release);
        for n in 0..50 {
            cleo.expect(json!({"push": {"cn": "room", "dt": n, "cl": "ada"}}));
        }
        // Its heartbeat came behind them.
        ada.expect(r#"{"hbAck":{}}"#);
    }
}

#[test]
fn an_application_does_not_let_in_who_is_banned() {
    let application = Application::start(|_| Say::Json(json!({"allow": true})));
    let keys = "[[api.keys]]\nname = \"app\"\nkey = \"the-key-of-the-application\"\n";
    let broker = start(&(application.settings("events = [\"connect\"]") + keys));
    let conn = r#"{"conn":{"cl":"ada","at":"any"}}"#;
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    assert_eq!(status(&ada.ask(conn), "connAck").0, 1);
    let key = Some("the-key-of-the-application");
    let ban =
        super::http::ask(&broker, "POST /v1/clients/ada/ban", key, r#"{"reason":"too loud"}"#);
    assert_eq!(ban.status, 204);
    ada.expect_last_word(1008, 7);
    let mut again = Peer::connect(&broker, Transport::Tcp);
    let (st, mg) = status(&again.ask(conn), "connAck");
    assert_eq!((st, mg.contains("too loud")), (7, true), "{mg}");
}

#[test]
fn a_decision_holds_as_long_as_its_answer_says() {
    let application = Application::start(|event| match event["event"].as_str() {
        Some("publish") => Say::Json(json!({"allow": true, "cache_s": 60})),
        _ => default(event),
    });
    let broker = start(&application.settings("events = [\"publish\"]"));
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    for n in 0..5 {
        let packet = json!({"pub": {"cn": "room", "dt": n, "q": 1, "id": "1"}});
        assert_eq!(status(&ada.ask(packet), "pubAck").0, 1);
    }
    assert_eq!(application.heard().len(), 1);
}

#[test]
fn whoever_was_online_at_a_crash_is_told_of_after_it() {
    let application = Application::start(default);
    let mut broker = start(&application.settings("events = [\"close\"]"));
    let _ada = Peer::online(&broker, Transport::Tcp, "ada");
    let _homer = PubsubxPeer::online(&broker, Transport::Tcp, "homer");
    let shell = super::common::shell(&broker.data_dir());
    super::until("the open sessions are stored", || {
        let count: u32 =
            shell.query_one("SELECT count(*) FROM session", [], |row| row.get(0)).unwrap();
        (count == 2).then_some(())
    });
    drop(shell);
    broker.restart();
    let mut gone = [application.next("close").body, application.next("close").body];
    gone.sort_by_key(|body| body["client"].to_string());
    for (body, client) in gone.iter().zip(["ada", "homer"]) {
        assert_eq!(
            (&body["client"], &body["code"]),
            (&json!(client), &json!("crashed")),
            "{gone:?}"
        );
    }
    // Told once: a second start has nothing more to tell.
    let (status, _) = broker.terminate();
    assert!(status.success());
    broker.restart();
    Peer::online(&broker, Transport::Tcp, "bob").leave();
    assert_eq!(application.next("close").body["client"], "bob");
}

#[test]
fn what_could_not_be_told_is_told_after_the_next_start() {
    let is_up = std::sync::Arc::new(AtomicBool::new(false));
    let answering = is_up.clone();
    let application = Application::start(move |_| {
        if answering.load(Ordering::Acquire) { Say::Json(json!({})) } else { Say::Status(503) }
    });
    let settings = application.settings("events = [\"close\"]");
    let mut broker = launch(&settings).set("server.shutdown_timeout=2s").start();
    Peer::online(&broker, Transport::Tcp, "ada").hang_up();
    let first = application.next("close");
    broker.terminate();
    is_up.store(true, Ordering::Release);
    broker.restart();
    let delivery = field(&first.head, "rialto-delivery").unwrap();
    let told = super::until("it is told again", || {
        let asked = application.next("close");
        (field(&asked.head, "rialto-delivery") == Some(delivery)).then_some(asked.body)
    });
    assert_eq!((&told["client"], &told["code"]), (&json!("ada"), &json!("ended")));
}

/// Checks the signature as an application does, with Python's standard library.
fn check_signature(asked: &Asked) {
    const SIGN: &str = "import hashlib, hmac, sys\n\
        print(hmac.new(b'a secret of the test', sys.stdin.buffer.read(), hashlib.sha256).hexdigest(), end='')";
    let mut python = Command::new("python3")
        .args(["-c", SIGN])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let time = field(&asked.head, "rialto-timestamp").unwrap();
    let signed = format!("{time}.{}", asked.text);
    std::io::Write::write_all(&mut python.stdin.take().unwrap(), signed.as_bytes()).unwrap();
    let digest = String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(field(&asked.head, "rialto-signature"), Some(&*format!("sha256={digest}")));
}
