use super::*;

fn frames(count: usize) -> Bytes {
    Bytes::from(vec![b'x'; count])
}

#[test]
fn what_may_be_dropped_fits_up_to_the_limit_and_the_rest_twice_as_far() {
    let mut outbox = Outbox::new(10);
    assert_eq!(outbox.push(frames(6), true), Pushed::Queued);
    assert_eq!(outbox.push(frames(4), true), Pushed::Queued);
    assert_eq!(outbox.push(frames(1), true), Pushed::Dropped);
    assert_eq!(outbox.push(frames(10), false), Pushed::Queued);
    assert_eq!(outbox.push(frames(1), false), Pushed::Overflow);
    assert_eq!(outbox.bytes(), 20);
}

#[test]
fn an_empty_outbox_takes_a_frame_of_any_size() {
    let mut outbox = Outbox::new(10);
    assert_eq!(outbox.push(frames(1000), true), Pushed::Queued);
}

#[test]
fn what_could_not_be_written_stays_in_front() {
    let mut outbox = Outbox::new(100);
    outbox.push(Bytes::from_static(b"one"), true);
    outbox.push(Bytes::from_static(b"two"), true);
    let mut taken = outbox.take();
    outbox.push(Bytes::from_static(b"three"), true);
    advance(&mut taken, 4);
    outbox.put_back(taken, 4);
    assert_eq!(outbox.bytes(), 7);
    assert_eq!(outbox.take().iter().flatten().copied().collect::<Vec<u8>>(), b"wothree");
}
