use super::*;

/// Packets as Python's `json.dumps` writes those of the original client.
const ORIGINAL: [&str; 17] = [
    r#"{"auth": {"dt": {"client_name": "pyclient1"}}}"#,
    r#"{"auth": {"dt": "a text, with: punctuation"}}"#,
    r#"{"auth": {"dt": {"a": [1, -2.5e-07, {}, []], "b": {"c": null, "d": true}}}}"#,
    r#"{"auth": {"dt": {"name": "\u00fcber \"quoted\" \\ \n\t\ud83d\ude00"}}}"#,
    r#"{"conn": {"at": "test-token", "cl": "bob"}}"#,
    r#"{"sub": {"cn": "room", "pr": 0}}"#,
    r#"{"sub": {"cn": "room", "pr": 1}}"#,
    r#"{"sub": {"pr": 1, "cn": "room"}}"#,
    r#"{"unsub": {"cn": "room"}}"#,
    r#"{"pub": {"cn": "room", "dt": "m"}}"#,
    r#"{"pub": {"cn": "room", "dt": {"a": 1}, "q": 1, "id": "7"}}"#,
    r#"{"pub": {"cn": "room", "dt": [], "q": 1, "id": "7", "rt": 1}}"#,
    r#"{"pub": {"cn": "room", "dt": 5, "rt": 1}}"#,
    r#"{"pub": {"cn": "$mySubscriptions", "dt": {}, "id": "2"}}"#,
    r#"{"pushAck": {"id": "1-1"}}"#,
    r#"{"hb": {}}"#,
    r#"{"disconn": {}}"#,
];

/// Packets that mean the same or nearly so, and that it never writes.
const OTHERS: [&str; 38] = [
    "",
    "{",
    "null",
    r#"{"auth":{"dt":{"client_name":"pyclient1"}}}"#,
    r#"{"auth": {"dt": {"client_name":"pyclient1"}}}"#,
    r#"{"auth": {"dt": {"client_name" : "pyclient1"}}}"#,
    r#"{"auth": {"dt": {"client_name": "pyclient1"} }}"#,
    r#"{"auth": {"dt": {"client_name": "pyclient1",  "b": 1}}}"#,
    r#"{"auth": {"dt": {"client_name": "über"}}}"#,
    r#"{"auth": {"dt": {"client_name": "\u00FC"}}}"#,
    r#"{"auth": {"dt": {"client_name": "a\/b"}}}"#,
    r#"{"auth": {"dt": "cut"#,
    r#"{"auth": {"dt": 1, "v": 2}}"#,
    r#"{"auth": {"dt": 1}, "v": 2}"#,
    "{\"auth\": {\"dt\": {\n\"a\": 1}}}",
    r#"{ "auth": {"dt": 1}}"#,
    r#"{"auth": {"dt": 1}} "#,
    r#"{"conn": {"cl": "bob", "at": "test-token"}}"#,
    r#"{"conn": {"at": "test-token", "cl": "bob", "v": 1}}"#,
    r#"{"conn": {"at":"test-token","cl":"bob"}}"#,
    r#"{"conn": {"at": 5, "cl": "bob"}}"#,
    r#"{"sub": {"cn": "room"}}"#,
    r#"{"sub": {"pr": 1}}"#,
    r#"{"sub": {"cn": "room", "pr": true}}"#,
    r#"{"sub": {"cn": "room", "pr": 0, "hs": 5}}"#,
    r#"{"unsub": {"cn": "room", "id": "1"}}"#,
    r#"{"pub": {"cn": "room", "dt": "m", "q": 0}}"#,
    r#"{"pub": {"cn": "room", "dt": "m", "id": "7"}}"#,
    r#"{"pub": {"cn": "room", "dt": "m", "q": 1}}"#,
    r#"{"pub": {"cn": "room", "dt": "m", "q": 1, "id": "a-uuid"}}"#,
    r#"{"pub": {"cn": "room", "dt": "m", "rt": 0}}"#,
    r#"{"pub": {"cn": "$time", "id": "7"}}"#,
    r#"{"pub": {"cn": "$time", "dt": {}, "q": 1, "id": "7"}}"#,
    r#"{"pushAck": {"id": "1-1", "st": 1}}"#,
    r#"{"pushAck": {"st": 1, "id": "1-1"}}"#,
    r#"{"hb": { }}"#,
    r#"{"hb":{}}"#,
    r#"{"other": {}}"#,
];

