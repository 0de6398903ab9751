//! Dialogues between a session and a broker that is played by the script, in virtual time.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use serde_json::value::RawValue;

use super::{Event, Request, Session};
use crate::message::{Persistence, PublishOptions, Qos};
use crate::options::Credentials;

/// Plays `script`, and compares what the session sends (`>`) and tells its owner (`!`).
///
/// A line is a packet from the broker (`< …`), a request of the owner (`sub`, `keep`, `unsub`,
/// `pub0`, `pub1`, `ping`, `ack`), a change of the connection (`open`, `close`), or time passing (`+5s`).
#[track_caller]
fn check(credentials: Credentials, script: &str, expected: &Expect) {
    let mut play = Play {
        session: Session::new(credentials),
        now: Instant::now(),
        request_count: 0,
        transcript: String::new(),
    };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        play.line(line);
    }
    expected.assert_eq(&play.transcript);
}

struct Play {
    session: Session<u32>,
    now: Instant,
    request_count: u32,
    transcript: String,
}

impl Play {
    fn line(&mut self, line: &str) {
        let mut events = Vec::new();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "open" => self.session.on_open(),
            "close" => self.session.on_close(),
            "ack" => self.session.acknowledge(rest),
            "<" => self.session.on_frame(self.now, rest.as_bytes(), &mut events),
            "sub" | "keep" | "unsub" | "pub0" | "pub1" | "ping" => {
                self.request_count += 1;
                self.session.request(request(verb, rest), self.request_count, &mut events);
            }
            time => {
                let seconds = time.trim_start_matches('+').trim_end_matches('s').parse().unwrap();
                self.now += Duration::from_secs(seconds);
                if let Err(silence) = self.session.on_time(self.now) {
                    writeln!(self.transcript, "! silent for {silence:?}").unwrap();
                }
            }
        }
        self.write(events);
    }

    fn write(&mut self, events: Vec<Event<u32>>) {
        for event in events {
            let line = match event {
                Event::Online => "online".to_owned(),
                Event::Refused(refusal) => format!("refused: {refusal}"),
                Event::TurnedAway(refusal) => format!("turned away: {refusal}"),
                Event::Dismissed(refusal) => format!("dismissed: {refusal}"),
                Event::Answered(ticket, Ok(ack)) => {
                    format!("#{ticket} ok {}", ack.data.map_or(String::new(), |it| it.to_string()))
                }
                Event::Answered(ticket, Err(refusal)) => format!("#{ticket} {refusal}"),
                Event::Pushed(push) => format!("push {push:?}"),
            };
            writeln!(self.transcript, "! {}", line.trim_end()).unwrap();
        }
        let output = String::from_utf8(self.session.take_output()).unwrap();
        for packet in output.split_terminator('\0') {
            writeln!(self.transcript, "> {packet}").unwrap();
        }
    }
}

fn request(verb: &str, rest: &str) -> Request {
    let (channel, payload) = rest.split_once(' ').unwrap_or((rest, ""));
    let channel = channel.to_owned();
    match verb {
        "sub" => Request::Subscribe(channel, Persistence::Session),
        "keep" => Request::Subscribe(channel, Persistence::Persistent),
        "unsub" => Request::Unsubscribe(channel),
        "ping" => Request::Ping,
        _ => {
            let qos = if verb == "pub1" { Qos::AtLeastOnce } else { Qos::AtMostOnce };
            let payload = RawValue::from_string(payload.to_owned()).unwrap();
            let options = PublishOptions { qos, retain: false };
            Request::Publish { channel, payload, options }
        }
    }
}

/// Plays `script` with a session that is online already.
#[track_caller]
fn check_online(script: &str, expected: &Expect) {
    let opening = "open\n< {\"connAck\":{\"st\":1,\"ts\":15}}\n";
    check(Credentials::token("ada", "t1"), &format!("{opening}{script}"), expected);
}

