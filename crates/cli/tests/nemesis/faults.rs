//! The checker is fed with histories that each break one promise, and finds it.

use std::time::Duration;

use super::{
    checker::Checker,
    history::{Event, Moment, Name},
};

/// Two publishers' sessions, 1 and 2, of one client, and those of two subscribers, 3 and 4; nothing is wrong.
fn sound() -> Vec<(Moment, Event)> {
    let name = |name: &str| Name::from(name);
    let events = [
        Event::Asked(name("ada"), 1),
        Event::Opened(1),
        Event::Asked(name("eve"), 3),
        Event::Opened(3),
        Event::Subscribed(3, "room"),
        Event::Asked(name("zoe"), 4),
        Event::Opened(4),
        Event::Subscribed(4, "room"),
        Event::Published(1, 11, "room"),
        Event::Acknowledged(1, 11),
        Event::Published(1, 12, "room"),
        Event::Delivered(3, 11, "room", (7, 1)),
        Event::Delivered(4, 11, "room", (7, 1)),
        Event::Asked(name("ada"), 2),
        Event::Opened(2),
        Event::ToldOffline(name("ada")),
        Event::PublishedToRetain(2, 13, "room"),
        Event::Acknowledged(2, 13),
        Event::Delivered(3, 12, "room", (7, 2)),
        Event::Delivered(3, 13, "room", (7, 3)),
        Event::Delivered(4, 12, "room", (7, 2)),
        Event::Delivered(4, 13, "room", (7, 3)),
    ];
    (1..).map(Duration::from_millis).zip(events).collect()
}

/// Asserts that there is one finding that says so, once a sound history was changed.
#[track_caller]
fn expect(expected: &str, change: impl FnOnce(&mut Vec<(Moment, Event)>)) {
    let mut events = sound();
    change(&mut events);
    let found = Checker::of(&events).findings();
    assert!(found.iter().any(|finding| finding.contains(expected)), "{expected}: {found:?}");
}

fn replace(events: &mut [(Moment, Event)], index: usize, event: Event) {
    events[index].1 = event;
}

/// Adds something that happens so much later.
fn add(events: &mut Vec<(Moment, Event)>, later: Duration, event: Event) {
    let last = events.last().unwrap().0;
    events.push((last + later, event));
}

const SOON: Duration = Duration::from_millis(1);

#[test]
fn a_sound_history_has_no_finding() {
    let checker = Checker::of(&sound());
    assert_eq!((checker.retained("room"), checker.retained("hall")), (Some(13), None));
    assert_eq!(checker.findings(), Vec::<String>::new());
}

#[test]
fn an_acknowledged_message_that_a_subscriber_never_gets_is_found() {
    expect("zoe never got 13", |events| drop(events.pop()));
}

#[test]
fn what_was_not_acknowledged_may_be_lost() {
    let mut events = sound();
    events.retain(|(_, event)| !matches!(event, Event::Delivered(_, 12, ..)));
    assert_eq!(Checker::of(&events).findings(), Vec::<String>::new());
}

#[test]
fn a_message_from_nowhere_is_found() {
    expect("99 is delivered, and was never published", |events| {
        add(events, SOON, Event::Delivered(3, 99, "room", (7, 4)));
    });
    expect("99 is acknowledged, and was never published", |events| {
        add(events, SOON, Event::Acknowledged(2, 99));
    });
}

#[test]
fn a_message_on_another_channel_is_found() {
    expect("13 was published on room and comes on hall", |events| {
        replace(events, 21, Event::Delivered(4, 13, "hall", (7, 3)));
    });
}

#[test]
fn two_orders_of_one_log_are_found() {
    expect("12 stands at (7, 2) and at (7, 3)", |events| {
        replace(events, 20, Event::Delivered(4, 12, "room", (7, 3)));
        replace(events, 21, Event::Delivered(4, 13, "room", (7, 4)));
    });
    expect("12 and 13 both stand at (7, 2)", |events| {
        replace(events, 21, Event::Delivered(4, 13, "room", (7, 2)));
    });
}

#[test]
fn a_message_that_comes_twice_or_out_of_order_in_a_session_is_found() {
    expect("zoe is sent (7, 3) in session 4 behind 3", |events| {
        add(events, SOON, Event::Delivered(4, 13, "room", (7, 3)));
    });
    expect("zoe is sent (7, 2) in session 4 behind 3", |events| events.swap(20, 21));
}

#[test]
fn messages_of_a_publisher_out_of_order_are_found() {
    expect("11 stands at (7, 2), and 12, sent later, at (7, 1)", |events| {
        for session in [3, 4] {
            let delivered = |number, place| Event::Delivered(session, number, "room", place);
            let at = if session == 3 { 11 } else { 12 };
            replace(events, at, delivered(12, (7, 1)));
            replace(events, if session == 3 { 18 } else { 20 }, delivered(11, (7, 2)));
        }
    });
}

#[test]
fn what_an_old_session_published_behind_the_new_one_is_found() {
    expect("ada published (7, 3) before (7, 2)", |events| {
        for (index, session) in [(18, 3), (20, 4)] {
            replace(events, index, Event::Delivered(session, 13, "room", (7, 2)));
            replace(events, index + 1, Event::Delivered(session, 12, "room", (7, 3)));
        }
    });
}

#[test]
fn a_client_that_is_served_on_two_nodes_for_longer_than_a_lease_is_found() {
    let take_over = |events: &mut Vec<_>, later: Duration| {
        add(events, SOON, Event::Asked("zoe".into(), 5));
        add(events, SOON, Event::Opened(5));
        add(events, later, Event::Published(2, 14, "room"));
        add(events, SOON, Event::Delivered(3, 14, "room", (7, 4)));
        add(events, SOON, Event::Delivered(4, 14, "room", (7, 4)));
    };
    expect("zoe is served with", |events| take_over(events, Duration::from_secs(9)));
    let mut events = sound();
    take_over(&mut events, Duration::from_secs(5));
    assert_eq!(Checker::of(&events).findings(), Vec::<String>::new());
}

#[test]
fn an_acknowledgement_on_a_session_that_is_over_is_found() {
    expect("ada is served with", |events| {
        add(events, Duration::from_secs(9), Event::Published(1, 14, "hall"));
        add(events, SOON, Event::Acknowledged(1, 14));
    });
}

#[test]
fn a_departure_that_is_told_more_often_than_somebody_came_is_found() {
    let thrice = |events: &mut Vec<_>| {
        add(events, SOON, Event::ToldOffline("ada".into()));
        add(events, SOON, Event::ToldOffline("ada".into()));
    };
    expect("that ada has gone is told 3 times", thrice);
    // Whoever told it may have ended before it was noted.
    let mut events = sound();
    add(&mut events, SOON, Event::NodeEnded);
    thrice(&mut events);
    assert_eq!(Checker::of(&events).findings(), Vec::<String>::new());
}
