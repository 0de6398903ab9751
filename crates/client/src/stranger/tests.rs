//! What first words tell.

use super::{Stranger, Verdict, judge, sender_of};

#[track_caller]
fn check(said: &[u8], expected: Stranger) {
    assert_eq!(judge(said, true), Verdict::Stranger(expected), "{said:?}");
}

#[test]
fn a_packet_is_one_whatever_blanks_are_in_front() {
    for said in [&b"{"[..], b" \r\n{\"connAck\"", b"{\"authAck\":{}}\0"] {
        assert_eq!(judge(said, false), Verdict::Packet);
    }
}

#[test]
fn those_who_are_known_are_named() {
    check(b"HTTP/1.1 400 Bad Request\r\n\r\n", Stranger::Http);
    check(b"SSH-2.0-OpenSSH_9.9\r\n", Stranger::Ssh);
    check(b"\x15\x03\x01\x00\x02\x02\x28", Stranger::Tls);
    check(b"\x16\x03\x03\x00\x50", Stranger::Tls);
    check(
        b"+   87 5f2c {\"response\":\"OK\"}",
        Stranger::Unknown("+   87 5f2c {\"response\":\"OK\"}".to_owned()),
    );
    check(b"+87 5f2c {\"response\":\"OK\"}", Stranger::Coremq);
    check(b"ERROR\r\n", Stranger::Memcached);
    check(b"ERROR: This port speaks PubSubX: begin\n\nx", Stranger::Pubsubx);
    check(b"ERROR Too many open connections\r\n", Stranger::Memcached);
    check(b"CLIENT_ERROR bad command line format\r\n", Stranger::Memcached);
    check(
        b"220 mail.example ESMTP\r\nmore",
        Stranger::Unknown("220 mail.example ESMTP".to_owned()),
    );
    check(&[b'x'; 200], Stranger::Unknown("x".repeat(80)));
}

#[test]
fn what_may_go_on_is_waited_for() {
    for said in [&b""[..], b"  ", b"H", b"HTTP/1.1 40", b"SSH-2.0"] {
        assert_eq!(judge(said, false), Verdict::Open, "{said:?}");
    }
    assert_eq!(judge(b"", true), Verdict::Open);
    check(b"SSH-2.0", Stranger::Ssh);
    assert_ne!(judge(b"SSH-2.0\r\n", false), Verdict::Open);
    assert_ne!(judge(&[b'x'; 80], false), Verdict::Open);
}

#[test]
fn what_a_stranger_says_is_shown_on_one_line() {
    let shown = Stranger::Unknown("\u{1b}[2J\"hi\"".to_owned()).to_string();
    assert_eq!(shown, "a server that says \"\\u{1b}[2J\"hi\"\"");
}

#[test]
fn a_frame_of_json_that_is_no_packet_is_a_strangers() {
    let said = r#"{"error":"unknown"}"#;
    assert_eq!(sender_of(said.as_bytes()), Some(Stranger::Unknown(said.to_owned())));
    assert_eq!(sender_of(b"+87 5f2c {}"), Some(Stranger::Coremq));
    assert_eq!(sender_of(br#"{"connAck":{"st":1,"ts":60}}"#), None);
}