#[test]
fn a_name_is_traded_for_a_token_and_the_token_for_a_session() {
    // J-111
    check(
        Credentials::named("ada"),
        r#"
        open
        < {"authAck":{"st":1,"at":"t1","cl":"ada"}}
        < {"connAck":{"st":1,"ts":15}}
        "#,
        &expect![[r#"
            > {"auth":{"dt":{"client_name":"ada"}}}
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
        "#]],
    );
}

#[test]
fn a_refusal_says_which_status_and_why() {
    let script = r#"
        open
        < {"authAck":{"st":7,"mg":"the name is taken"}}
    "#;
    check(
        Credentials::named("ada"),
        script,
        &expect![[r#"
        > {"auth":{"dt":{"client_name":"ada"}}}
        ! refused: status 7 (not allowed): the name is taken
    "#]],
    );
    let script = r#"
        open
        < {"connAck":{"st":6}}
    "#;
    check(
        Credentials::token("ada", "t1"),
        script,
        &expect![[r#"
        > {"conn":{"at":"t1","cl":"ada"}}
        ! refused: status 6 (invalid token)
    "#]],
    );
}

#[test]
fn acknowledgements_find_their_requests_in_any_order() {
    check_online(
        r#"
        sub room
        keep hall
        pub0 room 0
        pub1 room {"n":1}
        pub1 hall "two"
        < {"pubAck":{"st":1,"id":"2"}}
        < {"subAck":{"st":1,"cn":"hall"}}
        < {"pubAck":{"st":5,"id":"1","mg":"disk full"}}
        < {"subAck":{"st":11,"cn":"room"}}
        unsub hall
        < {"unsubAck":{"st":1,"cn":"hall"}}
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"sub":{"cn":"room"}}
            > {"sub":{"cn":"hall","pr":1}}
            ! #3 ok
            > {"pub":{"cn":"room","dt":0}}
            > {"pub":{"cn":"room","dt":{"n":1},"q":1,"id":"1"}}
            > {"pub":{"cn":"hall","dt":"two","q":1,"id":"2"}}
            ! #5 ok
            ! #2 ok
            ! #4 status 5 (server error): disk full
            ! #1 status 11 (invalid channel)
            > {"unsub":{"cn":"hall"}}
            ! #6 ok
        "#]],
    );
}

#[test]
fn an_acknowledgement_of_nothing_is_ignored() {
    check_online(
        r#"
        < {"pubAck":{"st":1,"id":"9"}}
        < {"pubAck":{"st":1,"id":"not ours"}}
        < {"pubAck":{"st":0}}
        < {"subAck":{"st":1,"cn":"room"}}
        < {"authAck":{"st":0,"mg":"late"}}
        < {"connAck":{"st":1,"ts":15}}
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
        "#]],
    );
}

#[test]
fn a_control_channel_answers_with_data_whatever_the_qos() {
    // J-114
    check_online(
        r#"
        pub0 $time {}
        < {"pubAck":{"st":1,"id":"1","dt":{"now":5}}}
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"pub":{"cn":"$time","dt":{},"id":"1"}}
            ! #1 ok {"now":5}
        "#]],
    );
}

#[test]
fn a_push_keeps_its_payload_as_it_came() {
    // J-115, J-116: a retained one has no id to acknowledge.
    check_online(
        r#"
        < {"push":{"cn":"room","dt":{"n": 1.0, "s":"\u00e4"},"cl":"bob","id":"4-1","q":1}}
        ack 4-1
        < {"push":{"cn":"room","dt":"x","cl":"","rt":1}}
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            ! push Push { channel: "room", payload: RawValue({"n": 1.0, "s":"\u00e4"}), publisher: "bob", qos: AtLeastOnce, id: Some("4-1"), retained: false }
            > {"pushAck":{"id":"4-1","st":1}}
            ! push Push { channel: "room", payload: RawValue("x"), publisher: "", qos: AtMostOnce, id: None, retained: true }
        "#]],
    );
}

#[test]
fn a_new_connection_restores_subscriptions_and_repeats_what_was_not_acknowledged() {
    check_online(
        r#"
        sub room
        keep hall
        < {"subAck":{"st":1,"cn":"room"}}
        < {"subAck":{"st":1,"cn":"hall"}}
        pub1 room 1
        pub1 room 2
        pub1 room 3
        pub0 room 4
        < {"pubAck":{"st":1,"id":"2"}}
        close
        open
        < {"connAck":{"st":1,"ts":15}}
        < {"subAck":{"st":1,"cn":"room"}}
        < {"pubAck":{"st":1,"id":"1"}}
        < {"pubAck":{"st":1,"id":"3"}}
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"sub":{"cn":"room"}}
            > {"sub":{"cn":"hall","pr":1}}
            ! #1 ok
            ! #2 ok
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"pub":{"cn":"room","dt":2,"q":1,"id":"2"}}
            > {"pub":{"cn":"room","dt":3,"q":1,"id":"3"}}
            ! #6 ok
            > {"pub":{"cn":"room","dt":4}}
            ! #4 ok
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"sub":{"cn":"room"}}
            > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
            > {"pub":{"cn":"room","dt":3,"q":1,"id":"3"}}
            ! #3 ok
            ! #5 ok
        "#]],
    );
}

#[test]
fn a_subscription_that_was_ended_is_not_restored() {
    check_online(
        r#"
        sub room
        < {"subAck":{"st":1,"cn":"room"}}
        unsub room
        < {"unsubAck":{"st":1,"cn":"room"}}
        close
        open
        < {"connAck":{"st":1,"ts":15}}
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"sub":{"cn":"room"}}
            ! #1 ok
            > {"unsub":{"cn":"room"}}
            ! #2 ok
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
        "#]],
    );
}

