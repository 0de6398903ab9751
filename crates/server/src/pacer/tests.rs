use std::future::poll_fn;

use rialto_session::{Dialect as _, coremq, jmqt};

use super::*;

fn frame(bytes: impl Into<Bytes>) -> Frames {
    Frames { bytes: bytes.into(), packets: 1, deliveries: 1 }
}

fn queue(frames: &[&str]) -> VecDeque<Frames> {
    frames.iter().map(|text| frame(format!("{text}\0"))).collect()
}

fn push(id: u32) -> String {
    format!(r#"{{"push":{{"cn":"a","dt":1,"cl":"b","id":"1-{id}","q":1}}}}"#)
}

fn ack(id: u32) -> Vec<u8> {
    format!(r#"{{"pushAck": {{"id": "1-{id}"}}}}"#).into_bytes()
}

fn plain() -> Pacer {
    Pacer::new(jmqt::Session::UNITS, false, None)
}

/// Says whether the next unit may be written at once.
async fn is_ready(pacer: &mut Pacer) -> bool {
    poll_fn(|context| Poll::Ready(pacer.poll_turn(None, context).is_ready())).await
}

/// Returns until when the next unit waits, which is at once from then on.
async fn turn(pacer: &mut Pacer) -> Option<Instant> {
    let until = pacer.wait.as_mut().map(|wait| {
        let until = wait.deadline();
        wait.as_mut().reset(Instant::now());
        until
    });
    poll_fn(|context| pacer.poll_turn(None, context)).await;
    until
}

#[test]
fn every_unit_on_a_plain_socket_is_as_long_as_a_read() {
    // J-106: reads of that many bytes end where units do, however many wait.
    let mut frames = queue(&["{}", &format!("[\"{}\"]", "x".repeat(600)), "[1]", "[2]"]);
    frames.extend(queue(&[&format!("[\"{}\"]", "y".repeat(600))]));
    let pacer = plain();
    while !frames.is_empty() {
        let before: usize = frames.iter().map(|it| it.bytes.len()).sum();
        let unit = pacer.next_unit(&mut frames);
        let after: usize = frames.iter().map(|it| it.bytes.len()).sum();
        assert_eq!(unit.bytes.len(), UNIT_BYTES);
        assert_eq!(unit.frame_bytes, before - after);
        for frame in unit.bytes.split_inclusive(|&byte| byte == 0) {
            let packet = std::str::from_utf8(frame.strip_suffix(&[0]).unwrap()).unwrap();
            assert!(packet.trim_end().ends_with(['}', ']']), "{packet}");
        }
    }
}

#[test]
fn a_frame_as_long_as_a_read_or_longer_is_left_as_it_is() {
    for text_bytes in [UNIT_BYTES - 5, UNIT_BYTES - 4, 5000] {
        let frame = format!("[\"{}\"]", "x".repeat(text_bytes));
        let unit = plain().next_unit(&mut queue(&[&frame, "{}"]));
        assert_eq!(unit.bytes, format!("{frame}\0"));
    }
}

#[test]
fn inside_tls_and_in_other_dialects_nothing_is_filled_up() {
    let tls = Pacer::new(jmqt::Session::UNITS, true, None);
    assert_eq!(&tls.next_unit(&mut queue(&["{}", "{}"])).bytes[..], b"{}\0");
    let counted = Pacer::new(coremq::Session::UNITS, false, None);
    let mut frames = VecDeque::from([frame(&b"+4 - {}+4 - {}"[..])]);
    assert_eq!(&counted.next_unit(&mut frames).bytes[..], b"+4 - {}");
}

#[tokio::test]
async fn units_without_anything_to_acknowledge_are_a_pause_apart_on_a_plain_socket() {
    // J-107
    let mut pacer = plain();
    assert!(is_ready(&mut pacer).await);
    let unit = pacer.next_unit(&mut queue(&["{}"]));
    pacer.note_written(&unit);
    let written_at = pacer.written_at;
    assert!(written_at + PAUSE <= turn(&mut pacer).await.unwrap());
    let mut pacer = Pacer::new(jmqt::Session::UNITS, true, None);
    pacer.note_written(&unit);
    assert!(is_ready(&mut pacer).await, "inside TLS a read ends with a record");
}

#[tokio::test]
async fn the_next_unit_waits_for_every_acknowledgement_of_the_last() {
    // J-127
    for is_tls in [false, true] {
        let mut pacer = Pacer::new(jmqt::Session::UNITS, is_tls, None);
        let unit = pacer.next_unit(&mut queue(&[&push(1), &push(2)]));
        pacer.note_written(&unit);
        let count = if is_tls { 1 } else { 2 };
        for id in 1..=count {
            assert!(!is_ready(&mut pacer).await, "{id} of {count} is not acknowledged");
            assert!(pacer.hear(&ack(id)));
        }
        let until = turn(&mut pacer).await;
        assert_eq!(until.is_some(), is_tls, "inside TLS its thread may not be through");
    }
}

#[tokio::test]
async fn whoever_is_slow_to_acknowledge_inside_tls_gets_as_long_a_pause() {
    // J-127
    let mut pacer = Pacer::new(jmqt::Session::UNITS, true, None);
    // It shrinks to the least while nothing takes long, and grows at once when something does.
    while PAUSE < pacer.pause {
        acknowledge_after(&mut pacer, Duration::ZERO).await;
    }
    for took_ms in [20, 0, 400] {
        acknowledge_after(&mut pacer, Duration::from_millis(took_ms)).await;
    }
    assert_eq!(pacer.pause, PAUSE_MAX);
}

/// Acknowledges a push that was written so long ago, and checks the pause behind that.
async fn acknowledge_after(pacer: &mut Pacer, took: Duration) {
    let unit = pacer.next_unit(&mut queue(&[&push(1)]));
    pacer.note_written(&unit);
    let decayed = pacer.pause - pacer.pause / PAUSE_DECAY;
    let heard_at = Instant::now();
    pacer.written_at = heard_at - took;
    pacer.hear(&ack(1));
    // This thread may have been held up meanwhile.
    let late = heard_at.elapsed();
    let pauses = [took, took + late].map(|took| took.max(decayed).clamp(PAUSE, PAUSE_MAX));
    assert!((pauses[0]..=pauses[1]).contains(&pacer.pause), "{:?} after {took:?}", pacer.pause);
    let pause = pacer.pause;
    let until = turn(pacer).await.unwrap();
    assert!((heard_at + pause..=heard_at + late + pause).contains(&until), "{took:?}");
}

#[tokio::test]
async fn inside_tls_nothing_follows_a_request_at_once() {
    // J-127: the answer leads to another thread's request, while this one's may not be through.
    let mut pacer = Pacer::new(jmqt::Session::UNITS, true, None);
    let before = Instant::now();
    pacer.hear(br#"{"auth": {"dt": 1}}"#);
    let after = Instant::now();
    pacer.hear(br#"{"hb": {}}"#);
    let until = turn(&mut pacer).await.unwrap();
    assert!((before + PAUSE_MAX..=after + PAUSE_MAX).contains(&until));
    assert!(is_ready(&mut pacer).await);
    let mut pacer = plain();
    pacer.hear(br#"{"auth": {"dt": 1}}"#);
    assert!(is_ready(&mut pacer).await, "on a plain socket its threads are in nobody's way");
}

#[tokio::test]
async fn a_peer_that_does_not_acknowledge_is_waited_for_once() {
    // J-127
    let mut pacer = plain();
    let write = |pacer: &mut Pacer| {
        let unit = pacer.next_unit(&mut queue(&[&push(1)]));
        pacer.note_written(&unit);
    };
    write(&mut pacer);
    let written_at = pacer.written_at;
    assert!(written_at + PATIENCE <= turn(&mut pacer).await.unwrap());
    write(&mut pacer);
    assert_eq!(pacer.owed_count, 0);
    turn(&mut pacer).await;
    pacer.hear(&ack(1));
    write(&mut pacer);
    let written_at = pacer.written_at;
    let until = turn(&mut pacer).await.unwrap();
    assert!(written_at + PATIENCE <= until, "it acknowledges after all");
}

#[tokio::test]
async fn a_connection_that_ends_waits_for_no_acknowledgement() {
    let mut pacer = plain();
    let unit = pacer.next_unit(&mut queue(&[&push(1)]));
    pacer.note_written(&unit);
    pacer.part();
    assert!(is_ready(&mut pacer).await);
    let before = Instant::now();
    pacer.note_written(&unit);
    assert!(turn(&mut pacer).await.unwrap() < before + PATIENCE);
}
