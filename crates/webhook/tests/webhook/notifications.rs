//! How notifications are delivered.

use std::time::Duration;

use rialto_application::Application;
use rialto_webhook::{Settings, Webhook};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::support::{App, departure, nobody, settings, start};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_notification_is_sent_again_under_the_same_id_until_it_is_taken() {
    let mut app = App::start().await;
    let (webhook, running) = run(settings(&app.url));
    webhook.closed(departure("ada", 1)).await;
    let mut tries = Vec::new();
    for status in [500, 302, 200] {
        let received = app.next().await;
        let id = received.header("rialto-delivery").to_owned();
        tries.push((id, received.body.clone()));
        received.answer(status, "");
    }
    assert!(tries[0] == tries[1] && tries[1] == tries[2]);

    webhook.finish(LONG);
    assert!(running.await.unwrap().is_empty());
    let counters = webhook.counters();
    assert_eq!((counters.delivered, counters.retried, counters.dropped), (1, 2, 0));
}

#[tokio::test]
async fn notifications_of_a_client_keep_their_order_while_one_is_tried_again() {
    let mut app = App::start().await;
    let (webhook, running) = run(settings(&app.url));
    for session in 1..=3 {
        webhook.disconnected(departure("ada", session)).await;
        webhook.closed(departure("ada", session)).await;
    }
    webhook.finish(LONG);
    let mut taken = Vec::new();
    for number in 0..12 {
        let received = app.next().await;
        let is_taken = number % 2 == 1;
        if is_taken {
            taken.push(label(&received.json()));
        }
        received.answer(if is_taken { 204 } else { 503 }, "");
    }
    let expected =
        ["disconnect 1", "close 1", "disconnect 2", "close 2", "disconnect 3", "close 3"];
    assert_eq!(taken, expected);
    assert!(running.await.unwrap().is_empty());
    assert_eq!(app.most_at_once(), 1);
}

#[tokio::test]
async fn clients_do_not_wait_for_each_other() {
    let mut app = App::start().await;
    let (webhook, _running) = run(settings(&app.url));
    webhook.closed(departure("ada", 1)).await;
    webhook.closed(departure("ada", 2)).await;
    webhook.closed(departure("bob", 3)).await;
    let mut under_way =
        [app.next().await, app.next().await].map(|received| label(&received.json()));
    under_way.sort();
    assert_eq!(under_way, ["close 1", "close 3"]);
}

#[tokio::test]
async fn a_notification_that_is_not_taken_in_time_is_dropped() {
    let mut app = App::start().await;
    let (webhook, running) = run(Settings { retry_for: Duration::ZERO, ..settings(&app.url) });
    webhook.closed(departure("ada", 1)).await;
    webhook.closed(departure("ada", 2)).await;
    app.answer(500, "").await;
    assert_eq!(label(&app.answer(200, "").await), "close 2");
    webhook.finish(LONG);
    assert!(running.await.unwrap().is_empty());
    let counters = webhook.counters();
    assert_eq!((counters.delivered, counters.dropped), (1, 1));
}

#[tokio::test]
async fn a_full_queue_drops_the_oldest() {
    let mut app = App::start().await;
    let (webhook, deliveries) = start(Settings { queue_max: 2, ..settings(&app.url) });
    for session in 1..=4 {
        webhook.closed(departure("ada", session)).await;
    }
    assert_eq!(webhook.counters().dropped, 2);
    tokio::spawn(deliveries.run());
    assert_eq!(label(&app.answer(200, "").await), "close 3");
    assert_eq!(label(&app.answer(200, "").await), "close 4");
}

#[tokio::test]
async fn what_is_left_at_the_end_is_given_back_and_can_be_delivered_by_the_next_run() {
    let (webhook, running) = run(settings(&nobody()));
    webhook.closed(departure("ada", 1)).await;
    webhook.closed(departure("ada", 2)).await;
    webhook.finish(Duration::ZERO);
    let left = running.await.unwrap();
    assert_eq!(left.len(), 2);

    let mut app = App::start().await;
    let (webhook, running) = run(settings(&app.url));
    webhook.requeue(left.clone());
    webhook.finish(LONG);
    for body in left {
        let received = app.next().await;
        assert_eq!(received.body, body);
        assert_eq!(received.header("rialto-delivery"), received.json()["id"]);
        assert_eq!(received.header("rialto-event"), "close");
        received.answer(200, "");
    }
    assert!(running.await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_under_way_at_the_end_is_given_back() {
    let mut app = App::start().await;
    let (webhook, running) = run(settings(&app.url));
    webhook.closed(departure("ada", 1)).await;
    let received = app.next().await;
    webhook.finish(Duration::ZERO);
    assert_eq!(running.await.unwrap(), [received.body]);
}

#[tokio::test]
async fn what_comes_after_the_end_is_counted_as_dropped() {
    let (webhook, running) = run(settings(&nobody()));
    webhook.finish(Duration::ZERO);
    assert!(running.await.unwrap().is_empty());
    webhook.closed(departure("ada", 1)).await;
    assert_eq!(webhook.counters().dropped, 1);
}

#[tokio::test]
async fn what_was_no_notification_is_not_delivered() {
    let (webhook, deliveries) = start(settings(&nobody()));
    webhook.requeue(vec![
        "{".to_owned(),
        r#"{"event":"publish","id":"1","client":"ada"}"#.to_owned(),
        r#"{"event":"close","id":"1\r\nx: y","client":"ada"}"#.to_owned(),
    ]);
    assert_eq!(webhook.counters().dropped, 3);
    webhook.finish(LONG);
    assert!(deliveries.run().await.is_empty());
}

fn run(settings: Settings) -> (Webhook, JoinHandle<Vec<String>>) {
    let (webhook, deliveries) = start(settings);
    (webhook, tokio::spawn(deliveries.run()))
}

fn label(body: &Value) -> String {
    format!("{} {}", body["event"].as_str().unwrap(), body["session"])
}
