//! What rules say of channels: echo, limits of logs, of payloads and of how often one publishes.

use std::time::Duration;

use expect_test::expect;

use super::{
    count::channels,
    world::{World, check_with},
};
use crate::{ChannelRule, LogLimits, Settings};

fn rule(pattern: &str) -> ChannelRule {
    ChannelRule { pattern: pattern.to_owned(), ..ChannelRule::default() }
}

fn with_rules(channel_rules: Vec<ChannelRule>) -> Settings {
    Settings { channel_rules, heartbeat_timeout: Duration::from_secs(3600), ..Settings::default() }
}

#[test]
fn payloads_that_are_too_large_for_their_channel_are_refused() {
    check_with(
        with_rules(vec![ChannelRule { payload_bytes_max: Some(3), ..rule("s*") }]),
        "
        ada: connect
        ada: sub room | ada: sub small | ada: sub safe persistent
        bob: connect
        bob: pub small 123 id=a | bob: pub small 1234 id=b | bob: pub small 12345
        bob: pub safe 1234 qos1 id=c | bob: pub safe 123 qos1 id=d | bob: pub somewhere 1234 id=e
        bob: pub room 12345 id=f | bob: pub #ada 12345 id=g
        server: push small 12345
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed room
            ada < subscribed small
            ada < subscribed safe
            bob < connected 3600
            bob < published b: PayloadTooLarge { limit: 3 }
            ada < push small 123 by bob
            bob < published c: PayloadTooLarge { limit: 3 }
            bob < published e: PayloadTooLarge { limit: 3 }
            ada < push safe 123 by bob id 1-1
            bob < published d
            ada < push room 12345 by bob
            ada < push #ada 12345 by bob
            ada < push small 12345 by server
        "#]],
    );
}

#[test]
fn a_client_that_publishes_too_often_is_refused_until_time_has_passed() {
    check_with(
        with_rules(vec![ChannelRule { publish_rate_max: Some(2), ..rule("s*") }]),
        "
        ada: connect
        ada: sub small | ada: sub safe persistent
        bob: connect
        bob: pub small 1 id=a | bob: pub small 2 id=b | bob: pub small 3 id=c | bob: pub small 4
        bob: pub room 5 id=d
        +500ms
        bob: pub safe 6 qos1 id=e | bob: pub safe 7 qos1 id=f
        +1s
        bob: pub small 8 | bob: pub safe 9 qos1 id=g | bob: pub somewhere 10 id=h
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed small
            ada < subscribed safe
            bob < connected 3600
            bob < published c: TooFast { limit: 2 }
            ada < push small 1 by bob
            ada < push small 2 by bob
            bob < published f: TooFast { limit: 2 }
            ada < push safe 6 by bob id 1-1
            bob < published e
            bob < published h: TooFast { limit: 2 }
            ada < push small 8 by bob
            ada < push safe 9 by bob id 1-2
            bob < published g
        "#]],
    );
}

