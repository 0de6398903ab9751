use super::*;

fn frames(count: usize) -> Frames {
    Frames { bytes: Bytes::from(vec![b'x'; count]), packets: 2, deliveries: 2 }
}

fn text(text: &'static str) -> Frames {
    Frames { bytes: Bytes::from_static(text.as_bytes()), packets: 1, deliveries: 1 }
}

/// Writes so many bytes of what was taken out.
fn write(taken: &mut VecDeque<Frames>, bytes: usize) -> Written {
    let mut written = Written::default();
    written.advance(taken, bytes);
    written
}

#[test]
fn what_may_be_dropped_fits_up_to_the_limit_and_the_rest_twice_as_far() {
    let mut outbox = Outbox::new(1000);
    assert_eq!(outbox.push(frames(600), Kind::Droppable), Pushed::Queued);
    assert_eq!(outbox.push(frames(320), Kind::Droppable), Pushed::Queued);
    assert_eq!(outbox.push(frames(1), Kind::Droppable), Pushed::Dropped);
    assert_eq!(outbox.push(frames(900), Kind::Kept), Pushed::Queued);
    assert_eq!(outbox.push(frames(1), Kind::Kept), Pushed::Overflow);
    assert_eq!(outbox.push(frames(1), Kind::Answer), Pushed::Overflow);
    assert_eq!(outbox.bytes(), 1820);
}

#[test]
fn many_small_frames_fill_it_with_what_they_take() {
    let mut outbox = Outbox::new(100 << 10);
    let pushed = (0..).find(|_| outbox.push(frames(10), Kind::Droppable) == Pushed::Dropped);
    assert_eq!(pushed, Some((100 << 10) / (10 + FRAME_OVERHEAD_BYTES) + 1));
}

#[test]
fn an_empty_outbox_takes_a_frame_of_any_size() {
    let mut outbox = Outbox::new(10);
    assert_eq!(outbox.push(frames(1000), Kind::Droppable), Pushed::Queued);
}

#[test]
fn what_could_not_be_written_stays_in_front() {
    let mut outbox = Outbox::new(1000);
    outbox.push(text("one"), Kind::Kept);
    outbox.push(text("two"), Kind::Kept);
    let mut taken = outbox.take();
    outbox.push(text("three"), Kind::Kept);
    let written = write(&mut taken, 4);
    outbox.put_back(taken, written);
    assert_eq!(outbox.bytes(), 7);
    let left: Vec<u8> = outbox.take().iter().flat_map(|it| it.bytes.to_vec()).collect();
    assert_eq!(left, b"wothree");
}

#[test]
fn answers_wait_until_the_last_of_them_is_written() {
    let mut outbox = Outbox::new(1000);
    outbox.push(frames(10), Kind::Kept);
    assert_eq!(outbox.answer_bytes(), 0);
    outbox.push(frames(20), Kind::Answer);
    outbox.push(frames(30), Kind::Droppable);
    outbox.push(frames(40), Kind::Answer);
    outbox.push(frames(50), Kind::Kept);
    for (written, waiting) in [(30, 60), (69, 60), (1, 0)] {
        let mut taken = outbox.take();
        let written = write(&mut taken, written);
        outbox.put_back(taken, written);
        assert_eq!(outbox.answer_bytes(), waiting);
    }
    assert_eq!((outbox.bytes(), outbox.written()), (50, 100));
}

#[test]
fn what_is_abandoned_is_gone_but_for_what_is_being_written() {
    let mut outbox = Outbox::new(1000);
    outbox.push(frames(100), Kind::Kept);
    let mut taken = outbox.take();
    outbox.push(frames(50), Kind::Answer);
    assert_eq!(outbox.abandon(), 2, "the deliveries of what was dropped");
    assert_eq!((outbox.bytes(), outbox.answer_bytes()), (100, 0));
    let written = write(&mut taken, 40);
    outbox.put_back(taken, written);
    assert_eq!((outbox.bytes(), outbox.deliveries()), (60, 2));
}

#[test]
fn a_delivery_waits_until_its_frames_are_written_to_the_last_byte() {
    let mut outbox = Outbox::new(1000);
    outbox.push(text("one"), Kind::Droppable);
    outbox.push(text("two"), Kind::Droppable);
    for (bytes, waiting) in [(2, 2), (1, 1), (2, 1), (1, 0)] {
        let mut taken = outbox.take();
        let written = write(&mut taken, bytes);
        outbox.put_back(taken, written);
        assert_eq!(outbox.deliveries(), waiting);
    }
}
