//! Retained messages, which channels have beside everything else.

use rialto_domain::{Change, ChannelName, Retained};

use super::{
    changes::{append, put_client, subscribe},
    subject::{Driver, Subject},
};

pub(super) fn a_retained_message_stays_until_it_is_replaced_or_dropped(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[retain("room", "1"), retain("hall", "2"), retain("room", "3")]);
    assert_eq!(retained(&mut subject), [kept("hall", "2"), kept("room", "3")]);
    subject.commit(&[drop_retained("room")]);
    assert_eq!(retained(&mut subject), [kept("hall", "2")]);
    subject.commit(&[drop_retained("room"), drop_retained("nowhere")]);
    subject.commit(&[retain("room", "4"), drop_retained("room"), retain("room", "5")]);
    assert_eq!(retained(&mut subject), [kept("hall", "2"), kept("room", "5")]);
}

pub(super) fn retained_messages_and_all_else_leave_each_other_alone(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[put_client("ada", 1), subscribe("ada", "room"), retain("room", "1")]);
    subject.commit(&[append("room", 2)]);
    let before = subject.load();
    subject.commit(&[drop_retained("room")]);
    let after = subject.load();
    assert_eq!((after.logs, after.cursors, after.clients), {
        (before.logs, before.cursors, before.clients)
    });
    subject.commit(&[retain("room", "2"), Change::ForgetClient("ada".into())]);
    assert_eq!(retained(&mut subject), [kept("room", "2")]);
}

pub(super) fn dropped_retained_messages_do_not_come_back(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[retain("room", "1"), retain("hall", "2")]);
    subject.commit(&[drop_retained("room")]);
    let Some(mut subject) = subject.reopen(driver) else { return };
    assert_eq!(retained(&mut subject), [kept("hall", "2")]);
}

fn retained(subject: &mut Subject) -> Vec<(ChannelName, Retained)> {
    subject.load().retained
}

fn kept(channel: &str, payload: &'static str) -> (ChannelName, Retained) {
    (channel.into(), Retained { publisher: "bob".into(), payload: payload.into() })
}

fn retain(channel: &str, payload: &'static str) -> Change {
    let (channel, retained) = kept(channel, payload);
    Change::Retain(channel, retained)
}

fn drop_retained(channel: &str) -> Change {
    Change::DropRetained(channel.into())
}
