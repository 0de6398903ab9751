use super::*;

fn key(number: u32, event: Event) -> Key {
    (IpAddr::from(number.to_be_bytes()), event)
}

fn admitted(rate: &mut Rate, key: Key, times: u32) -> u32 {
    (0..times).map(|_| u32::from(rate.admit(key))).sum()
}

#[test]
fn an_address_has_ten_lines_of_an_event_and_a_count_of_the_others() {
    let mut rate = Rate::default();
    let flooding = key(1, Event::Publish);
    assert_eq!(admitted(&mut rate, flooding, 1_000), LINES_PER_KEY);
    assert_eq!(admitted(&mut rate, key(1, Event::Session), 1), 1, "another event");
    assert_eq!(admitted(&mut rate, key(2, Event::Publish), 1), 1, "another address");
    assert_eq!(rate.end_window(), [LeftOut { key: Some(flooding), count: 990 }]);
    assert_eq!(rate.end_window(), [], "it is told once");
    assert_eq!(admitted(&mut rate, flooding, 1), 1, "a new window");
}

#[test]
fn many_that_repeat_themselves_leave_lines_for_those_who_come_new() {
    let mut rate = Rate::default();
    for number in 0..100 {
        admitted(&mut rate, key(number, Event::Publish), 10);
    }
    let spent: u32 = rate.written_this_second;
    assert_eq!(spent, LINES_PER_SECOND);
    rate.end_second();
    for number in 0..5 {
        admitted(&mut rate, key(1_000 + number, Event::Publish), 10);
    }
    assert_eq!(admitted(&mut rate, key(2_000, Event::Publish), 10), 1, "only its first");
}

#[test]
fn beyond_what_is_told_apart_everything_is_counted_together() {
    let mut rate = Rate::default();
    let all = u32::try_from(KEYS_MAX).unwrap() + 7;
    for number in 0..all {
        rate.admit(key(number, Event::Connection));
    }
    let left_out = rate.end_window();
    assert!(left_out.len() <= LINES_PER_SECOND as usize + 1, "{}", left_out.len());
    let counted: u64 = left_out.iter().map(|it| it.count).sum();
    assert_eq!(counted, u64::from(all - LINES_PER_SECOND));
    assert_eq!(left_out.last().unwrap().key, None);
}
