//! What changes while the server runs, without dropping a client.

use std::io::Write as _;

use rialto_testkit::{Peer, Transport};
use serde_json::{Value, json};

use super::{
    TOKENS,
    login::{add_user, wait_for_reload},
    online, start, status,
};

const CLOSED: &str = "[[access.rules]]\ndeny = [\"publish\", \"subscribe\"]\nchannels = [\"cellar\"]\n\
                      [[access.rules]]\nallow = [\"publish\", \"subscribe\"]\nchannels = [\"*\"]\n";

fn says(line: &Value, what: &str) -> bool {
    line["message"].as_str().is_some_and(|text| text.contains(what))
}

#[test]
fn new_rules_hold_for_sessions_that_are_open() {
    let broker = start(TOKENS);
    let mut ada = online(&broker, "ada");
    let mut bob = online(&broker, "bob");
    ada.subscribe("cellar");
    ada.subscribe("hall");
    bob.send(r#"{"pub":{"cn":"cellar","dt":1}}"#);
    ada.expect(r#"{"push":{"cn":"cellar","dt":1,"cl":"bob"}}"#);

    broker.configure(&format!("{TOKENS}{CLOSED}"));
    broker.hang_up();
    wait_for_reload(&broker);
    let change = broker.wait_for_log("line with the change", |line| {
        line["change"].as_str().is_some_and(|change| change.starts_with("access.rules"))
    });
    assert_eq!(change["level"], "INFO");
    let publish = json!({"pub": {"cn": "cellar", "dt": 2, "q": 1, "id": "1"}});
    assert_eq!(status(&bob.ask(&publish), "pubAck").0, 7);
    let mine = ada.ask(r#"{"pub":{"cn":"$mySubscriptions","id":"2"}}"#);
    assert_eq!(status(&mine, "pubAck").0, 7, "no rule allows control channels any more");
    bob.send(r#"{"pub":{"cn":"hall","dt":3}}"#);
    ada.expect(r#"{"push":{"cn":"hall","dt":3,"cl":"bob"}}"#);

    // The subscription that was taken away does not come back with the right to it.
    broker.configure(TOKENS);
    broker.hang_up();
    super::until("everything is allowed again", || {
        (status(&bob.ask(&publish), "pubAck").0 == 1).then_some(())
    });
    ada.expect_silence();
}

#[test]
fn a_client_whose_token_is_gone_is_closed_and_others_are_not() {
    let broker = start(TOKENS);
    let mut ada = online(&broker, "ada");
    let mut bob = online(&broker, "bob");
    broker.configure(&TOKENS.replace("token-of-bob", "another-token"));
    broker.hang_up();
    bob.expect_last_word(1008, 7);
    assert_eq!(ada.ask(r#"{"hb":{}}"#), json!({"hbAck": {}}));
}

#[test]
fn settings_that_are_wrong_change_nothing() {
    let broker = start(TOKENS);
    let mut ada = online(&broker, "ada");
    broker.configure(&format!(
        "{TOKENS}[[access.rules]]\nallow = [\"publsh\"]\nchannels = [\"*\"]\n"
    ));
    broker.hang_up();
    let line =
        broker.wait_for_log("line that nothing has changed", |line| says(line, "stay in force"));
    assert!(line["error"].as_str().unwrap().contains("publsh"), "{line}");
    assert_eq!(status(&ada.ask(r#"{"sub":{"cn":"any"}}"#), "subAck").0, 1);

    broker.configure(&format!("[server]\nworker_threads = 3\n{TOKENS}"));
    broker.hang_up();
    let line =
        broker.wait_for_log("line that a restart is needed", |line| says(line, "next start"));
    assert!(line["change"].as_str().unwrap().starts_with("server.worker_threads"), "{line}");
}

#[test]
fn a_new_certificate_is_taken_up_by_itself_and_open_connections_go_on() {
    let broker = start("");
    let mut old = Peer::online(&broker, Transport::Tls, "ada");
    // What was trusted is replaced by one that is not.
    let directory = tempfile::tempdir().unwrap();
    let made = std::process::Command::new(super::PROGRAM)
        .args(["cert", "new", "--dir"])
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let key = broker.certificate_file().with_file_name("key.pem");
    std::fs::copy(directory.path().join("server.pem"), broker.certificate_file()).unwrap();
    std::fs::copy(directory.path().join("server.key"), key).unwrap();
    wait_for_reload(&broker);
    super::until("a client that trusts the old one is not served", || {
        Peer::try_connect(&broker, broker.address(), Transport::Tls, None).err()
    });
    assert_eq!(old.ask(r#"{"hb":{}}"#), json!({"hbAck": {}}));
}

#[test]
fn a_file_that_could_not_be_used_is_tried_again_though_it_looks_the_same() {
    let broker = start(TOKENS);
    add_user(&broker, "ada", "sesame");
    wait_for_reload(&broker);
    let path = broker.data_dir().join("users.toml");
    let good = std::fs::read(&path).unwrap();
    let mut bad = good.clone();
    bad[0] = b'!';
    std::fs::write(&path, bad).unwrap();
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    let line =
        broker.wait_for_log("line that nothing has changed", |line| says(line, "stay in force"));
    assert_eq!(line["level"], "ERROR");

    // As where it is given to the account that reads it: neither its time nor its size changes.
    let mut file = std::fs::File::options().write(true).open(&path).unwrap();
    file.write_all(&good).unwrap();
    file.set_modified(time).unwrap();
    let count = |text: &str| broker.log_lines().iter().filter(|it| it.contains(text)).count();
    super::until("it is taken up", || (count("were reloaded") >= 2).then_some(()));
    assert_eq!(count("stay in force"), 1, "the same mistake is told once");
}
