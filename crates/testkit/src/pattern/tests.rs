use serde_json::{Value, from_str};

use super::{Names, matches};

#[track_caller]
fn value(text: &str) -> Value {
    from_str(text).unwrap()
}

#[test]
fn everything_is_compared_but_what_the_pattern_leaves_open() {
    for (pattern, actual, is_it) in [
        (r#"{"st":1}"#, r#"{"st":1}"#, true),
        (r#"{"st":1}"#, r#"{"st":"1"}"#, false),
        (r#"{"st":1}"#, r#"{"st":true}"#, false),
        (r#"{"st":1}"#, r#"{"st":1,"cn":"room"}"#, false),
        (r#"{"st":1,"cn":"room"}"#, r#"{"st":1}"#, false),
        (r#"{"st":1}"#, r#"{"st":1,"mg":"why"}"#, true),
        (r#"{"st":1,"mg":"why"}"#, r#"{"st":1,"mg":"because"}"#, false),
        (r#"{"st":1,"mg":"*"}"#, r#"{"st":1}"#, false),
        (r#"{"dt":"*"}"#, r#"{"dt":{"a":[1]}}"#, true),
        (r#"{"dt":["*",2]}"#, r#"{"dt":[1,2]}"#, true),
        (r#"{"dt":["*"]}"#, r#"{"dt":[1,2]}"#, false),
    ] {
        assert_eq!(matches(&value(pattern), &value(actual)), is_it, "{pattern} of {actual}");
    }
}

#[test]
fn a_name_stands_for_one_value_and_two_names_for_two() {
    let mut names = Names::default();
    assert!(names.matches(&value(r#""<m1>""#), &value(r#""1-1""#)));
    assert!(names.matches(&value(r#""<m1>""#), &value(r#""1-1""#)));
    assert!(!names.matches(&value(r#""<m1>""#), &value(r#""1-2""#)));
    assert!(!names.matches(&value(r#""<m2>""#), &value(r#""1-1""#)));
    assert_eq!(names.fill_in(r#"{"id":"<m1>"}"#), r#"{"id":"1-1"}"#);
}
