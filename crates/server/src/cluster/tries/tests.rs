//! Attempts that fail, one after the other.

use std::io;

use super::*;

fn broken() -> LinkError {
    io::Error::from(io::ErrorKind::UnexpectedEof).into()
}

fn itself() -> LinkError {
    LinkEnd::Itself.into()
}

#[test]
fn a_server_that_cannot_be_had_is_asked_ever_more_rarely_and_never_given_up() {
    let mut tries = Tries::default();
    let pauses: Vec<_> = (0..9).map(|_| tries.after(false, &itself()).as_millis()).collect();
    assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    assert_eq!(tries.after(true, &broken()).as_millis(), 100, "it was there");
}

#[test]
fn one_that_takes_up_and_sends_away_is_asked_ever_more_rarely_too() {
    let mut tries = Tries::default();
    let sent_away = LinkError::from(LinkEnd::Refused("ERROR: taken over".to_owned()));
    let pauses: Vec<_> = (0..4).map(|_| tries.after(true, &sent_away).as_millis()).collect();
    assert_eq!(pauses, [100, 200, 400, 800]);
}

#[test]
fn only_what_has_changed_is_news() {
    let mut tries = Tries::default();
    let steps = [
        (false, broken(), true),
        (false, broken(), false),
        (false, itself(), true),
        (false, itself(), false),
        (true, itself(), true),
        (true, broken(), true),
        (true, broken(), true),
        (false, broken(), false),
    ];
    for (step, (was_attached, ended, is_news)) in steps.into_iter().enumerate() {
        tries.after(was_attached, &ended);
        assert_eq!(tries.is_news(), is_news, "step {step}");
    }
}
