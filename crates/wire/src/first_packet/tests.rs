use proptest::prelude::*;

use super::{FirstPacket, read};

fn client(name: &str) -> FirstPacket {
    FirstPacket::Client(name.to_owned())
}

#[test]
fn each_dialect_names_its_client() {
    assert_eq!(
        read(b"{\"conn\":{\"at\":\"t\",\"cl\":\"sensor-1\"}}\0{\"hb\":{}}\0"),
        client("sensor-1")
    );
    assert_eq!(read(b"CONNECT alice\n\nx"), client("alice"));
    assert_eq!(read(b"CONNECT alice token\n\nx"), client("alice"));
    assert_eq!(read(b"CONNECT alice\n\nxPUBLISH topic a\r\n\n\nx"), client("alice"));
    assert_eq!(read(b"GET /?x=1&client=a%20b HTTP/1.1\r\nHost: h\r\n\r\n"), client("a b"));
}

#[test]
fn what_is_not_whole_is_waited_for() {
    for bytes in [&b""[..], b"{\"conn\"", b"CONNECT ali", b"GET /?client=a HTTP/1.1\r\nHost"] {
        assert_eq!(read(bytes), FirstPacket::TooLittle, "{bytes:?}");
    }
}

#[test]
fn what_names_nobody_is_not_waited_for() {
    for bytes in [
        &b"{\"auth\":{\"dt\":1}}\0"[..],
        b"{no json\0",
        b"{\"conn\":{\"at\":\"t\",\"cl\":\"\"}}\0",
        b"CONNECT \n\nx",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /?client=%ff HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01",
        b"1 binary",
    ] {
        assert_eq!(read(bytes), FirstPacket::Nobody, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_borne(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
    }

    #[test]
    fn nothing_that_follows_changes_what_was_read(rest in proptest::collection::vec(any::<u8>(), 0..50)) {
        let first = b"{\"conn\":{\"at\":\"t\",\"cl\":\"c\"}}\0";
        prop_assert_eq!(read(&[&first[..], &rest].concat()), client("c"));
    }
}
