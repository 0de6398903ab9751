//! What nobody may read in the log.

use rialto_testkit::{Peer, Transport};
use serde_json::json;

use crate::{
    SECRET,
    application::{Answer, Application},
    launch,
};

#[test]
fn not_even_a_trace_shows_secrets_tokens_and_passwords() {
    let application = Application::start(|event| match event["event"].as_str().unwrap() {
        "auth" => Answer::Json(json!({"allow": true, "client": "ada", "token": "t-7-hidden"})),
        _ => Answer::allow(),
    });
    let mut broker = launch(&application.url()).set("log.level=trace").start();
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    ada.send(r#"{"auth":{"dt":{"client_name":"ada","password":"pass-7-hidden"}}}"#);
    ada.expect(r#"{"authAck":{"st":1,"cl":"ada","at":"t-7-hidden"}}"#);
    ada.send(r#"{"conn":{"cl":"ada","at":"t-7-hidden"}}"#);
    ada.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    ada.leave();
    application.wait_for("close", 1);
    broker.terminate();
    let log = broker.log_lines().join("\n");
    assert!(log.contains("\"TRACE\""), "the log has no trace: {log}");
    for secret in [SECRET, "t-7-hidden", "pass-7-hidden"] {
        assert!(!log.contains(secret), "the log shows {secret}");
    }
}
