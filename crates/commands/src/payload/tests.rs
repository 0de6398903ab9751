//! What becomes of a payload.

use super::PayloadRule;

/// Returns the payload, or `!` and what is wrong.
fn apply(rule: PayloadRule, text: &str) -> String {
    match rule.apply(text) {
        Ok(payload) => payload.to_string(),
        Err(problem) => format!("! {problem}"),
    }
}

#[test]
fn json_stays_as_it_is_and_words_become_a_text() {
    for (text, payload) in [
        (r#"{"a": 1.0}"#, r#"{"a": 1.0}"#),
        ("5", "5"),
        ("null", "null"),
        ("", r#""""#),
        ("on", r#""on""#),
        ("hello world", r#""hello world""#),
        (r#"say "hi""#, r#""say \"hi\"""#),
        ("-5 degrees", r#""-5 degrees""#),
        (r#""hello" he said"#, r#""\"hello\" he said""#),
        ("[INFO] started", r#""[INFO] started""#),
        ("[2026-11-27 11:04] started", r#""[2026-11-27 11:04] started""#),
        ("{user} logged in", r#""{user} logged in""#),
    ] {
        assert_eq!(apply(PayloadRule::JsonOrText, text), payload);
    }
}

#[test]
fn what_looks_like_json_and_is_not_is_refused() {
    for text in [
        r#"{"a":1"#,
        "{a:1}",
        "{a: 1}",
        "[1,2",
        "[a,b]",
        "\"x",
        r#"{"a":1}}"#,
        r#"{"a":1,}"#,
        r#"{"a":1} {"b":2}"#,
        r#"{"a": oops"#,
        r#"[{"a":1},"#,
        " {",
        "[",
    ] {
        let said = apply(PayloadRule::JsonOrText, text);
        assert!(said.starts_with("! the payload looks like JSON, but is not: "), "{text}: {said}");
        assert!(said.contains("single quotes") && said.contains("--text"), "{said}");
    }
}

#[test]
fn a_rule_can_be_stricter_or_take_everything_for_a_text() {
    assert!(apply(PayloadRule::Json, "on").starts_with("! the payload is not JSON: "));
    assert_eq!(apply(PayloadRule::Text, "{a:1}"), r#""{a:1}""#);
    assert_eq!(apply(PayloadRule::Text, "5"), r#""5""#);
}
