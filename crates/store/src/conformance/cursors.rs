//! Subscriptions, and the logs that come and go with them.

use rialto_domain::{Change, CursorState, Retained};

use super::{
    changes::{
        acknowledge, append, drop_log, forget, move_cursor, put_client, seen, subscribe, trim,
        unsubscribe,
    },
    history::{drop_history, keep, message},
    subject::{Driver, Subject},
};

/// Store, duties 5 and 7.
pub(super) fn subscribing_starts_behind_the_last_message(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (log, floor) = subject.subscribe("ada", "room");
    assert_eq!(floor, 0, "a new log is empty");
    assert_eq!(subject.append("room", 5), (log, 1), "the page goes to the log that was made");
    assert_eq!(subject.subscribe("bob", "room"), (log, 5));
    subject.commit(&[trim("room", 5)]);
    assert_eq!(subject.subscribe("eve", "room"), (log, 5), "trimming does not move the end");
}

/// Store, duty 7.
pub(super) fn subscribing_twice_is_subscribing_once(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (log, _) = subject.subscribe("ada", "room");
    subject.append("room", 9);
    let stretches = [(5, 6), (8, 8)];
    subject.commit(&[move_cursor("ada", "room", 3), acknowledge("ada", "room", &stretches)]);

    assert_eq!(subject.subscribe("ada", "room"), (log, 3));
    let state = CursorState { floor: 3, acknowledged: vec![(5, 6), (8, 8)] };
    assert_eq!(subject.load().cursors, [("ada".into(), "room".into(), state)]);
}

/// Store, duty 8.
pub(super) fn moving_without_a_cursor_makes_nothing(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.subscribe("ada", "room");
    let before = subject.load();
    subject.commit(&[
        move_cursor("bob", "room", 7),
        move_cursor("ada", "no log of that name", 7),
        acknowledge("bob", "room", &[(9, 9)]),
        acknowledge("ada", "no log of that name", &[(9, 9)]),
    ]);
    assert_eq!(subject.load(), before);
}

/// Store, duty 8.
pub(super) fn what_is_acknowledged_is_added_up(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[subscribe("ada", "room"), append("room", 20)]);
    for (change, floor, stretches) in [
        (acknowledge("ada", "room", &[(9, 9), (5, 6)]), 0, &[(5, 6), (9, 9)][..]),
        (acknowledge("ada", "room", &[(7, 7), (5, 5)]), 0, &[(5, 7), (9, 9)]),
        (acknowledge("ada", "room", &[(8, 8), (12, 15)]), 0, &[(5, 9), (12, 15)]),
        (move_cursor("ada", "room", 6), 6, &[(7, 9), (12, 15)]),
        (move_cursor("ada", "room", 4), 6, &[(7, 9), (12, 15)]),
        (acknowledge("ada", "room", &[(2, 3), (4, 7)]), 6, &[(7, 9), (12, 15)]),
        (move_cursor("ada", "room", 13), 13, &[(14, 15)]),
        (acknowledge("ada", "room", &[]), 13, &[(14, 15)]),
        (move_cursor("ada", "room", 15), 15, &[]),
    ] {
        subject.commit(&[change]);
        let acknowledged = stretches.to_vec();
        assert_eq!(subject.cursor("ada", "room"), CursorState { floor, acknowledged });
        assert_eq!(subject.subscribe("ada", "room").1, floor);
    }
    // A cursor made anew has nothing of the one before it.
    subject.commit(&[acknowledge("ada", "room", &[(18, 19)]), subscribe("bob", "room")]);
    subject.commit(&[unsubscribe("ada", "room"), append("room", 1), subscribe("ada", "room")]);
    assert_eq!(subject.cursor("ada", "room"), CursorState { floor: 21, acknowledged: vec![] });
}

/// Store, duties 3 and 8.
pub(super) fn acknowledgements_outlive_the_store(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[subscribe("ada", "room"), subscribe("bob", "room"), append("room", 90)]);
    // So many that a store that tidies them up does so.
    for round in 0..200 {
        let odd: Vec<_> = (0..40).map(|number| 2 * number + 3).map(|one| (one, one)).collect();
        subject.commit(&[acknowledge("ada", "room", &odd), move_cursor("bob", "room", round % 9)]);
    }
    let expected = subject.load();
    let ada = subject.cursor("ada", "room");
    assert_eq!((ada.floor, ada.acknowledged.len()), (0, 40));
    assert_eq!(subject.cursor("bob", "room").floor, 8);
    if let Some(mut reopened) = subject.reopen(driver) {
        assert_eq!(reopened.load(), expected);
    }
}

