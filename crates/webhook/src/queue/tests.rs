use rialto_application::Event;

use super::*;

#[test]
fn notifications_of_one_client_are_out_one_at_a_time_and_in_order() {
    let mut queue = queue(8, &["ada 1", "ada 2"]);
    let first = take(&mut queue, "ada 1");
    assert!(queue.take().is_none());
    queue.finish(first);
    take(&mut queue, "ada 2");
}

#[test]
fn clients_do_not_wait_for_each_other() {
    let mut queue = queue(8, &["ada 1", "ada 2", "bob 1"]);
    take(&mut queue, "ada 1");
    take(&mut queue, "bob 1");
    assert!(!queue.has_ready());
}

#[test]
fn a_full_queue_drops_the_oldest_of_all() {
    let mut queue = queue(2, &["ada 1", "bob 1"]);
    assert!(queue.push(notification("ada 2")));
    take(&mut queue, "bob 1");
    take(&mut queue, "ada 2");
}

#[test]
fn what_is_out_counts_for_no_limit_and_is_not_dropped() {
    let mut queue = queue(1, &["ada 1"]);
    let first = take(&mut queue, "ada 1");
    assert!(!queue.push(notification("ada 2")));
    assert!(queue.push(notification("ada 3")));
    queue.finish(first);
    take(&mut queue, "ada 3");
}

#[test]
fn draining_gives_what_is_out_and_what_waits_in_the_order_it_came() {
    let mut queue = queue(8, &["ada 1", "bob 1", "ada 2"]);
    let ada = take(&mut queue, "ada 1");
    take(&mut queue, "bob 1");
    let left: Vec<_> = queue.drain().iter().map(|left| left.message.body.clone()).collect();
    assert_eq!(left, ["ada 1", "bob 1", "ada 2"]);
    queue.finish(ada);
    assert!(queue.take().is_none());
}

#[test]
fn a_client_without_notifications_leaves_nothing_behind() {
    let mut queue = queue(8, &["ada 1"]);
    let first = take(&mut queue, "ada 1");
    queue.finish(first);
    assert!(queue.lanes.is_empty() && queue.out.is_empty() && queue.waiting.is_empty());
}

fn queue(count_max: usize, bodies: &[&str]) -> Queue {
    let mut queue = Queue::new(count_max);
    for body in bodies {
        assert!(!queue.push(notification(body)));
    }
    queue
}

/// Makes a notification of the client that its body begins with.
fn notification(body: &str) -> Notification {
    let client = body.split(' ').next().unwrap().into();
    let message = Message { id: String::new(), event: Event::Close, body: body.to_owned() };
    Notification { client, message: Arc::new(message) }
}

#[track_caller]
fn take(queue: &mut Queue, body: &str) -> Number {
    let (number, taken) = queue.take().unwrap();
    assert_eq!(taken.message.body, body);
    number
}
