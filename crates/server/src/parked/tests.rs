use super::*;

#[test]
fn frames_wait_in_their_order_until_they_are_passed_over() {
    let frames: [&[u8]; 4] = [b"one", b"", b"three", b"four"];
    let mut parked = Parked::of(frames.into_iter());
    assert_eq!(parked.iter().collect::<Vec<_>>(), frames);
    parked.skip(2);
    assert_eq!(parked.iter().collect::<Vec<_>>(), frames[2..]);
    parked.skip(2);
    assert_eq!(parked.iter().len(), 0);
}

#[test]
fn many_small_frames_take_little_more_than_their_bytes() {
    let parked = Parked::of(std::iter::repeat_n(&b"0123456789"[..], 10_000));
    assert!(parked.memory() <= 150_000, "{}", parked.memory());
}
