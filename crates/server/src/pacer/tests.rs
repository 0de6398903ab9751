use std::future::poll_fn;

use super::*;

fn frame(bytes: impl Into<Bytes>) -> Frames {
    Frames { bytes: bytes.into(), deliveries: 1 }
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
    Pacer::new(Framed::Terminated, false, None)
}

/// Says whether the next unit may be written at once.
async fn is_ready(pacer: &mut Pacer) -> bool {
    poll_fn(|context| Poll::Ready(pacer.poll_turn(None, context).is_ready())).await
}

async fn turn(pacer: &mut Pacer) -> Duration {
    let start = Instant::now();
    poll_fn(|context| pacer.poll_turn(None, context)).await;
    start.elapsed()
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
    let tls = Pacer::new(Framed::Terminated, true, None);
    assert_eq!(&tls.next_unit(&mut queue(&["{}", "{}"])).bytes[..], b"{}\0");
    let counted = Pacer::new(Framed::Counted, false, None);
    let mut frames = VecDeque::from([frame(&b"+4 - {}+4 - {}"[..])]);
    assert_eq!(&counted.next_unit(&mut frames).bytes[..], b"+4 - {}");
}

#[tokio::test(start_paused = true)]
async fn units_without_anything_to_acknowledge_are_a_pause_apart_on_a_plain_socket() {
    // J-107
    let mut pacer = plain();
    assert!(is_ready(&mut pacer).await);
    let unit = pacer.next_unit(&mut queue(&["{}"]));
    pacer.note_written(&unit);
    assert!(turn(&mut pacer).await >= PAUSE);
    let mut pacer = Pacer::new(Framed::Terminated, true, None);
    pacer.note_written(&unit);
    assert!(is_ready(&mut pacer).await, "inside TLS a read ends with a record");
}

#[tokio::test(start_paused = true)]
async fn the_next_unit_waits_for_every_acknowledgement_of_the_last() {
    // J-127
    for is_tls in [false, true] {
        let mut pacer = Pacer::new(Framed::Terminated, is_tls, None);
        let unit = pacer.next_unit(&mut queue(&[&push(1), &push(2)]));
        pacer.note_written(&unit);
        let count = if is_tls { 1 } else { 2 };
        for id in 1..=count {
            assert!(!is_ready(&mut pacer).await, "{id} of {count} is not acknowledged");
            assert!(pacer.hear(&ack(id)));
        }
        let waited = turn(&mut pacer).await;
        assert_eq!(PAUSE <= waited, is_tls, "inside TLS its thread may not be through: {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_slow_to_acknowledge_inside_tls_gets_as_long_a_pause() {
    // J-127
    let mut pacer = Pacer::new(Framed::Terminated, true, None);
    // It shrinks to the least while nothing takes long, and grows at once when something does.
    let quick = std::iter::repeat_n((0, None), 60);
    let slow = [(0, Some(3)), (20, Some(20)), (0, Some(18)), (400, Some(50))];
    for (took_ms, pause_ms) in quick.chain(slow) {
        let unit = pacer.next_unit(&mut queue(&[&push(1)]));
        pacer.note_written(&unit);
        tokio::time::advance(Duration::from_millis(took_ms)).await;
        pacer.hear(&ack(1));
        let waited = turn(&mut pacer).await;
        let Some(pause) = pause_ms.map(Duration::from_millis) else { continue };
        assert!(pause <= waited && waited < pause + PAUSE, "{waited:?} after {took_ms} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn inside_tls_nothing_follows_a_request_at_once() {
    // J-127: the answer leads to another thread's request, while this one's may not be through.
    let mut pacer = Pacer::new(Framed::Terminated, true, None);
    pacer.hear(br#"{"auth": {"dt": 1}}"#);
    pacer.hear(br#"{"hb": {}}"#);
    let waited = turn(&mut pacer).await;
    assert!(PAUSE_MAX <= waited && waited < PAUSE_MAX + PAUSE, "{waited:?}");
    assert!(is_ready(&mut pacer).await);
    let mut pacer = plain();
    pacer.hear(br#"{"auth": {"dt": 1}}"#);
    assert!(is_ready(&mut pacer).await, "on a plain socket its threads are in nobody's way");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_acknowledge_is_waited_for_once() {
    // J-127
    let mut pacer = plain();
    let write = |pacer: &mut Pacer| {
        let unit = pacer.next_unit(&mut queue(&[&push(1)]));
        pacer.note_written(&unit);
    };
    write(&mut pacer);
    assert!(turn(&mut pacer).await >= PATIENCE);
    write(&mut pacer);
    assert!(turn(&mut pacer).await < PAUSE * 2);
    pacer.hear(&ack(1));
    write(&mut pacer);
    assert!(!is_ready(&mut pacer).await, "it acknowledges after all");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_waits_for_no_acknowledgement() {
    let mut pacer = plain();
    let unit = pacer.next_unit(&mut queue(&[&push(1)]));
    pacer.note_written(&unit);
    pacer.part();
    assert!(is_ready(&mut pacer).await);
    pacer.note_written(&unit);
    assert!(turn(&mut pacer).await < PAUSE * 2);
}