#[test]
fn heartbeats_go_out_three_times_in_a_timeout_and_silence_is_noticed_after_two() {
    // J-112
    check_online(
        r#"
        +4s
        +1s
        +5s
        < {"hbAck":{}}
        +5s
        +5s
        +5s
        +5s
        +5s
        +4s
        +1s
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            ! silent for 30s
        "#]],
    );
}

#[test]
fn time_in_which_the_client_did_not_run_is_no_silence_of_the_broker() {
    // J-112: it was stopped for an hour, then the broker says no more.
    check_online(
        r#"
        +5s
        < {"hbAck":{}}
        +3600s
        < {"hbAck":{}}
        +5s
        +3600s
        +5s
        +5s
        +5s
        +4s
        +1s
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            ! silent for 30s
        "#]],
    );
}

#[test]
fn heartbeats_stop_when_the_connection_has_ended() {
    // J-113
    check_online(
        "
        +5s
        close
        +5s
        +60s
        open
        +5s
        ",
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"hb":{}}
            > {"conn":{"at":"t1","cl":"ada"}}
        "#]],
    );
}

#[test]
fn the_broker_says_why_it_ends_the_session() {
    check_online(
        r#"< {"connAck":{"st":7,"mg":"connected elsewhere"}}"#,
        &expect![[r#"
        > {"conn":{"at":"t1","cl":"ada"}}
        ! online
        ! dismissed: status 7 (not allowed): connected elsewhere
    "#]],
    );
}

#[test]
fn what_is_no_packet_is_ignored_and_the_session_goes_on() {
    check_online(
        r#"
        < {
        < []
        < {"hello":{}}
        < {"push":{"cn":"room"}}
        < {"push":{"cn":"room","dt":1,"cl":"bob"}}
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            ! push Push { channel: "room", payload: RawValue(1), publisher: "bob", qos: AtMostOnce, id: None, retained: false }
        "#]],
    );
}

#[test]
fn a_ping_is_answered_by_its_own_heartbeat() {
    // J-41: one answer each, in order; the first one is that of the heartbeat before the ping.
    check_online(
        r#"
        +5s
        ping
        ping
        < {"hbAck":{}}
        < {"hbAck":{}}
        < {"hbAck":{}}
        < {"hbAck":{}}
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"hb":{}}
            > {"hb":{}}
            > {"hb":{}}
            ! #1 ok
            ! #2 ok
        "#]],
    );
}

#[test]
fn a_ping_that_a_lost_connection_left_is_sent_again() {
    check_online(
        r#"
        +5s
        ping
        close
        open
        < {"connAck":{"st":1,"ts":15}}
        < {"hbAck":{}}
        "#,
        &expect![[r#"
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"hb":{}}
            > {"hb":{}}
            > {"conn":{"at":"t1","cl":"ada"}}
            ! online
            > {"hb":{}}
            ! #1 ok
        "#]],
    );
}

#[test]
fn a_broker_without_room_says_so_before_it_is_asked() {
    check(
        Credentials::named("ada"),
        r#"
        open
        < {"connAck":{"st":7,"mg":"the server has 4 connections, the most allowed"}}
        "#,
        &expect![[r#"
            > {"auth":{"dt":{"client_name":"ada"}}}
            ! turned away: status 7 (not allowed): the server has 4 connections, the most allowed
        "#]],
    );
}
