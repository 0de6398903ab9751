use rialto_application::{Event, UnsubscribeRequest};

use super::*;
use crate::{answer::tests::read, body::tests::client};

#[tokio::test(start_paused = true)]
async fn an_answer_holds_for_as_long_as_it_says() {
    let decisions = Decisions::new(8);
    decisions.keep(question("room"), &answer(r#"{"allow":true,"cache_s":10}"#));
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(decisions.get(&question("room")).is_some());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(decisions.get(&question("room")).is_none());
}

#[tokio::test(start_paused = true)]
async fn no_answer_holds_for_longer_than_an_hour() {
    let decisions = Decisions::new(8);
    decisions.keep(question("room"), &answer(r#"{"cache_s":18446744073709551615}"#));
    tokio::time::advance(LIFETIME_MAX).await;
    assert!(decisions.get(&question("room")).is_none());
}

#[test]
fn an_answer_that_says_nothing_of_it_is_not_used_again() {
    let decisions = Decisions::new(8);
    for once in [r#"{"allow":true}"#, r#"{"allow":true,"cache_s":0}"#] {
        decisions.keep(question("room"), &answer(once));
        assert!(decisions.get(&question("room")).is_none());
    }
}

#[test]
fn a_replaced_payload_and_a_large_answer_are_not_used_again() {
    let decisions = Decisions::new(8);
    let replaced = read(Event::Publish, r#"{"payload":null,"cache_s":10}"#).ok().unwrap();
    decisions.keep(question("room"), &Arc::new(replaced));
    assert!(decisions.get(&question("room")).is_none());

    let large = format!(r#"{{"answer":"{}","cache_s":10}}"#, "x".repeat(4096));
    decisions.keep(question("room"), &Arc::new(read(Event::Control, &large).ok().unwrap()));
    assert!(decisions.get(&question("room")).is_none());
}

#[test]
fn another_question_has_another_answer() {
    let decisions = Decisions::new(8);
    decisions.keep(question("room"), &answer(r#"{"cache_s":10}"#));
    assert!(decisions.get(&question("hall")).is_none());
}

#[test]
fn no_more_answers_are_kept_than_there_is_room_for() {
    let decisions = Decisions::new(2);
    for channel in ["a", "b", "c", "d"] {
        decisions.keep(question(channel), &answer(r#"{"cache_s":10}"#));
    }
    decisions.0.run_pending_tasks();
    assert_eq!(decisions.0.entry_count(), 2);
    assert!(decisions.get(&question("d")).is_some());
}

fn answer(json: &str) -> Arc<Answer> {
    Arc::new(read(Event::Unsubscribe, json).ok().unwrap())
}

fn question(channel: &str) -> Question {
    let request = UnsubscribeRequest { client: client("ada"), channel: channel.to_owned() };
    crate::body::Body::unsubscribe(&request).question()
}
