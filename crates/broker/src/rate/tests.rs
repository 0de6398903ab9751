use super::*;

const TWO: Rate = Rate { rule: 0, per_second_max: 2 };

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_second_of_messages_may_come_at_once_and_then_as_time_goes_on() {
    let mut rates = Rates::default();
    assert!(rates.take(TWO, at(0)));
    assert!(rates.take(TWO, at(0)));
    assert!(!rates.take(TWO, at(0)));
    assert!(!rates.take(TWO, at(499)));
    assert!(rates.take(TWO, at(500)));
    assert!(!rates.take(TWO, at(500)));
}

#[test]
fn a_long_silence_is_worth_no_more_than_a_second() {
    let mut rates = Rates::default();
    assert!(rates.take(TWO, at(0)));
    let taken = (0..10).filter(|_| rates.take(TWO, at(60_000))).count();
    assert_eq!(taken, 2);
}

#[test]
fn each_rule_has_a_bucket_of_its_own() {
    let mut rates = Rates::default();
    let one = Rate { rule: 7, per_second_max: 1 };
    assert!(rates.take(one, at(0)));
    assert!(!rates.take(one, at(0)));
    assert!(rates.take(TWO, at(0)));
}
