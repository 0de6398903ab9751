use super::*;

#[test]
fn shared_frames_count_once_and_until_the_last_holder_lets_go() {
    let tally = Tally::default();
    let one = tally.frames(vec![b'x'; 10_000]);
    let held = tally.bytes();
    assert!((10_000..11_000).contains(&held), "{held}");
    let mut others = vec![one.clone(); 1000];
    assert_eq!(tally.bytes(), held);
    // What is written of them is still there.
    bytes::Buf::advance(&mut others[0], 9_999);
    drop(one);
    others.truncate(1);
    assert_eq!(tally.bytes(), held);
    others.clear();
    assert_eq!(tally.bytes(), 0);
}

#[test]
fn room_that_frames_do_not_need_is_given_back_or_counted() {
    let tally = Tally::default();
    let with_room = |bytes: usize, room: usize| {
        let mut frames = Vec::with_capacity(room);
        frames.resize(bytes, b'x');
        frames
    };
    let small = tally.frames(with_room(100, 1024));
    assert!(tally.bytes() < 200, "{}", tally.bytes());
    drop(small);
    let _large = tally.frames(with_room(100_000, 150_000));
    assert!(150_000 <= tally.bytes(), "{}", tally.bytes());
}

#[test]
fn nothing_takes_nothing() {
    let tally = Tally::default();
    assert_eq!(tally.frames(Vec::with_capacity(100)).len(), 0);
    assert_eq!(tally.bytes(), 0);
}
