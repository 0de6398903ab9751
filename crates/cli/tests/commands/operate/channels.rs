//! Channels: what they keep.

use serde_json::json;

use super::{HARMLESS, HOSTILE, Operated, members};

#[test]
fn channels_are_listed_and_shown_with_what_they_keep() {
    let operated = Operated::start();
    let mut ada = operated.online("ada");
    ada.subscribe("room/1");
    operated.online("bob").subscribe_for_good("room/2");
    ada.send(r#"{"pub":{"cn":"room/2","dt":{"n":1},"q":1,"rt":1,"id":"1"}}"#);
    ada.expect(r#"{"pubAck":{"id":"1","st":1}}"#);

    let listed = operated.json(&["channel", "list"]);
    assert_eq!(members(&listed, "name"), ["room/1", "room/2"]);
    let table = operated.run(&["channel", "list", "--match", "*/2"]).printed();
    let rows: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..4], ["CHANNEL", "SUBSCRIBERS", "PERSISTENT", "RETAINED"]);
    assert_eq!(rows[1][..5], ["room/2", "0", "1", "yes", "1"]);

    let sorted = operated.json(&["channel", "list", "--sort", "log_messages"]);
    assert_eq!(members(&sorted, "name"), ["room/2", "room/1"]);
    let backwards = operated.json(&["channel", "list", "--reverse", "--match", "room/*"]);
    assert_eq!(members(&backwards, "name"), ["room/2", "room/1"]);
    let by_rate = operated.run(&["channel", "list", "--sort", "in_rate", "-n", "1"]).printed();
    assert!(by_rate.lines().next().unwrap().ends_with("IN/s  OUT/s"), "{by_rate}");
    let unknown = operated.run(&["channel", "list", "--sort", "beauty"]).failed(1);
    assert!(unknown.contains("sort must be one of name, subscribers"), "{unknown}");

    let shown = operated.json(&["channel", "show", "room/2"]).remove(0);
    assert_eq!((&shown["retained"], &shown["log_messages"]), (&json!(true), &json!(1)));
    let shown = operated.run(&["channel", "show", "room/1"]).printed();
    assert!(shown.contains("channel                  room/1\n"), "{shown}");
    assert!(shown.contains("subscribers              1\n"), "{shown}");
    let unknown = operated.run(&["channel", "show", "nothing"]).failed(1);
    assert!(unknown.contains("\"nothing\" is in use"), "{unknown}");
}

#[test]
fn the_history_is_printed_oldest_first_and_as_it_was_written() {
    let operated = Operated::start();
    let mut ada = operated.online("ada");
    // More digits than a number of a program has.
    for payload in ["1", "12345678901234567890.10", "\"two words\""] {
        ada.send(format!(r#"{{"pub":{{"cn":"room/1","dt":{payload},"q":1,"id":"1"}}}}"#));
        ada.expect(r#"{"pubAck":{"id":"1","st":1}}"#);
    }
    let raw = operated.run(&["history", "room/1", "--raw"]).printed();
    assert_eq!(raw, "1\n12345678901234567890.10\n\"two words\"\n");
    let latest = operated.run(&["history", "room/1", "--count", "1", "--raw"]).printed();
    assert_eq!(latest, "\"two words\"\n");
    let latest = operated.run(&["history", "room/1", "--count", "2", "--raw"]).printed();
    assert_eq!(latest, "12345678901234567890.10\n\"two words\"\n");
    let more = operated.run(&["history", "room/1", "-n", "99999999999", "--raw"]).printed();
    assert_eq!(more, raw);
    let table = operated.run(&["history", "room/1"]).printed();
    assert!(table.starts_with("TIME ") && table.contains("Z  ada        1\n"), "{table}");
    let json = operated.run(&["history", "room/1", "--format", "json"]).printed();
    assert!(json.contains(r#""payload":12345678901234567890.10}"#), "{json}");
    assert_eq!(operated.json(&["history", "room/1"])[0]["publisher"], "ada");
    let none = operated.run(&["history", "nothing"]);
    assert_eq!((none.code, none.stdout.as_str()), (0, ""));
    assert_eq!(none.stderr, "the channel nothing has no history\n");
}

#[test]
fn retained_messages_are_listed_printed_and_removed() {
    let operated = Operated::start();
    let mut ada = operated.online("ada");
    ada.subscribe("not/retained");
    for channel in ["lamp/1", "lamp/2"] {
        ada.send(format!(
            r#"{{"pub":{{"cn":"{channel}","dt":{{"on":true}},"rt":1,"q":1,"id":"1"}}}}"#
        ));
        ada.expect(r#"{"pubAck":{"id":"1","st":1}}"#);
    }
    assert_eq!(operated.run(&["retained", "list"]).printed(), "\"lamp/1\"\n\"lamp/2\"\n");
    assert_eq!(members(&operated.json(&["retained", "list"]), "name"), ["lamp/1", "lamp/2"]);
    assert_eq!(operated.run(&["retained", "get", "lamp/1"]).printed(), "{\"on\":true}\n");
    assert_eq!(
        operated.json(&["retained", "get", "lamp/1"]),
        [json!({"channel": "lamp/1", "publisher": "ada", "payload": {"on": true}})]
    );
    let removed = operated.run(&["retained", "remove", "lamp/1"]);
    assert_eq!(removed.stderr, "the retained message of lamp/1 was removed\n");
    assert_eq!(operated.run(&["retained", "list"]).printed(), "\"lamp/2\"\n");
    for command in ["get", "remove"] {
        let said = operated.run(&["retained", command, "lamp/1"]).failed(1);
        assert!(said.contains("has no retained message"), "{said}");
    }
}

#[test]
fn hostile_names_and_payloads_stay_in_their_place() {
    let operated = Operated::start();
    let (name, payload) = (json!(HOSTILE).to_string(), "\"\u{202e}\u{9b}2J\"");
    let mut ada = operated.online("ada");
    ada.send(format!(r#"{{"pub":{{"cn":{name},"dt":{payload},"rt":1,"q":1,"id":"1"}}}}"#));
    ada.expect(r#"{"pubAck":{"id":"1","st":1}}"#);
    for (args, line_count) in [
        (&["channel", "list"][..], 2),
        (&["channel", "list", "--format", "json"], 1),
        (&["channel", "show", HOSTILE], 9),
        (&["retained", "list"], 1),
        (&["retained", "list", "--format", "json"], 1),
        (&["retained", "get", HOSTILE], 1),
        (&["retained", "get", HOSTILE, "--format", "json"], 1),
        (&["history", HOSTILE], 2),
        (&["history", HOSTILE, "--raw"], 1),
        (&["history", HOSTILE, "--format", "json"], 1),
    ] {
        let printed = operated.run(args).printed();
        assert_eq!(printed.lines().count(), line_count, "{args:?}: {printed}");
        assert!(!printed.contains(|c: char| c != '\n' && c.is_control()), "{args:?}: {printed:?}");
        assert!(!printed.contains('\u{202e}'), "{args:?}: {printed:?}");
    }
    assert!(operated.run(&["channel", "list"]).printed().contains(HARMLESS));
    let payload = operated.json(&["retained", "get", HOSTILE]).remove(0);
    assert_eq!(payload["payload"], "\u{202e}\u{9b}2J", "escaped, the value is the same");
}
