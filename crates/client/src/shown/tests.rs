//! Whatever a text is made of.

use proptest::prelude::*;

use super::{is_shown, json_line, one_line, one_word};

/// Texts with more of what does harm than chance brings.
fn text() -> impl Strategy<Value = String> {
    let harmful = prop::sample::select(vec![
        '\n',
        '\r',
        '\t',
        '\0',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{9b}',
        '\u{2028}',
        '\u{202e}',
        '\u{2066}',
        '\u{200b}',
        '\u{feff}',
        '\u{e0041}',
        '"',
        '\\',
        ' ',
        '\u{a0}',
        '\u{301}',
    ]);
    prop::collection::vec(prop_oneof![any::<char>(), harmful], 0..20)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn a_line_is_one_and_a_word_is_one(text in text()) {
        for shown in [one_line(&text), one_word(&text)] {
            prop_assert!(shown.chars().all(is_shown), "{:?}", shown);
            prop_assert!(!shown.contains(char::is_control) && shown.lines().count() <= 1);
        }
        let word = one_word(&text);
        prop_assert!(word.starts_with('"') || !word.contains(char::is_whitespace), "{}", word);
        prop_assert!(!word.is_empty());
    }

    #[test]
    fn two_texts_are_never_the_same_word(one in text(), other in text()) {
        prop_assert_eq!(one_word(&one) == one_word(&other), one == other);
    }

    #[test]
    fn a_line_of_json_has_the_same_value(text in text(), raw in any::<bool>()) {
        let mut json = serde_json::to_string(&text).unwrap();
        if raw {
            json = format!("{{\n\t{json}:\r\n{json} }}");
        }
        let line = json_line(&json);
        prop_assert!(line.chars().all(is_shown), "{:?}", line);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        prop_assert_eq!(value(&line), value(&json));
    }
}

#[test]
fn what_people_write_is_shown_as_it_is() {
    for text in [
        "hello",
        "żółw",
        "e\u{301}",
        "日本語",
        "می\u{200c}خواهم",
        "👩\u{200d}🔬",
        "10\u{a0}km",
        "it's \"so\"",
    ] {
        assert_eq!(one_line(text), text);
        assert_eq!(json_line(text), text);
    }
    for word in ["hello", "żółw", "日本語", "it's", "a=b"] {
        assert_eq!(one_word(word), word);
    }
}

#[test]
fn what_does_harm_is_escaped() {
    assert_eq!(one_line("a\nb\u{1b}[2J\u{9b}2J\u{202e}c"), r"a\nb\u{1b}[2J\u{9b}2J\u{202e}c");
    for (text, word) in [
        ("", r#""""#),
        ("a b", r#""a b""#),
        ("a\nb", r#""a\nb""#),
        ("say \"x\"", r#""say \"x\"""#),
        ("\u{1b}[2J", r#""\u{1b}[2J""#),
        ("eve\u{200d}", r#""eve\u{200d}""#),
    ] {
        assert_eq!(one_word(text), word);
    }
    assert_eq!(json_line("{\n\"a\u{9b}\":\"\u{e0041}\"}"), r#"{ "a\u009b":"\udb40\udc41"}"#);
}