#[test]
fn what_the_original_writes_is_recognized() {
    for frame in ORIGINAL {
        assert!(kind(frame.as_bytes()).is_some(), "{frame}");
    }
    assert_eq!(kind(ORIGINAL[0].as_bytes()), Some(Kind::Auth));
    assert_eq!(kind(ORIGINAL[4].as_bytes()), Some(Kind::Conn));
    assert_eq!(kind(br#"{"hb": {}}"#), Some(Kind::Heartbeat));
}

#[test]
fn what_others_write_is_not() {
    for frame in OTHERS {
        assert_eq!(kind(frame.as_bytes()), None, "{frame}");
    }
}

#[test]
fn a_frame_that_is_cut_or_goes_on_is_not() {
    for frame in ORIGINAL {
        for end in 0..frame.len() {
            assert_eq!(kind(&frame.as_bytes()[..end]), None, "{}", &frame[..end]);
        }
        assert_eq!(kind(format!("{frame}}}").as_bytes()), None);
    }
}

#[test]
fn a_connection_opens_with_one_whole_frame() {
    let conn = r#"{"conn": {"at": "t", "cl": "bob"}}"#;
    assert!(opens(format!("{conn}\0").as_bytes()));
    assert!(opens(format!("{}\0", ORIGINAL[0]).as_bytes()));
    for other in [conn.to_owned(), format!("{conn}\0{conn}\0"), "{\"hb\": {}}\0".to_owned()] {
        assert!(!opens(other.as_bytes()), "{other}");
    }
    assert!(may_open(&conn.as_bytes()[..20]));
    for other in [r#"{"conn":{"at":"t"#, r#"{"conn": {"cl": "#, r#"{"hb": {}}"#, "{", ""] {
        assert!(!may_open(other.as_bytes()), "{other}");
    }
}

#[test]
fn deep_nesting_is_passed_without_recursion() {
    let deep = format!(r#"{{"auth": {{"dt": {}{}}}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(kind(deep.as_bytes()), Some(Kind::Auth));
}

#[test]
fn acknowledgements_are_seen_however_they_are_written() {
    for frame in [r#"{"pushAck":{"id":"1"}}"#, " { \"pushAck\" : {}}", "{\n\"pushAck\":1}"] {
        assert!(is_push_ack(frame.as_bytes()), "{frame}");
    }
    for frame in ["", "{}", r#"{"pub":{"dt":"pushAck"}}"#, r#"["pushAck"]"#] {
        assert!(!is_push_ack(frame.as_bytes()), "{frame}");
    }
}

#[test]
fn only_pushes_of_qos_1_are_owed_an_acknowledgement() {
    let owed = "{\"push\":{\"cn\":\"a\",\"dt\":1,\"cl\":\"b\",\"id\":\"1-1\",\"q\":1}}";
    assert!(is_owed_push(owed.as_bytes()));
    for other in [
        "{\"push\":{\"cn\":\"a\",\"dt\":{\"id\":\"\",\"q\":1},\"cl\":\"b\"}}",
        "{\"push\":{\"cn\":\"a\",\"dt\":1,\"cl\":\"b\",\"rt\":1}}",
        "{\"pubAck\":{\"st\":1,\"id\":\"1\",\"dt\":{\"id\":\"\",\"q\":1}}}",
        "{\"hbAck\":{}}",
    ] {
        assert!(!is_owed_push(other.as_bytes()), "{other}");
    }
}
