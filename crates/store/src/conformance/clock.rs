//! The clocks that go on with a store.

use rialto_domain::{Change, StoreClock};

use super::{
    changes::{append, forget, put_client, subscribe},
    history,
    subject::{Driver, Subject},
};

/// Store, duties 10 and 16.
pub(super) fn the_clocks_are_as_they_were_noted_last(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    assert_eq!(subject.load().clock, StoreClock::default(), "both are 0 at first");
    for (served, logical) in [(1, 9), (1, 9), (7, 1 << 52), (7, 3), (0, 0), (1 << 52, 4)] {
        let clock = StoreClock { served, logical };
        subject.commit(&[Change::NoteClock(clock)]);
        assert_eq!(subject.load().clock, clock);
    }
    let noted = [StoreClock { served: 1, logical: 2 }, StoreClock { served: 3, logical: 4 }];
    subject.commit(&noted.map(Change::NoteClock));
    assert_eq!(subject.load().clock, noted[1]);
}

/// Store, duties 1 and 16.
pub(super) fn the_clocks_and_all_else_leave_each_other_alone(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let clock = StoreClock { served: 3, logical: 4 };
    subject.commit(&[put_client("ada", 9), subscribe("ada", "room"), append("room", 2)]);
    let before = subject.load();
    subject.commit(&[Change::NoteClock(clock)]);
    assert_eq!(subject.load(), rialto_domain::Snapshot { clock, ..before });

    subject.commit(&[
        append("room", 1),
        history::keep("room", [history::message(1 << 40, (7, 1))], 9),
        Change::OpenSession("ada".into(), 1 << 41),
        put_client("bob", 1 << 42),
        forget("ada"),
    ]);
    assert_eq!(subject.load().clock, clock);
    let later = StoreClock { served: 5, logical: 6 };
    subject.refuse(&[Change::NoteClock(later), append("room", 0)]);
    assert_eq!(subject.load().clock, clock);
}

/// Store, duty 3.
pub(super) fn the_clocks_outlive_the_store(driver: &mut dyn Driver) {
    for closed in [false, true] {
        let mut subject = Subject::create(driver);
        let clock = StoreClock { served: 3, logical: 1 << 52 };
        subject.commit(&[Change::NoteClock(clock)]);
        if closed {
            subject.store.close().expect("the store closes");
        }
        let Some(mut subject) = subject.reopen(driver) else { return };
        assert_eq!(subject.load().clock, clock, "closed: {closed}");
    }
}
