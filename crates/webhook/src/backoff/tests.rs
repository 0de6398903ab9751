use super::*;

#[test]
fn waits_double_and_are_shortened_by_at_most_a_half() {
    let mut backoff = Backoff::new();
    for doublings in 0..7 {
        let longest = FIRST * 2_u32.pow(doublings);
        let pause = backoff.pause();
        assert!((longest / 2..=longest).contains(&pause), "{pause:?} for {longest:?}");
    }
}

#[test]
fn no_wait_is_longer_than_the_longest() {
    let mut backoff = Backoff::new();
    for _ in 0..100 {
        assert!(backoff.pause() <= LONGEST);
    }
    assert!(LONGEST / 2 <= backoff.pause());
}
