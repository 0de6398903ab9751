//! The last messages of queues.

use expect_test::expect;
use rialto_broker::{HistorySettings, Settings};

use super::world::{Rules, World, check, check_with};

fn kept(count_max: u32) -> Settings {
    let history = HistorySettings { count_max, ..HistorySettings::default() };
    Settings { history, ..Settings::default() }
}

#[test]
fn the_last_messages_come_oldest_first_and_as_they_were_delivered() {
    // C-22: queues without any are left out. C-29. C-30: also those of other dialects.
    check_with(
        kept(3),
        r#"
        bob > a {"n":1}␀a {"n":2}␀a {"n":3}
        +1s
        jmqt.eve online
        jmqt.eve > {"pub":{"cn":"a","dt":"text"}}␀{"pub":{"cn":"ü","dt":{"n":5}}}
        ada > x {"coremq_gethistory":["ü","a","none","a"]}␀x {"coremq_gethistory":"none"}
        "#,
        expect![[r#"
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            1s jmqt.eve < {"connAck":{"st":1,"ts":15}}
            1s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            1s ada < id-ada {"history":{"a":[{"n":2,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"},{"n":3,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"},{"coremq_string":"text","coremq_sender":"eve","coremq_sent":1.000,"coremq_server":"rialto:6747"}],"\u00fc":[{"n":5,"coremq_sender":"eve","coremq_sent":1.000,"coremq_server":"rialto:6747"}]}}
            1s ada < id-ada {"history":{}}
        "#]],
    );
}

#[test]
fn ten_messages_are_kept_if_nothing_else_is_said() {
    // C-22.
    let messages: Vec<String> = (1..=11).map(|n| format!("a {{\"n\":{n}}}")).collect();
    let script = format!("bob > {}\nada > x {{\"coremq_gethistory\":\"a\"}}", messages.join("␀"));
    let mut world = World::new(Rules::default());
    world.play(&script);
    let answer = world.last_line();
    assert_eq!(answer.matches("coremq_sender").count(), 10);
    assert!(answer.contains(r#""a":[{"n":2,"#), "{answer}");
}

#[test]
fn an_answer_holds_the_latest_messages_that_fit() {
    // C-22: it is one frame.
    let settings = Settings { window_bytes_max: 16, ..Settings::default() };
    check_with(
        settings,
        r#"
        bob > a {"n":1}␀a {"n":2}␀a {"n":3}␀b {"n":4}
        ada > x {"coremq_gethistory":["a","b"]}␀x {"coremq_gethistory":["a"]}
        "#,
        expect![[r#"
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"history":{"a":[{"n":3,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}],"b":[{"n":4,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}]}}
            0s ada < id-ada {"history":{"a":[{"n":2,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"},{"n":3,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}]}}
        "#]],
    );
}

#[test]
fn direct_messages_are_no_history() {
    // C-14, C-22.
    check(
        r##"
        ada online
        bob > id-ada {"n":1}
        eve > x {"coremq_gethistory":["id-ada","#id-ada"]}
        "##,
        expect![[r#"
            0s ada < id-ada {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s bob < id-bob {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s ada < id-ada {"n":1,"coremq_sender":"id-bob","coremq_sent":0.000,"coremq_server":"rialto:6747"}
            0s bob < id-bob {"response":"OK: Message sent"}
            0s eve < id-eve {"response":"OK: Welcome to CoreMQ server","server":"rialto"}
            0s eve < id-eve {"history":{}}
        "#]],
    );
}
