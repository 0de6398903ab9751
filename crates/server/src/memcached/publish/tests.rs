use rialto_cache::Key;

use super::*;

fn change(key: Option<&[u8]>, kind: ChangeKind) -> Change {
    Change { key: key.map(|key| Key::parse(key).unwrap()), kind }
}

#[test]
fn texts_stand_as_texts_and_other_bytes_in_base64() {
    let set =
        |key, value: &'static [u8]| payload(&change(Some(key), ChangeKind::Set(value.into())));
    assert_eq!(set(b"k", b"a \"b\"\0"), r#"{"event":"set","key":"k","value":"a \"b\"\u0000"}"#);
    assert_eq!(set(b"k", b""), r#"{"event":"set","key":"k","value":""}"#);
    assert_eq!(
        set(b"k\xff", b"\xff\xfe"),
        r#"{"event":"set","key_base64":"a/8=","value_base64":"//4="}"#
    );
    assert_eq!(
        payload(&change(Some(b"k"), ChangeKind::Deleted)),
        r#"{"event":"deleted","key":"k","value":null}"#
    );
    assert_eq!(
        payload(&change(None, ChangeKind::Flushed)),
        r#"{"event":"flushed","key":null,"value":null}"#
    );
}

#[test]
fn a_change_is_published_once_on_each_channel_that_wants_it() {
    let rule = |prefix: &str, channel: &str| CachePublish {
        prefix: prefix.to_owned(),
        channel: channel.to_owned(),
    };
    let publisher = Publisher::new(&[
        rule("a", "one"),
        rule("ab", "one"),
        rule("ab", "two"),
        rule("b", "three"),
    ]);
    let channels = |key: Option<&[u8]>| {
        let change = change(key, ChangeKind::Deleted);
        publisher.channels_of(&change).cloned().collect::<Vec<String>>()
    };
    assert_eq!(channels(Some(b"abc")), ["one", "two"]);
    assert_eq!(channels(Some(b"ac")), ["one"]);
    assert_eq!(channels(Some(b"c")), [""; 0]);
    assert_eq!(channels(None), ["one", "three", "two"]);
}
