use expect_test::{Expect, expect};

use super::Event;

#[track_caller]
fn check(lines: &[&str], expected: &Expect) {
    let shown = lines.iter().map(|line| match Event::read(line) {
        Some(Event::Message(message)) => message.line(),
        Some(Event::Dropped(dropped)) => dropped.line(),
        Some(Event::Count(count)) => count.shortfall().unwrap_or_else(|| "all shown".to_owned()),
        Some(Event::Other) => "not known".to_owned(),
        None => "no event".to_owned(),
    });
    expected.assert_eq(&shown.map(|line| line + "\n").collect::<String>());
}

#[test]
fn people_are_shown_what_became_of_a_message() {
    check(
        &[
            r#"{"event":"message","at_ms":43471605,"channel":"orders","publisher":"till-1","qos":0,"bytes":20,"decision":"delivered","sent_to":3,"waits_for":1,"sequence":7,"retained":true,"payload":{"order":73314510714178485}}"#,
            r#"{"event":"message","at_ms":1,"channel":"a b","publisher":"","qos":0,"bytes":1,"decision":"unheard","sent_to":0,"waits_for":0}"#,
            r#"{"event":"message","at_ms":1,"channel":"a","publisher":"g","on_behalf_of":"c","qos":0,"bytes":1,"decision":"refused","why":"rule 4"}"#,
            r#"{"event":"message","at_ms":1,"channel":"a","publisher":"g","server":"s","qos":1,"bytes":1,"decision":"replayed","client":"ada","sequence":4}"#,
            r#"{"event":"dropped","at_ms":1,"client":"ada","count":40}"#,
            r#"{"event":"count","passed":312,"matched":104,"sent":50,"lost":2}"#,
            r#"{"event":"count","passed":3,"matched":1,"sent":1,"lost":0}"#,
            r#"{"event":"later"}"#,
            r#"{"event":"message"}"#,
            "[]",
        ],
        &expect![[r#"
            12:04:31.605  orders  till-1  20 B  delivered to 3, waits for 1, in the log at 7, retained  {"order":73314510714178485}
            00:00:00.001  "a b"  -  1 B  unheard
            00:00:00.001  a  c via g  1 B  refused: rule 4
            00:00:00.001  a  g on s  1 B  replayed to ada, in the log at 4
            00:00:00.001  40 deliveries to ada dropped: it does not read fast enough
            312 passed, 104 matched, 50 shown, 2 not looked at
            all shown
            not known
            no event
            no event
        "#]],
    );
}
