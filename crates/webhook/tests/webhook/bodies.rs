//! Exactly what is sent.

use std::{
    future::Future,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::hmac;
use rialto_application::{Application, CloseReason, Reject, SessionEnded, UnsubscribeRequest};
use rialto_webhook::Webhook;

use crate::support::{
    App, Received, SECRET, authenticate, client, connect, control, departure, publish, settings,
    start, subscribe, webhook,
};

const PEER: &str =
    r#""protocol":"jmqt-websocket","address":"1.2.3.4:5","tls":true,"certificate":"ada.example""#;
const CLIENT: &str = r#""client":"ada","account":"ada's account","groups":["crew","staff"]"#;

#[tokio::test]
async fn auth_sends_what_the_client_sent_as_it_was_written() {
    let body = asked(|app| async move { app.authenticate(authenticate(r#"{"n": 1.0e0}"#)).await });
    assert_eq!(body.await, format!(r#"{{"event":"auth",{PEER},"data":{{"n": 1.0e0}}}}"#));
}

#[tokio::test]
async fn connect_sends_the_token_and_what_the_server_thinks_of_it() {
    let body = asked(|app| async move { app.connect(connect("ada", Ok(()))).await });
    let expected =
        format!(r#"{{"event":"connect","client":"ada",{PEER},"token":"t-1","token_valid":true}}"#);
    assert_eq!(body.await, expected);

    let body = asked(|app| async move {
        app.connect(connect("ada", Err(Reject::Failed("expired".into())))).await
    });
    let expected = format!(
        r#"{{"event":"connect","client":"ada",{PEER},"token":"t-1","token_valid":false,"mg":"expired"}}"#
    );
    assert_eq!(body.await, expected);
}

#[tokio::test]
async fn subscribe_sends_the_channel_and_whether_it_is_to_last() {
    let body = asked(|app| async move { app.subscribe(subscribe("room")).await });
    let expected =
        format!(r#"{{"event":"subscribe",{CLIENT},{PEER},"channel":"room","persistent":true}}"#);
    assert_eq!(body.await, expected);
}

#[tokio::test]
async fn unsubscribe_sends_the_channel() {
    let request = UnsubscribeRequest { client: client("ada"), channel: "room".to_owned() };
    let body = asked(|app| async move { app.unsubscribe(request).await });
    let expected = format!(r#"{{"event":"unsubscribe",{CLIENT},{PEER},"channel":"room"}}"#);
    assert_eq!(body.await, expected);
}

#[tokio::test]
async fn publish_sends_the_payload_as_it_was_written() {
    let body = asked(|app| async move { app.publish(publish("ada", "[1.00, \"é\"]")).await });
    let expected = format!(
        r#"{{"event":"publish",{CLIENT},{PEER},"channel":"room","payload":[1.00, "é"],"qos":1,"retain":false}}"#
    );
    assert_eq!(body.await, expected);
}

#[tokio::test]
async fn control_sends_the_channel_with_its_mark_and_the_question() {
    let body = asked(|app| async move { app.control(control("hello", "null")).await });
    let expected =
        format!(r#"{{"event":"control",{CLIENT},{PEER},"channel":"$hello","payload":null}}"#);
    assert_eq!(body.await, expected);
}

#[tokio::test]
async fn a_departure_sends_session_code_and_reason() {
    let departed = departure("ada", 7);
    let body = told(|app| async move { app.closed(departed).await }).await;
    let expected = format!(
        r#"{{"event":"close","at":1700000000123,"client":"ada",{PEER},"session":7,"code":"silent","reason":"heartbeat timeout"}}"#
    );
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_departure_by_a_crash_has_no_peer() {
    let crashed = SessionEnded { peer: None, reason: CloseReason::Crashed, ..departure("ada", 7) };
    let body = told(|app| async move { app.disconnected(crashed).await }).await;
    assert_eq!(
        body,
        r#"{"event":"disconnect","at":1700000000123,"client":"ada","protocol":null,"address":null,"tls":null,"certificate":null,"session":7,"code":"crashed","reason":"the server crashed"}"#
    );
}

#[tokio::test]
async fn every_request_is_signed_and_named_in_its_headers() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let (_, received) = tokio::join!(webhook.subscribe(subscribe("room")), async {
        let received = app.next().await;
        let headers = received.headers.clone();
        let body = received.body.clone();
        received.answer(204, "");
        (headers, body)
    });
    let (headers, body) = received;
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();

    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("rialto-event"), "subscribe");
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(header("rialto-delivery"), json["id"]);

    let timestamp = header("rialto-timestamp");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(timestamp.parse().unwrap()) < 60);
    assert!(json["at"].as_u64().unwrap().abs_diff(now * 1000) < 60_000);
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = hex(header("rialto-signature").strip_prefix("sha256=").unwrap());
    hmac::verify(&key, format!("{timestamp}.{body}").as_bytes(), &signature).unwrap();
}

/// Returns the body of the one decision that is asked for; without id and time, which differ.
async fn asked<T>(ask: impl FnOnce(Webhook) -> T) -> String
where
    T: Future,
{
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let (_, received) = tokio::join!(ask(webhook), async {
        let received = app.next().await;
        let body = without(&without(&received.body, "id"), "at");
        received.answer(204, "");
        body
    });
    received
}

/// Returns the body of the one notification that is told; without its id.
async fn told<T>(tell: impl FnOnce(Webhook) -> T) -> String
where
    T: Future,
{
    let mut app = App::start().await;
    let (webhook, deliveries) = start(settings(&app.url));
    tell(webhook).await;
    tokio::spawn(deliveries.run());
    let received: Received = app.next().await;
    without(&received.body, "id")
}

/// Cuts a member without commas in its value out of a JSON text.
fn without(json: &str, member: &str) -> String {
    let begin = json.find(&format!("\"{member}\":")).unwrap();
    let length = json[begin..].find(',').unwrap() + 1;
    format!("{}{}", &json[..begin], &json[begin + length..])
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}
