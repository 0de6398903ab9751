//! A broker's store that is moved into one of another kind, and back.

use std::{
    path::Path,
    process::{Command, Output},
};

use rialto_testkit::{Broker, Peer, Postgres, Transport};
use serde_json::{Value, json};

use crate::{
    common::{PROGRAM, acknowledge, publish_stored},
    start,
};

/// Runs `rialto store copy`.
fn copy(from: &str, to: &str) -> Output {
    let arguments = ["store", "copy", "--from", from, "--to", to, "--format", "json"];
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

#[track_caller]
fn refused(output: &Output, code: i32, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{said}");
}

/// Returns what was printed of each part.
#[track_caller]
fn parts(output: &Output) -> Vec<Value> {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("both sides were read and agree") && !said.contains("not-shown"),
        "{said}"
    );
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    printed.lines().map(|line| line.parse().unwrap()).collect()
}

/// Has a broker store six messages, of which `ada` acknowledges the second; returns the id of the first.
fn fill(broker: &Broker) -> Value {
    let mut ada = Peer::online(broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    let mut bob = Peer::online(broker, Transport::Tcp, "bob");
    for number in 1..=5 {
        bob.send(publish_stored("room", number, number));
        bob.expect(json!({"pubAck": {"st": 1, "id": number.to_string()}}));
    }
    bob.send(r#"{"pub":{"cn":"room","dt":"kept","q":1,"rt":1,"id":"6"}}"#);
    bob.expect(r#"{"pubAck":{"st":1,"id":"6"}}"#);
    let ids: Vec<Value> = (0..6).map(|_| ada.recv()["push"]["id"].clone()).collect();
    ada.send(acknowledge(ids[1].as_str().unwrap()));
    ada.leave();
    ids[0].clone()
}

/// Checks that `ada` gets what she has not acknowledged, under the ids that it had.
fn check_delivery(broker: &Broker, first: &Value) {
    let mut ada = Peer::online(broker, Transport::Tcp, "ada");
    let pushes: Vec<Value> = (0..6).map(|_| ada.recv()["push"].clone()).collect();
    let payloads: Vec<Value> = pushes.iter().map(|push| push["dt"].clone()).collect();
    assert_eq!(
        payloads,
        ["\"kept\"", "1", "3", "4", "5", "\"kept\""].map(|it| it.parse::<Value>().unwrap())
    );
    assert_eq!(&pushes[1]["id"], first);
    ada.leave();
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_store_is_moved_into_a_database_and_back() {
    // J-63, J-73, J-77.
    let database = Postgres::start_in_memory(&[]);
    let url = database.url().replace("rialto@", "rialto:not-shown@");
    let mut files = start("");
    let first = fill(&files);
    let directory = files.data_dir();
    refused(&copy(shown(&directory), &url), 1, "in use by another Rialto");
    files.terminate();
    let there = parts(&copy(shown(&directory), &url));
    let of = |part: &str| there.iter().find(|line| line["part"] == part).unwrap().clone();
    assert_eq!((&of("pages")["messages"], &of("subscriptions")["records"]), (&6.into(), &1.into()));
    assert_eq!(of("retained")["records"], 1);

    let settings = format!("[store]\nkind = \"postgres\"\nurl = \"{url}\"\n");
    let mut other = start(&settings);
    check_delivery(&other, &first);
    let elsewhere = other.data_dir().join("elsewhere");
    refused(&copy(&url, shown(&elsewhere)), 1, "in use by another Rialto");
    refused(&copy(shown(&directory), &url), 1, "in use by another Rialto");
    other.terminate();
    refused(&copy(shown(&directory), &url), 1, "it holds a store already");

    let back = parts(&copy(&url, shown(&elsewhere)));
    let counts = |parts: &[Value]| -> Vec<Value> {
        let unchanged = ["logs", "pages", "subscriptions", "retained", "history"];
        let wanted = parts.iter().filter(|part| unchanged.iter().any(|name| part["part"] == *name));
        wanted.cloned().collect()
    };
    assert_eq!(counts(&back), counts(&there), "messages and subscriptions are what they were");
    files.set(&format!("server.data_dir={}", elsewhere.display()));
    files.restart();
    check_delivery(&files, &first);
    refused(
        &copy("redis://db/0", shown(&elsewhere)),
        2,
        "no stores with addresses that begin with redis://",
    );
}

#[test]
fn a_copy_that_was_cut_off_is_taken_up_and_no_store_before() {
    let mut broker = start("");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    ada.leave();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let long = "x".repeat(60_000);
    for number in 1..=200 {
        bob.send(publish_stored("room", json!(long), number));
        bob.expect(json!({"pubAck": {"st": 1, "id": number.to_string()}}));
    }
    broker.terminate();

    // No file may grow beyond some of it: so the system ends the command, whatever it does.
    let (from, to) = (broker.data_dir(), broker.data_dir().join("copy"));
    let limited = "ulimit -f 10000; exec \"$0\" \"$@\"";
    let cut = Command::new("sh")
        .args(["-c", limited, PROGRAM, "store", "copy", "--from", shown(&from), "--to", shown(&to)])
        .output()
        .unwrap();
    assert!(!cut.status.success(), "{}", String::from_utf8_lossy(&cut.stderr));
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", shown(&to)];
    let output = Command::new(PROGRAM).args(serve).output().unwrap();
    refused(&output, 5, "it holds a part of a copy of");
    refused(
        &copy(shown(&to), shown(&broker.data_dir().join("third"))),
        5,
        "it holds a part of a copy of",
    );

    let parts = parts(&copy(shown(&from), shown(&to)));
    let pages = parts.iter().find(|part| part["part"] == "pages").unwrap();
    assert_eq!((&pages["records"], &pages["messages"]), (&200.into(), &200.into()));
    let check = Command::new(PROGRAM).args(["store", "check", shown(&to)]).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn what_is_damaged_is_left_out_of_a_copy_and_told() {
    let mut broker = start("");
    fill(&broker);
    broker.terminate();
    let from = broker.data_dir();
    crate::common::shell(&from).execute("UPDATE retained SET payload = x'00'", []).unwrap();
    let to = from.join("copy");
    let copied = Command::new(PROGRAM)
        .args(["store", "copy", "--from", shown(&from), "--to", shown(&to)])
        .output()
        .unwrap();
    refused(&copied, 5, "1 damaged records of the source were left out");
    let printed = String::from_utf8(copied.stdout).unwrap();
    assert!(
        printed.starts_with("PART ")
            && printed.contains("the retained message of channel \"room\""),
        "{printed}"
    );
    let check = Command::new(PROGRAM).args(["store", "check", shown(&to)]).output().unwrap();
    assert!(check.status.success(), "the copy is sound");
}
