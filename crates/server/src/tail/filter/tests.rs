use std::cmp::Ordering;

use proptest::prelude::*;

use super::{Filter, FilterError, number::Number};

#[track_caller]
fn check(filter: &str, payload: &str, is_wanted: bool) {
    let parsed = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    assert_eq!(parsed.accepts(payload.as_bytes()), is_wanted, "{filter} of {payload}");
}

#[test]
fn a_term_is_met_by_what_stands_at_its_pointer() {
    let order = r#" {"total": 184.10, "city": "Mestre", "paid": true, "note": null,
        "lines": [{"sku": "tmp-1"}, {"sku": "b"}], "a/b": {"m~n": 7}, "tags": ["new", 3, [3]]} "#;
    for met in [
        "/total > 100",
        "/total=184.1",
        "/total eq 1841e-1",
        "/total <= 184.100",
        r#"/city = "Mestre""#,
        r#"/city != "Padova""#,
        r#"/city ne 5"#,
        r#"/city < "N""#,
        r#"/city contains "str""#,
        r#"/city prefix "Mes" and /paid = true and /note = null"#,
        r#"/lines/0/sku prefix "tmp""#,
        "/a~1b/m~0n ge 7",
        r#""/a~1b/m~0n" lt 8"#,
        "/note exists",
        "/lines != 1",
        r#"/tags contains "new""#,
        "/tags contains 3.0",
        r#""" exists"#,
    ] {
        check(met, order, true);
    }
    for unmet in [
        "/total > 184.1",
        "/nothing exists",
        "/nothing != 1",
        "/city > 5",
        "/paid = false",
        "/lines/2/sku exists",
        "/lines/00/sku exists",
        "/lines = null",
        r#"/total contains "1""#,
        r#"/tags contains 4"#,
        r#"/city prefix "estre""#,
        "/total > 100 and /total > 200",
    ] {
        check(unmet, order, false);
    }
    check(r#""" = 5"#, " 5 ", true);
    check("/a = 2", r#"{"a": 1, "a": 2}"#, true);
    check("/ä = \"é\"", r#"{"\u00e4": "\u00e9"}"#, true);
}

#[test]
fn numbers_are_compared_without_rounding() {
    check("/n > 9007199254740992", r#"{"n": 9007199254740993}"#, true);
    check("/n = 18446744073709551615", r#"{"n": 18446744073709551616}"#, false);
    check("/n = 18446744073709551615", r#"{"n": 18446744073709551615}"#, true);
    check("/n < -9223372036854775807", r#"{"n": -9223372036854775808}"#, true);
    check("/n = 0", r#"{"n": -0.0e5}"#, true);
    check("/n > 1e400", r#"{"n": 2e400}"#, true);
    check("/n > 1e999999999999999999999", r#"{"n": 5}"#, false);
}

#[test]
fn what_is_no_filter_is_answered_with_the_place() {
    for (text, place) in [
        ("", 1),
        ("temperature > 3", 1),
        ("/t", 3),
        ("/t >", 5),
        ("/t > x", 6),
        ("/t > 03", 6),
        ("/t > \"a", 6),
        ("/t => 3", 5),
        ("/ä > 3 or", 8),
        ("/t > 3 and", 11),
        ("/t~2 > 3", 1),
        ("/t existing", 4),
        ("/t prefix 3", 11),
    ] {
        match Filter::parse(text) {
            Err(FilterError::Expected { place: told, .. }) => assert_eq!(told, place, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let terms = |count| vec!["/a exists"; count].join(" and ");
    assert!(Filter::parse(&terms(16)).is_ok());
    assert_eq!(Filter::parse(&terms(17)), Err(FilterError::TooManyTerms));
    assert_eq!(Filter::parse(&"/".repeat(257)), Err(FilterError::TooLong));
}

#[test]
fn what_is_no_json_meets_nothing() {
    for payload in ["", "{", r#"{"a":"#, "{\"a\": 1", "\u{0}", "[1,", "nul"] {
        check("/a exists", payload, false);
        check(r#""" = null"#, payload, false);
    }
    assert!(!Filter::parse("/a exists").unwrap().accepts(b"{\"a\": \xff}"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,80}", payload in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(filter) = Filter::parse(&text) {
            filter.accepts(&payload);
        }
    }

    #[test]
    fn what_looks_like_a_filter_is_read_or_refused(
        text in r#"(/[a~/01"]{0,4}|"") ?(=|!=|<|contains|prefix|exists) ?(-?[0-9.e+]{0,6}|"[a\\"]{0,3}|null)( and)? ?"#,
        payload in r#"[\[{]?("a":)?[-0-9.eE+]{0,6}["\]},]{0,3}"#,
    ) {
        if let Ok(filter) = Filter::parse(&text) {
            filter.accepts(payload.as_bytes());
        }
    }

    #[test]
    fn numbers_have_the_order_of_what_they_stand_for(one: i128, other: i128, up in 0..6_u32, down in 0..6_u32) {
        // Both are scaled alike, so that neither the point nor the exponent changes the order.
        let written = |number: i128| {
            let shifted = format!("{number}{}", "0".repeat(down as usize));
            format!("{shifted}e{}", i64::from(up) - i64::from(down))
        };
        let plain = |number: i128| format!("{number}{}.0", "0".repeat(up as usize));
        let [a, b] = [one, other].map(|number| Number::of(&written(number)).unwrap());
        let [c, d] = [one, other].map(|number| Number::of(&plain(number)).unwrap());
        // Of 0 the zeros make no number of JSON.
        prop_assume!(one != 0 && other != 0);
        prop_assert_eq!(a.cmp(&b), one.cmp(&other));
        prop_assert_eq!(a.cmp(&c), Ordering::Equal);
        prop_assert_eq!(c.cmp(&d), one.cmp(&other));
        prop_assert_eq!(a == b, one == other);
    }

    #[test]
    fn a_number_of_a_payload_meets_what_it_is(number: i64, bound: i64) {
        let payload = format!("{{\"n\":{number}}}");
        for (operator, is_met) in [
            ("=", number == bound), ("!=", number != bound), ("<", number < bound),
            ("<=", number <= bound), (">", number > bound), (">=", number >= bound),
        ] {
            let filter = Filter::parse(&format!("/n {operator} {bound}")).unwrap();
            prop_assert_eq!(filter.accepts(payload.as_bytes()), is_met);
        }
    }
}
