use super::*;

const MIB: usize = 1 << 20;

fn allowance() -> Allowance {
    Allowance::new(&Answers::new(), None)
}

#[test]
fn small_answers_are_made_until_the_turn_is_over() {
    let mut allowance = allowance();
    let made = (0..).step_by(100).find(|&made| allowance.admit(0, made).is_err());
    let made = made.unwrap();
    assert!((TURN_BYTES_MAX..TURN_BYTES_MAX + 100).contains(&made), "{made}");
    assert_eq!(allowance.admit(0, made), Err(Exhausted { wanted: 0 }));
    assert!(allowance.into_room().is_none());
}

#[test]
fn answers_of_all_rounds_of_a_turn_count() {
    let mut allowance = allowance();
    allowance.note_made(TURN_BYTES_MAX / 2);
    assert_eq!(allowance.admit(0, TURN_BYTES_MAX / 2 - 1), Ok(()));
    allowance.note_made(TURN_BYTES_MAX / 2);
    assert_eq!(allowance.admit(0, 0), Err(Exhausted { wanted: 0 }));
}

#[test]
fn one_large_answer_is_made_in_a_turn_and_takes_room() {
    let mut allowance = allowance();
    assert_eq!(allowance.admit(8 * MIB, 0), Ok(()));
    assert_eq!(allowance.admit(8 * MIB, 8 * MIB), Err(Exhausted { wanted: 8 * MIB }));
    assert_eq!(allowance.into_room().unwrap().bytes(), 8 * MIB);
}

#[test]
fn a_large_answer_goes_behind_small_ones_only_in_a_turn_of_its_own() {
    let mut allowance = allowance();
    assert_eq!(allowance.admit(MIB, 12), Err(Exhausted { wanted: MIB }));
    assert_eq!(allowance.admit(100_000, 12), Ok(()));
    assert_eq!(allowance.into_room().unwrap().bytes(), 100_012);
}

#[test]
fn without_room_a_large_answer_is_not_made_and_a_small_one_is() {
    let answers = Answers::new();
    let _all = answers.try_take(usize::MAX).unwrap();
    let mut allowance = Allowance::new(&answers, None);
    assert_eq!(allowance.admit(MIB, 0), Err(Exhausted { wanted: MIB }));
    assert_eq!(allowance.admit(1000, 0), Ok(()));
    assert_eq!(allowance.admit(0, 1000), Ok(()));
}

#[test]
fn what_was_waited_for_is_made_though_it_has_grown() {
    let answers = Answers::new();
    let room = answers.try_take(MIB);
    let _rest = answers.try_take(31 * MIB).unwrap();
    let mut allowance = Allowance::new(&answers, room);
    assert_eq!(allowance.admit(2 * MIB, 0), Ok(()));
}

#[test]
fn what_comes_from_the_store_later_is_owed() {
    let mut allowance = allowance();
    assert_eq!(allowance.admit(MIB, 0), Ok(()));
    assert!(allowance.is_owed());
    assert_eq!(allowance.admit(MIB, 0), Err(Exhausted { wanted: MIB }));
    allowance.note_made(MIB + 100);
    assert!(!allowance.is_owed());
}
