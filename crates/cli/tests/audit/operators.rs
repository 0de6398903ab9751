//! What an operator did, by the settings and their files and over the API.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use rialto_testkit::Broker;
use serde_json::{Value, json};

use super::{KEY, common::PROGRAM, http, online, start};

/// Runs a command of `rialto user`, with a password where one is asked for.
#[track_caller]
fn user(broker: &Broker, arguments: &[&str], password: Option<&str>) {
    let mut command = Command::new(PROGRAM);
    command.arg("user").args(arguments).arg("--data-dir").arg(broker.data_dir());
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(password.unwrap_or_default().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
pub(crate) fn add_user(broker: &Broker, name: &str) {
    user(broker, &["add", name, "--password-stdin"], Some("correct horse"));
}

#[track_caller]
pub(crate) fn wait_for_reload(broker: &Broker) {
    act(broker, "reloaded");
}

/// Waits for the line of an act, and returns it without time.
#[track_caller]
fn act(broker: &Broker, event: &str) -> Value {
    let mut line = broker
        .wait_for_log(event, |line| line["target"] == "rialto::audit" && line["event"] == event);
    line.as_object_mut().unwrap().remove("timestamp");
    line
}

#[test]
fn users_that_come_change_and_go_are_told_of_when_they_are_taken_up() {
    let broker = start("");
    add_user(&broker, "homer");
    let line = act(&broker, "user-added");
    let told = json!({
        "level": "INFO", "message": "done by an operator", "target": "rialto::audit",
        "event": "user-added", "client": "homer",
    });
    assert_eq!(line, told);
    assert_eq!(act(&broker, "reloaded")["changes"], 1);
    user(&broker, &["passwd", "homer", "--password-stdin"], Some("another horse"));
    assert_eq!(act(&broker, "user-changed")["client"], "homer");
    user(&broker, &["remove", "homer"], None);
    assert_eq!(act(&broker, "user-removed")["client"], "homer");
}

#[test]
fn a_rule_that_changes_and_settings_that_cannot_be_used_are_told_of() {
    let broker = start("");
    broker.configure(&super::SETTINGS.replace("secret*", "private*"));
    broker.hang_up();
    let line = act(&broker, "settings-changed");
    assert_eq!(line["setting"], "access.rules");
    assert!(line["change"].as_str().unwrap().contains("private*"), "{line}");
    assert_eq!(act(&broker, "reloaded")["changes"], 1);
    broker.configure("[access]\nmode = \"nonsense\"\n");
    broker.hang_up();
    assert_eq!(act(&broker, "reload-refused")["level"], "ERROR");
}

#[test]
fn what_is_done_over_the_api_is_told_of_with_the_key_that_asked() {
    let broker = start("");
    let _ada = online(&broker, "ada");
    let ada = "/v1/clients/ada";
    let acts = [
        ("client-disconnected", format!("POST {ada}/disconnect"), json!({"reason": "restarting"})),
        ("client-banned", format!("POST {ada}/ban"), json!({"reason": "too loud", "seconds": 60})),
        ("client-unbanned", format!("DELETE {ada}/ban"), json!({})),
        ("tokens-revoked", format!("POST {ada}/revoke-tokens"), json!({})),
        ("token-signed", format!("POST {ada}/token"), json!({})),
        ("client-forgotten", format!("DELETE {ada}"), json!({})),
    ];
    for (event, request, terms) in acts {
        let body = if terms == json!({}) { String::new() } else { terms.to_string() };
        let status = http::ask_with_key(&broker, &request, KEY, &body);
        assert!((200..300).contains(&status), "{request}: {status}");
        let mut told = json!({
            "level": "INFO", "message": "done by an operator", "target": "rialto::audit",
            "event": event, "client": "ada", "key": "app", "address": "127.0.0.1",
            "request": request,
        });
        let terms = terms.as_object().unwrap().clone();
        told.as_object_mut().unwrap().extend(terms);
        assert_eq!(act(&broker, event), told);
    }
    let body = r#"{"channel":"news","payload":1,"retain":true}"#;
    assert_eq!(http::ask_with_key(&broker, "POST /v1/publish", KEY, body), 204);
    let request = "DELETE /v1/channels/news/retained";
    assert_eq!(http::ask_with_key(&broker, request, KEY, ""), 204);
    assert_eq!(act(&broker, "retained-removed")["channel"], "news");
    assert!(!broker.log_lines().join("\n").contains(KEY), "a secret is in the log");
}

#[test]
fn a_certificate_that_is_renewed_is_told_of() {
    let broker = start("");
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let file = broker.certificate_file();
    let key_file = file.with_file_name("key.pem");
    assert!(key_file.exists(), "where the testkit keeps the key");
    std::fs::write(key_file, key.serialize_pem()).unwrap();
    std::fs::write(file, certificate.pem()).unwrap();
    broker.hang_up();
    assert_eq!(act(&broker, "certificate-renewed")["setting"], "tls.certificate");
}