#[test]
fn each_client_and_each_rule_has_its_own_rate_and_the_server_none() {
    check_with(
        with_rules(vec![
            ChannelRule { publish_rate_max: Some(1), ..rule("a*") },
            ChannelRule { publish_rate_max: Some(1), ..rule("b*") },
        ]),
        "
        ada: connect
        ada: pub a1 1 id=a | ada: pub a2 2 id=b | ada: pub b1 3 id=c | ada: pub b2 4 id=d
        bob: connect
        bob: pub a1 5 id=e | bob: pub a1 6 id=f
        server: push a1 7 | server: push a1 8
        ",
        expect![[r#"
            ada < connected 3600
            ada < published b: TooFast { limit: 1 }
            ada < published d: TooFast { limit: 1 }
            bob < connected 3600
            bob < published f: TooFast { limit: 1 }
        "#]],
    );
}

#[test]
fn a_message_that_is_denied_or_too_large_takes_nothing_of_the_rate() {
    check_with(
        with_rules(vec![ChannelRule {
            publish_rate_max: Some(1),
            payload_bytes_max: Some(1),
            ..rule("*")
        }]),
        "
        ada: connect may=pub:room
        ada: pub hall 1 id=a | ada: pub room 12 id=b | ada: pub room 3 id=c | ada: pub room 4 id=d
        ",
        expect![[r#"
            ada < connected 3600
            ada < published a: Denied("no rule for pub:hall")
            ada < published b: PayloadTooLarge { limit: 1 }
            ada < published d: TooFast { limit: 1 }
        "#]],
    );
}

#[test]
fn rules_say_where_publishers_hear_themselves_and_those_who_chose_are_not_asked() {
    check_with(
        with_rules(vec![ChannelRule { echo: Some(true), ..rule("e*") }]),
        "
        ada: connect
        ada: sub echo | ada: sub room
        ada: pub echo 1 | ada: pub room 2 | ada: pub echo 3 qos1 id=a | ada: pub room 4 qos1 id=b
        ada: pub #ada 5 id=c
        cleo: listen give=echo,room
        cleo: tell echo 6 | cleo: tell room 7
        cleo: echo
        cleo: tell echo 8 | cleo: tell room 9
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed echo
            ada < subscribed room
            ada < push echo 1 by ada
            ada < published a
            ada < push echo 3 by ada id l1
            ada < published b
            ada < published c: ClientOffline
            ada < push echo 6 by cleo
            ada < push room 7 by cleo
            ada < push echo 8 by cleo
            cleo < push echo 8 by cleo
            ada < push room 9 by cleo
            cleo < push room 9 by cleo
        "#]],
    );
}

#[test]
fn echo_from_the_log_follows_the_rules_too() {
    // Both with the receiver there and when it catches up.
    check_with(
        with_rules(vec![ChannelRule { echo: Some(true), ..rule("e*") }]),
        "
        ada: connect
        ada: sub echo persistent | ada: sub room persistent
        ada: pub echo 1 qos1 id=a | ada: pub room 2 qos1 id=b
        ada: disconnect
        ada: connect window=1
        ada: pub echo 3 qos1 id=c | ada: pub room 4 qos1 id=d
        ada: ack 1-1
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed echo
            ada < subscribed room
            ada < push echo 1 by ada id 1-1
            ada < published a
            ada < published b
            ada < connected 3600
            ada < push echo 1 by ada id 1-1
            ada < published c
            ada < published d
            ada < push echo 3 by ada id 1-2
        "#]],
    );
}

#[test]
fn a_lost_client_gets_its_own_messages_where_a_rule_says_so() {
    // Those that were on their way when it was lost.
    let mut settings = with_rules(vec![ChannelRule { echo: Some(false), ..rule("r*") }]);
    settings.echo = true;
    check_with(
        settings,
        "
        bob: connect
        bob: sub echo persistent | bob: sub room persistent
        ada: connect resume=60
        ada: sub echo | ada: sub room
        store: hold
        ada: pub echo 1 qos1 id=a | ada: pub room 2 qos1 id=b
        ada: disconnect
        store: go
        server: push room 3
        ada/2: connect resume=60
        ",
        expect![[r#"
            bob < connected 3600
            bob < subscribed echo
            bob < subscribed room
            ada < connected 3600
            ada < subscribed echo
            ada < subscribed room
            bob < push echo 1 by ada id 1-1
            bob < push room 2 by ada id 2-1
            bob < push room 3 by server
            ada/2 < connected 3600 resumed
            ada/2 < push echo 1 by ada id l1
            ada/2 < push room 3 by server
        "#]],
    );
}

#[test]
fn rules_limit_logs_each_in_its_own_way() {
    let mut settings = with_rules(vec![
        ChannelRule { log_messages_max: Some(1), ..rule("full") },
        ChannelRule { log_bytes_max: Some(3), log_drop_oldest: Some(true), ..rule("short") },
        ChannelRule { log_messages_max: Some(0), ..rule("free") },
    ]);
    settings.log = LogLimits { messages_max: 2, ..LogLimits::default() };
    check_with(
        settings,
        "
        ada: connect
        ada: sub full persistent | ada: sub short persistent | ada: sub free persistent
        ada: sub usual persistent
        ada: disconnect
        bob: connect
        bob: pub full 1 qos1 id=a
        bob: pub full 2 qos1 id=b
        bob: pub short 3 qos1 id=c
        bob: pub short 4 qos1 id=d
        bob: pub free 5 qos1 id=e
        bob: pub free 6 qos1 id=f
        bob: pub free 7 qos1 id=g
        bob: pub usual 8 qos1 id=h
        bob: pub usual 9 qos1 id=i
        bob: pub usual 10 qos1 id=j
        ada: connect
        ",
        expect![[r#"
            ada < connected 3600
            ada < subscribed full
            ada < subscribed short
            ada < subscribed free
            ada < subscribed usual
            bob < connected 3600
            bob < published a
            bob < published b: LogFull
            bob < published c
            bob < published d
            bob < published e
            bob < published f
            bob < published g
            bob < published h
            bob < published i
            bob < published j: LogFull
            ada < connected 3600
            ada < push full 1 by bob id 1-1
            ada < push short 4 by bob id 2-2
            ada < push free 5 by bob id 3-1
            ada < push free 6 by bob id 3-2
            ada < push free 7 by bob id 3-3
            ada < push usual 8 by bob id 4-1
            ada < push usual 9 by bob id 4-2
        "#]],
    );
}

#[test]
fn rules_say_how_old_messages_in_a_log_may_become() {
    for (general, special, left) in [
        (0, Some(2), ["usual"].as_slice()),
        (2, Some(0), &["special"]),
        (2, None, &[]),
        (0, None, &["special", "usual"]),
    ] {
        let log_age_max = special.map(Duration::from_secs);
        let mut settings = with_rules(vec![ChannelRule { log_age_max, ..rule("special") }]);
        settings.log.age_max = Duration::from_secs(general);
        let mut world = World::new(settings);
        world.play(
            "
            ada: connect
            ada: sub special persistent | ada: sub usual persistent
            ada: disconnect
            bob: connect
            bob: pub special 1 qos1 id=a | bob: pub usual 2 qos1 id=b
            +3s
            ",
        );
        let counts = channels(&world.broker).into_iter();
        let full: Vec<_> =
            counts.filter(|it| it.log_count > 0).map(|it| it.name.to_string()).collect();
        assert_eq!(full, left, "in general {general} s, on one channel {special:?}");
    }
}

#[test]
fn new_settings_hold_for_channels_that_are_there() {
    let mut world = World::new(with_rules(vec![]));
    world.play(
        "
        ada: connect
        ada: sub room | ada: sub vault persistent
        ada: pub room 1 id=a | ada: pub vault 12 qos1 id=b
        ",
    );
    world.reconfigure(|settings| {
        settings.channel_rules = vec![
            ChannelRule { echo: Some(true), payload_bytes_max: Some(1), ..rule("r*") },
            ChannelRule { log_messages_max: Some(1), ..rule("v*") },
        ];
    });
    world.play("ada: pub room 2 id=c | ada: pub room 34 id=d | ada: pub vault 5 qos1 id=e");
    world.reconfigure(|settings| settings.channel_rules.clear());
    world.play("ada: pub room 6 id=f | ada: pub room 78 id=g | ada: pub vault 9 qos1 id=h");
    expect![[r#"
        ada < connected 3600
        ada < subscribed room
        ada < subscribed vault
        ada < published b
        ada < published d: PayloadTooLarge { limit: 1 }
        ada < published e: LogFull
        ada < push room 2 by ada
        ada < published h
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn new_settings_leave_alone_what_is_passed_on_to_other_servers() {
    let mut world = World::new(Settings::default());
    world.play("n2: listen\nn2: observe");
    world.reconfigure(|settings| settings.replication.origin = 9);
    world.play("n2: observe run=9");
    expect![[r#"
        n2 : observes from 0
        n2 : observes from 0
    "#]]
    .assert_eq(&world.take_transcript());
    assert_eq!(world.broker.settings().replication.origin, 0);
}
