//! Sessions that are open.

use rialto_domain::{Change, ClientId, SessionNumber};

use super::{
    changes::{append, forget, put_client, subscribe, unsubscribe},
    subject::{Driver, Subject},
};

/// Store, duties 10 and 15.
pub(super) fn a_session_is_open_until_it_is_closed(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    for (change, left) in [
        (close("ada"), vec![]),
        (open("bob", 2), vec![("bob", 2)]),
        (open("ada", 1), vec![("ada", 1), ("bob", 2)]),
        (open("Ada", 3), vec![("Ada", 3), ("ada", 1), ("bob", 2)]),
        (open("ada", 7), vec![("Ada", 3), ("ada", 7), ("bob", 2)]),
        (open("ada", 4), vec![("Ada", 3), ("ada", 4), ("bob", 2)]),
        (close("ada"), vec![("Ada", 3), ("bob", 2)]),
        (close("Ada"), vec![("bob", 2)]),
        (open("ada", 8), vec![("ada", 8), ("bob", 2)]),
    ] {
        for turn in ["once", "twice"] {
            subject.commit(std::slice::from_ref(&change));
            assert_eq!(subject.load().sessions, named(&left), "after {change:?}, {turn}");
        }
    }
}

/// Store, duty 15.
pub(super) fn sessions_and_all_else_leave_each_other_alone(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[open("ada", 1), open("nobody else knows it", 2)]);
    assert_eq!(subject.load().clients, [], "a session makes no client");
    let sessions = subject.load().sessions;

    subject.commit(&[put_client("ada", 9), subscribe("ada", "room"), append("room", 1)]);
    let before = subject.load();
    assert_eq!(before.sessions, sessions);
    subject.commit(&[open("ada", 5), close("ada"), open("ada", 1)]);
    assert_eq!(subject.load(), before);

    subject.commit(&[unsubscribe("ada", "room"), forget("ada")]);
    assert_eq!(subject.load().sessions, sessions, "also one of a client that was forgotten");
}

/// Store, duty 12.
pub(super) fn clients_of_sessions_are_kept_to_the_byte(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let mut names = ["", " ", "a\0b", "'; DROP TABLE log; --", "%_\\", "żółw 🐢", "A", "a", "a "];
    names.sort_unstable();
    for name in names {
        subject.commit(&[open(name, SessionNumber::from(u32::MAX) + 1)]);
    }
    let sessions = names.map(|name| (name, SessionNumber::from(u32::MAX) + 1));
    assert_eq!(subject.load().sessions, named(&sessions));
}

/// Store, duty 3.
pub(super) fn sessions_outlive_the_store(driver: &mut dyn Driver) {
    for closed in [false, true] {
        let mut subject = Subject::create(driver);
        subject.commit(&[open("ada", 1), open("bob", 2), open("eve", 3), close("bob")]);
        let sessions = named(&[("ada", 1), ("eve", 3)]);
        assert_eq!(subject.load().sessions, sessions);

        if closed {
            subject.store.close().expect("the store closes");
        }
        let Some(mut subject) = subject.reopen(driver) else { return };
        assert_eq!(subject.load().sessions, sessions, "closed: {closed}");
        subject.commit(&[close("ada"), open("bob", 4)]);
        assert_eq!(subject.load().sessions, named(&[("bob", 4), ("eve", 3)]));
    }
}

/// Store, duties 1, 2 and 11.
pub(super) fn sessions_change_with_their_batch_or_not_at_all(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[
        open("bob", 1),
        open("ada", 2),
        close("bob"),
        close("ada"),
        append("room", 1),
        open("ada", 3),
    ]);
    let before = subject.load();
    assert_eq!(before.sessions, named(&[("ada", 3)]));

    subject.refuse(&[open("bob", 4), close("ada"), open("ada", 5), append("room", 0)]);
    assert_eq!(subject.load(), before);
    let Some(mut subject) = subject.reopen(driver) else { return };
    assert_eq!(subject.load(), before);
}

pub(super) fn open(client: &str, number: SessionNumber) -> Change {
    Change::OpenSession(client.into(), number)
}

pub(super) fn close(client: &str) -> Change {
    Change::CloseSession(client.into())
}

fn named(sessions: &[(&str, SessionNumber)]) -> Vec<(ClientId, SessionNumber)> {
    sessions.iter().map(|&(client, number)| (client.into(), number)).collect()
}
