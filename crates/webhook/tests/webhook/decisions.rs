//! What is made of the application's answers.

use std::time::Duration;

use rialto_application::{
    Announcement, Application, Authentication, Control, ForcedSubscription, Publication, Qos,
    RefusalStatus, Reject, SessionStart,
};
use rialto_webhook::{Settings, WebhookError};
use serde_json::json;

use crate::support::{
    App, authenticate, connect, control, publish, settings, start, subscribe, webhook,
};

#[tokio::test]
async fn auth_is_answered_with_a_client_with_the_default_or_with_a_refusal() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let mut answered = async |status, text: &str| {
        tokio::join!(webhook.authenticate(authenticate("{}")), app.answer(status, text)).0
    };
    let ada = |token: Option<&str>| Authentication::Client {
        id: "ada".into(),
        token: token.map(str::to_owned),
    };
    assert!(answered(200, r#"{"allow":true,"client":"ada"}"#).await == Ok(ada(None)));
    let with_token = answered(200, r#"{"allow":true,"client":"ada","token":"t"}"#).await;
    assert!(with_token == Ok(ada(Some("t"))));
    assert!(answered(200, "{}").await == Ok(Authentication::Default));
    assert!(answered(200, r#"{"default":true}"#).await == Ok(Authentication::Default));
    assert!(answered(204, "").await == Ok(Authentication::Default));
    let refused = answered(200, r#"{"allow":false,"mg":"no name"}"#).await;
    assert!(refused == Err(Reject::Failed("no name".into())));
}

#[tokio::test]
async fn connect_is_answered_with_groups_and_subscriptions() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let text = r#"{"groups":["crew"],"subscribe":["a",{"channel":"b","persistent":true},{"channel":"c"}]}"#;
    let (start, _) = tokio::join!(webhook.connect(connect("ada", Ok(()))), app.answer(200, text));
    let forced =
        |channel: &str, persistent| ForcedSubscription { channel: channel.to_owned(), persistent };
    let expected = SessionStart {
        groups: vec!["crew".to_owned()],
        subscriptions: vec![forced("a", false), forced("b", true), forced("c", false)],
        announcements: Vec::new(),
    };
    assert_eq!(start, Ok(expected));
}

#[tokio::test]
async fn connect_is_answered_with_messages_which_no_later_session_gets() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let text = r##"{"cache_s":60,"publish":[{"channel":"update","payload":null},
        {"channel":"#bob","payload":{"n":1},"qos":1,"retain":true}]}"##;
    let (start, _) = tokio::join!(webhook.connect(connect("ada", Ok(()))), app.answer(200, text));
    let (channel, payload) = ("update".to_owned(), json!(null));
    let plain = Announcement { channel, payload, qos: Qos::AtMostOnce, retain: false };
    let (channel, payload) = ("#bob".to_owned(), json!({"n": 1}));
    let full = Announcement { channel, payload, qos: Qos::AtLeastOnce, retain: true };
    assert_eq!(start.map(|start| start.announcements), Ok(vec![plain, full]));
    let (start, _) = tokio::join!(webhook.connect(connect("ada", Ok(()))), app.answer(200, "{}"));
    assert_eq!(start, Ok(SessionStart::default()));
}

#[tokio::test]
async fn a_refusal_has_the_status_that_the_application_gives() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let refused = |status, why: &str| Reject::WithStatus {
        status: RefusalStatus::new(status).unwrap(),
        why: why.into(),
    };
    let answer = app.answer(200, r#"{"allow":false,"status":6,"mg":"too old"}"#);
    let (known, _) = tokio::join!(webhook.authenticate(authenticate("{}")), answer);
    assert_eq!(known.err(), Some(refused(6, "too old")));
    let answer = app.answer(200, r#"{"allow":false,"status":20}"#);
    let (published, _) = tokio::join!(webhook.publish(publish("ada", "1")), answer);
    assert_eq!(published, Err(refused(20, "the application does not allow it")));
    let answer = app.answer(200, r#"{"answer":{"why":"full"},"status":0}"#);
    let (answered, _) = tokio::join!(webhook.control(control("hi", "1")), answer);
    let (status, answer) = (RefusalStatus::new(0).unwrap(), json!({"why": "full"}));
    assert_eq!(answered, Ok(Control::Refused { status, answer }));
}

#[tokio::test]
async fn only_an_answer_that_allows_opens_a_session_that_the_server_would_refuse() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let mut answered = async |status, text: &str| {
        let request = connect("ada", Err(Reject::InvalidToken));
        tokio::join!(webhook.connect(request), app.answer(status, text)).0
    };
    assert_eq!(answered(200, r#"{"allow":true}"#).await, Ok(SessionStart::default()));
    assert_eq!(answered(200, r#"{"groups":["crew"]}"#).await, Err(Reject::InvalidToken));
    assert_eq!(answered(204, "").await, Err(Reject::InvalidToken));
    let refused = answered(200, r#"{"allow":false,"mg":"full"}"#).await;
    assert_eq!(refused, Err(Reject::Denied("full".into())));
}

#[tokio::test]
async fn a_publish_goes_on_as_sent_is_replaced_or_is_refused() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let mut answered = async |text: &str| {
        tokio::join!(webhook.publish(publish("ada", "1")), app.answer(200, text)).0
    };
    assert_eq!(answered(r#"{"allow":true}"#).await, Ok(Publication::AsSent));
    let replaced = answered(r#"{"payload":{"n":2}}"#).await;
    assert_eq!(replaced, Ok(Publication::Replaced(json!({"n": 2}))));
    let refused = answered(r#"{"allow":false,"mg":"reserved"}"#).await;
    assert_eq!(refused, Err(Reject::Denied("reserved".into())));
    assert_eq!(webhook.counters().denied, 1);
}

#[tokio::test]
async fn a_control_channel_is_answered_or_left_to_the_server() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let mut answered = async |text: &str| {
        tokio::join!(webhook.control(control("hi", "1")), app.answer(200, text)).0
    };
    assert_eq!(answered(r#"{"answer":[1]}"#).await, Ok(Control::Answer(json!([1]))));
    assert_eq!(answered(r#"{"default":true}"#).await, Ok(Control::NotMine));
}

#[tokio::test]
async fn an_answer_that_may_be_used_again_is_not_asked_for_again() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let text = r#"{"allow":false,"mg":"reserved","cache_s":60}"#;
    let (first, _) = tokio::join!(webhook.publish(publish("ada", "1")), app.answer(200, text));
    let second = webhook.publish(publish("ada", "2")).await;
    assert_eq!(first, second);
    assert!(app.is_idle());

    let (bob, _) = tokio::join!(webhook.publish(publish("bob", "1")), app.answer(200, "{}"));
    assert_eq!(bob, Ok(Publication::AsSent));
    let counters = webhook.counters();
    assert_eq!((counters.asked, counters.cached, counters.denied), (2, 1, 2));
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let mut app = App::start().await;
    let (webhook, _deliveries) = start(Settings { concurrency_max: 2, ..settings(&app.url) });
    let mut asked = tokio::task::JoinSet::new();
    for number in 0..6 {
        let webhook = webhook.clone();
        asked.spawn(async move { webhook.subscribe(subscribe(&number.to_string())).await });
    }
    let mut waiting = [app.next().await, app.next().await].into_iter().collect::<Vec<_>>();
    for _ in 0..4 {
        waiting.remove(0).answer(204, "");
        waiting.push(app.next().await);
    }
    for last in waiting {
        last.answer(204, "");
    }
    assert!(asked.join_all().await.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(app.most_at_once(), 2);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let fails = |settings| rialto_webhook::Webhook::new(settings).err();
    let good = settings("http://localhost/");
    for url in ["", "localhost", "ftp://localhost/", "http://"] {
        assert_eq!(fails(settings(url)), Some(WebhookError::Url), "{url}");
    }
    let refused = fails(Settings { secret: Vec::new(), ..good.clone() });
    assert_eq!(refused, Some(WebhookError::Secret));
    let refused = fails(Settings { concurrency_max: 0, ..good.clone() });
    assert_eq!(refused, Some(WebhookError::Zero("concurrency_max")));
    let refused = fails(Settings { timeout: Duration::ZERO, ..good.clone() });
    assert_eq!(refused, Some(WebhookError::Zero("timeout")));
    let refused = fails(Settings { authority: Some(b"no PEM".to_vec()), ..good });
    assert_eq!(refused, Some(WebhookError::Authority));
}

#[test]
fn neither_the_secret_nor_the_address_is_printed() {
    let printed = format!("{:?}", settings("http://user:password@localhost/"));
    assert!(!printed.contains("password") && !printed.contains("secret"), "{printed}");
}
