//! What things look like.

use proptest::prelude::*;
use rialto_client::Qos;

use crate::exit::Exit;

use super::*;

const TEXT: Look = Look {
    format: Format::Text,
    grammar: Grammar::Jmqt,
    has_colours: false,
    is_terminal: false,
    is_quiet: false,
};

fn shown(look: Look, item: &Item) -> Vec<(Place, String)> {
    let mut shown = Shown::default();
    look.render(item, &mut shown);
    shown.parts().map(|(place, text)| (place, text.to_owned())).collect()
}

fn topic(data: &str) -> Item {
    Item::Push(Box::new(push("news", &serde_json::Value::from(data))))
}

fn push(channel: &str, payload: &serde_json::Value) -> Push {
    Push {
        channel: channel.to_owned(),
        payload: serde_json::value::to_raw_value(payload).unwrap(),
        publisher: "ada".to_owned(),
        qos: Qos::AtMostOnce,
        id: None,
        retained: false,
    }
}

fn problem(text: &str) -> Item {
    Item::Problem { failure: Failure::new(Exit::Failed, text), line: Some(3) }
}

#[test]
fn data_and_talk_go_to_different_places() {
    let data = |text: &str| vec![(Place::Data, text.to_owned())];
    let talk = |text: &str| vec![(Place::Talk, text.to_owned())];
    let pubsubx = Look { grammar: Grammar::Pubsubx, ..TEXT };
    let said = Item::Reply(Reply::said("published"));
    assert_eq!(shown(pubsubx, &topic("a b")), data("Topic: news  Data: a b\n"));
    assert_eq!(shown(TEXT, &said), talk("rialto: published\n"));
    assert_eq!(shown(pubsubx, &said), talk("INFO: published\n"));
    assert_eq!(shown(TEXT, &problem("no\n  advice")), talk("rialto: line 3: no\n  advice\n"));
    let quiet = Look { is_quiet: true, ..TEXT };
    assert_eq!(shown(quiet, &said), []);
    assert_eq!(shown(quiet, &problem("no")), talk("rialto: line 3: no\n"));
}

#[test]
fn json_is_an_object_a_line_whatever_it_is_about() {
    let look = Look { format: Format::Json, ..TEXT };
    let line = |item: &Item| -> serde_json::Value {
        let [(Place::Data, text)] = &shown(look, item)[..] else { panic!("{item:?}") };
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        serde_json::from_str(text).unwrap()
    };
    assert_eq!(line(&topic("x\ny"))["payload"], "x\ny");
    assert_eq!(line(&topic("x"))["client"], "ada");
    assert_eq!(line(&Item::Notice("lost".to_owned()))["event"], "notice");
    assert_eq!(line(&problem("no"))["exit"], 1);
    let answer = serde_json::value::to_raw_value(&json!({ "a": "\u{1b}" })).unwrap();
    assert_eq!(line(&Item::Reply(Reply::Answer(answer)))["answer"]["a"], "\u{1b}");
}

#[test]
fn what_a_terminal_obeys_is_escaped_and_what_is_long_is_cut_there() {
    let terminal = Look { is_terminal: true, grammar: Grammar::Pubsubx, ..TEXT };
    let [(_, text)] = &shown(terminal, &topic("\u{1b}[2J\r\nINFO: x\u{9b}31m"))[..] else {
        panic!()
    };
    assert_eq!(text, "Topic: news  Data: \\u{1b}[2J\\r\\nINFO: x\\u{9b}31m\n");
    let long = "ä".repeat(TERMINAL_CHARS_MAX + 12);
    let [(_, text)] = &shown(terminal, &topic(&long))[..] else { panic!() };
    assert!(text.ends_with("ä … (12 more characters)\n"), "{text}");
    let [(_, text)] = &shown(Look { is_terminal: false, ..terminal }, &topic(&long))[..] else {
        panic!()
    };
    assert!(text.contains(&long));
}

#[test]
fn colours_are_there_only_where_they_are_wanted() {
    let look = Look { has_colours: true, is_terminal: true, ..TEXT };
    let [(_, text)] = &shown(look, &problem("no"))[..] else { panic!() };
    assert_eq!(text, "\u{1b}[31mline 3: no\u{1b}[0m\n");
    let uncoloured = Look { has_colours: false, ..look };
    let [(_, text)] = &shown(uncoloured, &problem("no"))[..] else { panic!() };
    assert_eq!(text, "line 3: no\n");
}

/// All that can be shown, with a stranger's words wherever strangers have some.
fn items(words: &str) -> Vec<Item> {
    let payload = json!({ "text": words });
    let raw = serde_json::value::to_raw_value(&payload).unwrap();
    vec![
        topic(words),
        Item::Push(Box::new(push(words, &payload))),
        Item::Push(Box::new(push(words, &serde_json::Value::from(words)))),
        Item::Reply(Reply::said(words)),
        Item::Reply(Reply::Answer(raw)),
        Item::Reply(Reply::lines(vec![words.to_owned()])),
        Item::Notice(words.to_owned()),
        problem(words),
    ]
}

proptest! {
    /// Whatever strangers say, a terminal shows it and obeys nothing of it, and each message has a line.
    #[test]
    fn nothing_that_a_terminal_obeys_is_printed(
        words in "([\\x00-\\x1f\\x7f-\\x9f]|\u{1b}\\[[0-9;]*[A-Za-z]|\u{202e}|\u{2028}|\u{feff}|\\PC|\\\\|\"){0,20}",
        is_terminal: bool,
    ) {
        for format in [Format::Text, Format::Json] {
            for grammar in [Grammar::Jmqt, Grammar::Pubsubx] {
                let look = Look { format, grammar, is_terminal, ..TEXT };
                for item in items(&words) {
                    let parts = shown(look, &item);
                    let text: String = parts.iter().map(|(_, text)| text.as_str()).collect();
                    let is_harmless = |c: char| c == '\n' || rialto_client::shown::is_shown(c);
                    prop_assert!(text.chars().all(is_harmless), "{:?} of {:?}", text, item);
                    if matches!(item, Item::Push(_)) {
                        prop_assert_eq!(text.matches('\n').count(), 1, "{:?}", item);
                    }
                }
            }
        }
    }
}
