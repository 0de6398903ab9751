use super::*;

const AUTH: &[u8] = br#"{"auth": {"dt": {"client_name": "py"}}}"#;
const CONN: &[u8] = br#"{"conn": {"at": "t", "cl": "py"}}"#;
const SUB: &[u8] = br#"{"sub": {"cn": "room", "pr": 0}}"#;
const BEAT: &[u8] = br#"{"hb": {}}"#;
const TIMEOUT: Duration = Duration::from_secs(15);

/// Makes a witness of a session that is open.
fn open() -> Witness {
    let mut witness = Witness::new(TIMEOUT);
    for packet in [AUTH, CONN] {
        assert!(witness.hear(packet, Instant::now()));
        witness.note_answered();
    }
    witness
}

#[test]
fn a_session_of_the_original_is_never_taken_for_anothers() {
    let mut witness = open();
    let start = Instant::now();
    for packet in [SUB, br#"{"pub": {"cn": "room", "dt": 1}}"#, br#"{"pushAck": {"id": "1"}}"#] {
        assert!(witness.hear(packet, start));
        assert!(witness.hear(packet, start), "it sends as fast as it likes");
    }
    for number in 1..10 {
        assert!(witness.hear(BEAT, start + number * (TIMEOUT - EARLIER_BY)));
    }
    assert!(witness.hear(br#"{"disconn": {}}"#, start));
}

#[test]
fn a_packet_that_is_written_differently_is_anothers() {
    // J-126
    for packet in [br#"{"sub": {"cn": "room"}}"# as &[u8], br#"{"hb":{}}"#, b"{"] {
        assert!(!open().hear(packet, Instant::now()));
    }
}

#[test]
fn a_packet_that_did_not_wait_for_an_answer_is_anothers() {
    // J-126
    let now = Instant::now();
    let mut witness = Witness::new(TIMEOUT);
    assert!(witness.hear(CONN, now));
    assert!(!witness.hear(SUB, now), "conn was not answered");
    let mut witness = Witness::new(TIMEOUT);
    assert!(witness.hear(AUTH, now));
    assert!(!witness.hear(CONN, now), "auth was not answered");
    let mut witness = Witness::new(TIMEOUT);
    assert!(witness.hear(AUTH, now));
    witness.note_answered();
    assert!(!witness.hear(SUB, now), "there is no session");
}

#[test]
fn heartbeats_at_another_pace_are_anothers_and_one_that_was_late_is_not() {
    // J-126
    let start = Instant::now();
    let after = |seconds| start + Duration::from_secs(seconds);
    let mut witness = open();
    for seconds in [0, 12, 32, 36, 48] {
        assert!(witness.hear(BEAT, after(seconds)), "at {seconds}");
    }
    let mut witness = open();
    assert!(witness.hear(BEAT, after(0)));
    assert!(witness.hear(BEAT, after(5)));
    assert!(!witness.hear(BEAT, after(10)));
}