/// Store, duty 5.
pub(super) fn a_log_is_dropped_if_nobody_reads_it(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (log, _) = subject.subscribe("ada", "room");
    subject.subscribe("bob", "room");
    subject.append("room", 2);

    subject.commit(&[unsubscribe("ada", "room"), drop_log("room")]);
    assert_eq!(subject.spans(log), [(1, 2)], "bob still reads it");
    subject.commit(&[unsubscribe("ada", "room"), drop_log("room")]);
    assert_eq!(subject.spans(log), [(1, 2)], "ada's cursor had gone already");
    subject.commit(&[unsubscribe("bob", "room")]);
    assert_eq!(subject.spans(log), [(1, 2)], "nobody said that it is to go");
    assert_eq!(subject.append("room", 1), (log, 3), "and it goes on");
    subject.commit(&[drop_log("room")]);
    assert_eq!(subject.spans(log), []);
    assert_eq!(subject.load().logs, []);
    assert_eq!(subject.load().cursors, []);

    subject.commit(&[unsubscribe("bob", "room"), drop_log("room"), drop_log("no such log")]);
    subject.append("room", 1);
    subject.commit(&[put_client("ada", 1), forget("ada"), trim("room", 1), drop_log("room")]);
    assert_eq!(subject.log("room"), None, "one that nobody ever read goes as well");
}

/// Store, duty 5.
pub(super) fn forgetting_a_client_forgets_its_cursors_only(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let retained = Retained { publisher: "ada".into(), payload: "1".into() };
    subject.commit(&[
        put_client("ada", 1),
        put_client("bob", 1),
        subscribe("ada", "shared"),
        subscribe("bob", "shared"),
        subscribe("ada", "own"),
        append("shared", 1),
        append("own", 1),
        append("unread", 1),
        Change::Retain("own".into(), retained.clone()),
        forget("ada"),
        forget("nobody"),
    ]);

    let snapshot = subject.load();
    assert_eq!(snapshot.clients, [("bob".into(), seen(1))]);
    let channels: Vec<_> = snapshot.logs.iter().map(|log| log.channel.as_str()).collect();
    assert_eq!(channels, ["own", "shared", "unread"], "logs stay");
    assert_eq!(snapshot.cursors, [("bob".into(), "shared".into(), CursorState::default())]);
    assert_eq!(snapshot.retained, [("own".into(), retained)]);

    subject.commit(&[subscribe("stranger", "shared"), forget("stranger")]);
    assert_eq!(subject.load(), snapshot, "cursors of a client never put are forgotten as well");
}

/// Store, duty 6.
pub(super) fn the_id_of_a_log_is_never_used_again(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let mut ids = vec![subject.subscribe("ada", "room").0];
    for _ in 0..2 {
        subject.append("room", 3);
        subject.commit(&[unsubscribe("ada", "room"), drop_log("room")]);
        let (log, first) = subject.append("room", 1);
        assert_eq!(first, 1, "a log made anew counts anew");
        assert_eq!(subject.spans(log), [(1, 1)], "and has none of the old pages");
        ids.push(log);
        subject.commit(&[drop_log("room"), subscribe("ada", "room")]);
        ids.push(subject.subscribe("ada", "room").0);
        subject.commit(&[forget("ada"), drop_log("room")]);

        // After the last log of all went, nothing but the store's own memory knows its id.
        subject = match subject.reopen(driver) {
            Some(reopened) => reopened,
            None => break,
        };
        ids.push(subject.subscribe("ada", "room").0);
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "ids were used twice: {ids:?}");
}

/// Store, duty 10.
pub(super) fn all_but_append_may_be_repeated(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[subscribe("ada", "room"), append("room", 5), append("room", 5)]);
    let retained = Retained { publisher: "ada".into(), payload: "{}".into() };
    for change in [
        put_client("ada", 4),
        subscribe("bob", "room"),
        move_cursor("bob", "room", 6),
        acknowledge("bob", "room", &[(8, 9)]),
        trim("room", 5),
        Change::Retain("room".into(), retained),
        keep("room", [message(1, (7, 1)), message(2, (7, 2)), message(3, (7, 3))], 2),
        drop_history("room"),
        unsubscribe("bob", "room"),
        forget("ada"),
        drop_log("room"),
    ] {
        let once_outcome = subject.commit(std::slice::from_ref(&change));
        let once = subject.load();
        let twice_outcome = subject.commit(std::slice::from_ref(&change));
        assert_eq!(subject.load(), once, "after {change:?} was repeated");
        match change {
            Change::Subscribe(..) | Change::MoveCursor(..) | Change::Trim(..) => {
                assert_eq!(twice_outcome, once_outcome);
            }
            _ => assert_eq!(twice_outcome, [rialto_domain::Outcome::Done]),
        }
    }
}
