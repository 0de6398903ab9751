//! Whether a broker works and can serve, as load balancers and containers ask it.

use std::process::Command;

use rialto_testkit::{Broker, Launch, Peer, Transport};

use crate::{
    common::PROGRAM,
    http::{Answer, ask, ask_with},
    launch, start, until,
};

const KEY: &str = "0123456789abcdef";

fn probe(broker: &Broker, path: &str) -> Answer {
    ask(broker, &format!("GET {path}"), None, "")
}

/// Runs `rialto health` and returns its exit code and what it prints.
fn health(api: &str, flags: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).args(["health", "--api", api]).args(flags).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn api(broker: &Broker) -> String {
    format!("http://{}", broker.address_of("http"))
}

#[test]
fn a_broker_that_serves_is_live_and_ready_whatever_else_it_hides() {
    let broker = start("[api]\nstatus_page = false\n[access]\nmode = \"tokens\"\n");
    for path in ["/livez", "/readyz", "/healthz"] {
        let answer = probe(&broker, path);
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"), "{path}");
        assert!(answer.head.contains("cache-control: no-store"), "{}", answer.head);
        assert!(answer.head.contains("content-type: text/plain"), "{}", answer.head);
    }
    assert_eq!(ask(&broker, "POST /livez", None, "").status, 405);
    let verbose = probe(&broker, "/readyz?verbose").body;
    assert_eq!(verbose, "[+]broker ok\n[+]store ok\n[+]stopping ok\nreadyz check passed\n");
    assert_eq!(probe(&broker, "/livez?verbose").body, "[+]broker ok\nlivez check passed\n");
    assert_eq!(health(&api(&broker), &[]), (Some(0), "ok\n".to_owned()));
    let (code, printed) = health(&api(&broker), &["--live", "--verbose"]);
    assert_eq!((code, printed.as_str()), (Some(0), "[+]broker ok\nlivez check passed\n"));
}

#[test]
fn a_broker_whose_store_refuses_writes_is_live_and_not_ready() {
    let broker = start("");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    std::fs::remove_file(broker.data_dir().join("rialto.db")).unwrap();
    // The answer comes when the store is known to fail.
    ada.send(r#"{"sub":{"cn":"room","pr":1}}"#);
    assert_eq!(ada.recv()["subAck"]["st"], 5);
    broker.wait_for_log("store write error", |line| {
        line["message"].as_str().is_some_and(|text| text.starts_with("store write error"))
    });
    let unready = probe(&broker, "/readyz");
    assert_eq!((unready.status, unready.body.as_str()), (503, "failed\n"));
    assert_eq!(probe(&broker, "/healthz").status, 503);
    assert_eq!(probe(&broker, "/livez").status, 200);
    let (code, printed) = health(&api(&broker), &["--verbose"]);
    assert_eq!(code, Some(1));
    assert!(printed.contains("[-]store refuses writes\n"), "{printed}");
    assert_eq!(health(&api(&broker), &["--live"]).0, Some(0));
}

#[test]
fn a_broker_that_is_to_have_its_links_is_ready_once_it_has() {
    let other = rialto_testkit::Port::reserve().unwrap();
    let cluster = |wants: bool| {
        format!("[cluster]\nnodes = [\"{}\"]\nready_when_linked = {wants}\n", other.address)
    };
    assert_eq!(probe(&start(&cluster(false)), "/readyz").status, 200);
    let broker = start(&cluster(true));
    let verbose = probe(&broker, "/readyz?verbose");
    assert_eq!(verbose.status, 503);
    assert!(
        verbose.body.contains("[-]links a cluster node is not connected\n"),
        "{}",
        verbose.body
    );
    assert!(
        ask(&broker, "GET /metrics", None, "").body.contains("rialto_links{state=\"trying\"} 1\n")
    );
    let _other = Launch::of(PROGRAM)
        .without_certificate()
        .listener_at("coremq", other.address)
        .set("listeners.coremq.dialect=coremq")
        .set("cluster.name=other")
        .set(r#"cluster.allowed_replicants=["127.0.0.1"]"#)
        .start();
    until("the link is there", || (probe(&broker, "/readyz").status == 200).then_some(()));
    assert!(
        ask(&broker, "GET /metrics", None, "")
            .body
            .contains("rialto_links{state=\"attached\"} 1\n")
    );
}

#[test]
fn the_checks_are_named_to_this_machine_and_to_keys_that_may_read() {
    let settings = format!(
        "[access]\ntrusted_proxies = [\"127.0.0.1\"]\nforwarded_header = \"x-forwarded-for\"\n\
         [[api.keys]]\nname = \"eye\"\nkey = \"{KEY}\"\nallow = [\"read\"]\n\
         [[api.keys]]\nname = \"mouth\"\nkey = \"{KEY}-2\"\nallow = [\"publish\"]\n"
    );
    let broker = launch(&settings).start();
    let from = |fields: &str| {
        let fields = format!("X-Forwarded-For: 192.0.2.7\r\n{fields}");
        ask_with(&broker, "GET /readyz?verbose", &fields, "")
    };
    assert_eq!(from("").status, 401);
    assert_eq!(from("X-API-Key: wrong\r\n").status, 401);
    assert_eq!(from(&format!("X-API-Key: {KEY}-2\r\n")).status, 403);
    let told = from(&format!("X-API-Key: {KEY}\r\n"));
    assert_eq!(told.status, 200);
    assert!(told.body.contains("[+]store ok\n"), "{}", told.body);
    let terse = ask_with(&broker, "GET /readyz", "X-Forwarded-For: 192.0.2.7\r\n", "");
    assert_eq!((terse.status, terse.body.as_str()), (200, "ok\n"));
}

#[test]
fn nobody_and_somebody_else_are_not_well() {
    let broker = start("");
    let elsewhere = format!("http://{}", broker.address());
    assert_ne!(health(&elsewhere, &[]).0, Some(0));
    drop(broker);
    let nobody = rialto_testkit::Port::reserve().unwrap();
    let (code, printed) = health(&format!("http://{}", nobody.address), &[]);
    assert_eq!((code, printed.as_str()), (Some(3), ""));
}
