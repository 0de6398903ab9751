//! What happens when the application gives no usable answer.

use std::time::Duration;

use rialto_application::{Application, Authentication, Control, Publication, Reject, SessionStart};
use rialto_webhook::{Settings, WhenDown};

use crate::support::{
    App, authenticate, connect, control, nobody, publish, settings, speaks, start, subscribe,
    webhook,
};

const BRIEF: Duration = Duration::from_millis(50);

#[tokio::test]
async fn nobody_listening_leaves_it_undecided() {
    assert_undecided(settings(&nobody())).await;
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_leaves_it_undecided() {
    let app = App::start().await;
    assert_undecided(Settings { timeout: BRIEF, ..settings(&app.url) }).await;
}

#[tokio::test]
async fn an_answer_of_which_only_a_part_comes_in_time_leaves_it_undecided() {
    let url = speaks("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"allow\":").await;
    assert_undecided(Settings { timeout: BRIEF, ..settings(&url) }).await;
}

#[tokio::test]
async fn waiting_for_a_turn_counts_into_the_time() {
    let mut app = App::start().await;
    let (webhook, _deliveries) =
        start(Settings { concurrency_max: 1, timeout: BRIEF, ..settings(&app.url) });
    let (first, second) =
        tokio::join!(webhook.subscribe(subscribe("a")), webhook.subscribe(subscribe("b")));
    assert_eq!((first, second), (Err(Reject::Undecided), Err(Reject::Undecided)));
    let _first = app.next().await;
    assert!(app.is_idle());
}

#[tokio::test]
async fn any_status_but_200_and_204_leaves_it_undecided() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    for status in [201, 401, 404, 500, 503] {
        let allow = r#"{"allow":true}"#;
        let (answer, _) =
            tokio::join!(webhook.subscribe(subscribe("room")), app.answer(status, allow));
        assert_eq!(answer, Err(Reject::Undecided), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let url = app.url.clone();
    let (answer, ()) = tokio::join!(webhook.subscribe(subscribe("room")), async {
        app.next().await.redirect(&url);
    });
    assert_eq!(answer, Err(Reject::Undecided));
    assert!(app.is_idle());
}

#[tokio::test]
async fn what_is_no_http_leaves_it_undecided() {
    assert_undecided(settings(&speaks("SSH-2.0-OpenSSH\r\n\r\n").await)).await;
}

#[tokio::test]
async fn what_is_no_answer_leaves_it_undecided() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    for text in ["", "<html>", r#"{"allow":"yes"}"#, r#"{"alow":true}"#] {
        let (answer, _) = tokio::join!(webhook.subscribe(subscribe("room")), app.answer(200, text));
        assert_eq!(answer, Err(Reject::Undecided), "{text}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..1025 {
        answer.extend_from_slice(b"400\r\n");
        answer.extend_from_slice(&[b' '; 1024]);
        answer.extend_from_slice(b"\r\n");
    }
    assert_undecided(settings(&speaks(answer).await)).await;
}

#[tokio::test]
async fn a_decision_is_asked_for_only_once() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let _ = tokio::join!(webhook.subscribe(subscribe("room")), app.answer(500, ""));
    assert!(app.is_idle());
    let counters = webhook.counters();
    assert_eq!((counters.asked, counters.failed, counters.retried), (1, 1, 0));
}

#[tokio::test]
async fn the_server_decides_while_the_application_is_down_where_so_configured() {
    let down = Settings { when_down: WhenDown::Allow, ..settings(&nobody()) };
    let (webhook, _deliveries) = start(down);
    let authenticated = webhook.authenticate(authenticate("{}")).await;
    assert!(authenticated == Ok(Authentication::Default));
    let connected = webhook.connect(connect("ada", Ok(()))).await;
    assert_eq!(connected, Ok(SessionStart::default()));
    let refused = webhook.connect(connect("ada", Err(Reject::InvalidToken))).await;
    assert_eq!(refused, Err(Reject::InvalidToken));
    assert_eq!(webhook.subscribe(subscribe("room")).await, Ok(()));
    assert_eq!(webhook.publish(publish("ada", "1")).await, Ok(Publication::AsSent));
    assert_eq!(webhook.control(control("hi", "1")).await, Ok(Control::NotMine));
    assert_eq!(webhook.counters().failed, 6);
}

#[tokio::test]
async fn an_application_that_is_back_decides_again() {
    let mut app = App::start().await;
    let webhook = webhook(&app.url);
    let (down, _) = tokio::join!(webhook.subscribe(subscribe("room")), app.answer(500, ""));
    let (back, _) = tokio::join!(webhook.subscribe(subscribe("room")), app.answer(200, "{}"));
    assert_eq!((down, back), (Err(Reject::Undecided), Ok(())));
}

/// Checks that no decision comes of asking.
async fn assert_undecided(settings: Settings) {
    let (webhook, _deliveries) = start(settings);
    let authenticated = webhook.authenticate(authenticate("{}")).await;
    assert!(authenticated == Err(Reject::Undecided));
    assert_eq!(webhook.publish(publish("ada", "1")).await, Err(Reject::Undecided));
    assert_eq!(webhook.counters().failed, 2);
}
