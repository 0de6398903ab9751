//! What a server says, however it is cut.

use super::*;

fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let (mut reader, mut received) = (PubsubxReader::new(), Vec::new());
    for chunk in chunks {
        reader.take(chunk, &mut received).unwrap();
    }
    let said = |it: Received| match it {
        Received::Greeting(greeting) => format!("{greeting:?}"),
        Received::Message(push) => format!("{} {}", push.channel, push.payload),
        Received::Answer(_) => "an answer".to_owned(),
    };
    received.into_iter().map(said).collect()
}

#[track_caller]
fn check(stream: &[u8], expected: &[&str]) {
    for place in 0..=stream.len() {
        let (head, tail) = stream.split_at(place);
        assert_eq!(read([head, tail]), expected, "cut at {place}");
    }
}

#[test]
fn a_new_session_brings_messages() {
    check(
        b"OK: Conn accepted\n\nxnews hello  you\n\nxnews \n\nxnews a\nb\n\nx",
        &["Ok(New { id: None })", "news \"hello  you\"", "news \"\"", "news \"a\\nb\""],
    );
}

#[test]
fn a_session_that_goes_on_says_its_topics_even_where_it_has_none() {
    // P-36
    check(
        b"RESTORED homer\n\nxa b\n\nxa 1\n\nx",
        &["Ok(Restored { channels: [\"a\", \"b\"] })", "a \"1\""],
    );
    check(b"RESTORED homer\n\nx\n\nxa 1\n\nx", &["Ok(Restored { channels: [] })", "a \"1\""]);
}

#[test]
fn a_refusal_is_its_words() {
    check(b"ERROR: Name already taken\n\nx", &["Err(\"Name already taken\")"]);
    let error = PubsubxReader::new().take(b"HTTP/1.1 400\n\nx", &mut Vec::new());
    assert!(error.unwrap_err().to_string().contains("no word of PubSubX"));
}

#[test]
fn bytes_that_are_no_text_become_escapes() {
    check(
        b"OK: Conn accepted\n\nxnews \xff\xc3 \xe4\n\nx",
        &["Ok(New { id: None })", r#"news "\\xff\\xc3 \\xe4""#],
    );
}
