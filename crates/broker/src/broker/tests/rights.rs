//! What clients may do: when it is asked, what the denied are told, and how it changes.

use expect_test::expect;

use super::world::{World, check, check_with};
use rialto_domain::{Action, Reject};

use crate::Settings;

#[test]
fn one_without_rights_to_ask_may_do_everything_and_one_without_rules_nothing() {
    check(
        "
        ada: connect
        bob: connect may=
        ada: sub room | ada: pub room 1 id=a | ada: pub #bob 2 id=b | ada: pub $whoami 3 id=c
        bob: sub room | bob: pub room 1 id=d | bob: pub #ada 2 id=e | bob: pub $whoami 3 id=f
        ",
        expect![[r#"
            ada < connected 15
            bob < connected 15
            ada < subscribed room
            bob < push #bob 2 by ada
            ada < published c = {"client":"ada","connected_s":0}
            bob < subscribed room: Denied("no rule for sub:room")
            bob < published d: Denied("no rule for pub:room")
            bob < published e: Denied("no rule for direct:#ada")
            bob < published f: Denied("no rule for control:$whoami")
        "#]],
    );
}

#[test]
fn each_action_is_allowed_by_its_own_rule_only() {
    check(
        "
        bob: connect
        bob: sub room
        ada: connect may=pub:room
        ada: pub room 1 qos1 id=a | ada: pub room 2 | ada: pub hall 3 qos1 id=b
        ada: sub room | ada: pub #bob 4 id=c | ada: pub $time null id=d
        eve: connect may=sub:r*
        eve: sub room | eve: sub rum persistent | eve: sub hall | eve: sub vault persistent
        eve: pub room 5 qos1 id=e
        zoe: connect may=direct:#bob,control:$time
        zoe: pub #bob 6 id=f | zoe: pub #ada 7 id=g | zoe: pub #ada 8 qos1 id=h
        zoe: pub $time null id=i | zoe: pub $whoami null id=j | zoe: pub room 9
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed room
            ada < connected 15
            ada < published a
            bob < push room 1 by ada id l1
            ada < published b: Denied("no rule for pub:hall")
            bob < push room 2 by ada
            ada < subscribed room: Denied("no rule for sub:room")
            ada < published c: Denied("no rule for direct:#bob")
            ada < published d: Denied("no rule for control:$time")
            eve < connected 15
            eve < subscribed room
            eve < subscribed hall: Denied("no rule for sub:hall")
            eve < subscribed vault: Denied("no rule for sub:vault")
            eve < subscribed rum
            eve < published e: Denied("no rule for pub:room")
            zoe < connected 15
            bob < push #bob 6 by zoe
            zoe < published g: Denied("no rule for direct:#ada")
            zoe < published h: Denied("no rule for direct:#ada")
            zoe < published i = {"unix_ms":0}
            zoe < published j: Denied("no rule for control:$whoami")
        "#]],
    );
}

#[test]
fn a_publish_that_is_denied_leaves_no_trace() {
    // Neither is it kept as history, nor retained, nor stored.
    check(
        "
        bob: connect
        bob: sub vault persistent
        ada: connect may=pub:hall
        store: show
        ada: pub vault 1 qos1 retain id=a | ada: pub vault 2 retain | ada: pub vault 3
        server: past vault
        +100ms
        bob/2: connect
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed vault
            ada < connected 15
            ada < published a: Denied("no rule for pub:vault")
            past of vault: 
            store < put bob seen 0
            store < put ada seen 0
            bob x taken over by a newer connection of the same client
            bob/2 < connected 15
        "#]],
    );
}

#[test]
fn what_is_denied_is_counted_as_rejected() {
    let mut world = World::new(Settings::default());
    world.play(
        "
        ada: connect may=
        ada: sub room | ada: pub room 1 | ada: pub room 2 id=a | ada: pub $time null id=b
        ada: tell room 3 | ada: want room
        ",
    );
    expect![[r#"
        ada < connected 15
        ada < subscribed room: Denied("no rule for sub:room")
        ada < published a: Denied("no rule for pub:room")
        ada < published b: Denied("no rule for control:$time")
        ada : Denied("no rule for pub:room")
        ada : Denied("no rule for sub:room")
    "#]]
    .assert_eq(&world.take_transcript());
    // The sixth, which has no answer of the broker's, is its caller's to count.
    assert_eq!(world.broker.stats().rejected, 5);
}

#[test]
fn one_that_subscribes_without_an_answer_needs_a_session_a_topic_and_the_right() {
    check(
        "
        bob: connect
        cleo: open
        cleo: want room
        cleo: listen may=sub:r*
        cleo: want room | cleo: want hall | cleo: want #cleo | cleo: want $time
        bob: pub room 1 | bob: pub hall 2
        ",
        expect![[r#"
            bob < connected 15
            cleo : NotAllowed
            cleo : Denied("no rule for sub:hall")
            cleo : InvalidChannel
            cleo : InvalidChannel
            cleo < push room 1 by bob
        "#]],
    );
}

#[test]
fn one_that_subscribes_without_an_answer_has_the_usual_limit_of_subscriptions() {
    check_with(
        Settings { subscriptions_max: 1, ..Settings::default() },
        "
        cleo: listen
        cleo: want room | cleo: want hall | cleo: want room
        ",
        expect![[r#"
            cleo : TooManySubscriptions { limit: 1 }
        "#]],
    );
}

#[test]
fn that_the_channel_published_to_last_is_permitted_is_asked_once() {
    check(
        "
        bob: connect
        bob: sub room | bob: sub hall
        ada: connect may=pub:*
        ada: pub room 1 | ada: pub room 2 | ada: pub room 3 qos1 id=a
        server: asked
        ada: pub hall 4 | ada: pub hall 5 | ada: pub room 6
        server: asked
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed room
            bob < subscribed hall
            ada < connected 15
            bob < push room 1 by ada
            bob < push room 2 by ada
            ada < published a
            bob < push room 3 by ada id l1
            asked: pub:room
            bob < push hall 4 by ada
            bob < push hall 5 by ada
            bob < push room 6 by ada
            asked: pub:hall, pub:room
        "#]],
    );
}

#[test]
fn a_denied_publish_is_asked_each_time() {
    check(
        "
        bob: connect
        bob: sub room
        ada: connect may=
        ada: pub room 1 | ada: pub room 2 qos1 id=a
        server: asked
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed room
            ada < connected 15
            ada < published a: Denied("no rule for pub:room")
            asked: pub:room, pub:room
        "#]],
    );
}

#[test]
fn a_permission_is_asked_again_once_rights_are_renewed() {
    check(
        "
        bob: connect
        bob: sub room
        ada: connect may=pub:*
        ada: pub room 1 id=a
        server: renew ada pub:room
        ada: pub room 2 id=b | ada: pub room 3 id=c
        server: asked
        server: renew ada sub:*
        ada: pub room 4 id=d | ada: pub $time null id=e
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed room
            ada < connected 15
            bob < push room 1 by ada
            bob < push room 2 by ada
            bob < push room 3 by ada
            asked: pub:room, pub:room
            ada < published d: Denied("no rule for pub:room")
            ada < published e: Denied("no rule for control:$time")
        "#]],
    );
}

#[test]
fn a_channel_that_comes_anew_is_asked_about_again() {
    // No history, so that the channel goes with its last subscriber.
    let mut settings = Settings::default();
    settings.history.count_max = 0;
    check_with(
        settings,
        "
        bob: connect
        bob: sub room
        ada: connect may=pub:room
        ada: pub room 1
        server: asked
        bob: unsub room
        bob: sub room
        ada: pub room 2
        server: asked
        ",
        expect![[r#"
            bob < connected 15
            bob < subscribed room
            ada < connected 15
            bob < push room 1 by ada
            asked: pub:room
            bob < unsubscribed room
            bob < subscribed room
            bob < push room 2 by ada
            asked: pub:room
        "#]],
    );
}

#[test]
fn renewed_rights_end_subscriptions_that_they_do_not_allow() {
    check(
        "
        bob: connect
        ada: connect may=sub:*
        ada: sub room | ada: sub hall | ada: sub vault persistent | ada: sub safe persistent
        store: show
        server: renew ada sub:room,sub:safe
        bob: pub room 1 | bob: pub hall 2 | bob: pub vault 3 qos1 id=c | bob: pub safe 4 qos1 id=d
        ada: disconnect
        ada: connect
        ada: pub $mySubscriptions null id=e
        ",
        expect![[r##"
            bob < connected 15
            ada < connected 15
            ada < subscribed room
            ada < subscribed hall
            ada < subscribed vault
            ada < subscribed safe
            store < unsubscribe ada vault
            store < drop log of vault
            ada < push room 1 by bob
            bob < published c
            store < append safe 4 by bob
            ada < push safe 4 by bob id 2-1
            bob < published d
            ada < connected 15
            store < read 1 to 1
            ada < push safe 4 by bob id 2-1
            ada < published e = {"channels":["safe"],"subscriptions":{"#ada":"persistent","safe":"persistent"}}
        "##]],
    );
}

#[test]
fn renewed_rights_end_subscriptions_that_are_under_way_and_none_twice() {
    check(
        "
        ada: connect may=sub:*
        ada: sub safe persistent
        store: show
        store: hold
        ada: sub vault persistent | ada: unsub safe
        server: renew ada pub:*
        store: go
        ada: pub $mySubscriptions null id=a
        server: renew ada control:*
        ada: pub $mySubscriptions null id=a
        ",
        expect![[r##"
            ada < connected 15
            ada < subscribed safe
            store < subscribe ada vault
            store < unsubscribe ada safe
            store < drop log of safe
            store < unsubscribe ada vault
            store < drop log of vault
            ada < subscribed vault
            ada < unsubscribed safe
            ada < published a: Denied("no rule for control:$mySubscriptions")
            ada < published a = {"channels":[],"subscriptions":{"#ada":"persistent"}}
        "##]],
    );
}

#[test]
fn renewed_rights_leave_what_the_server_made_and_the_client_s_own_channel() {
    check(
        "
        bob: connect
        ada: connect may=sub:* give=update,vault!
        server: sub ada room
        ada: sub hall
        bob: pub #ada 1 qos1 id=a
        ada: ack 2-1
        server: renew ada pub:*
        bob: pub update 2 | bob: pub vault 3 | bob: pub room 4 | bob: pub hall 5
        bob: pub #ada 6 qos1 id=b
        ",
        expect![[r#"
            bob < connected 15
            ada < connected 15
            ada < subscribed hall
            ada < push #ada 1 by bob id 2-1
            bob < published a
            ada < push update 2 by bob
            ada < push vault 3 by bob
            ada < push room 4 by bob
            ada < push #ada 6 by bob id 2-2
            bob < published b
        "#]],
    );
}

#[test]
fn one_whose_access_is_withdrawn_is_closed_and_not_waited_for() {
    let mut world = World::new(Settings::default());
    world.play(
        "
        bob: connect
        cleo: listen resume=60 may=sub:* give=room
        server: renew cleo
        ",
    );
    assert!(!world.broker.is_lost("cleo"));
    world.play(
        "
        bob: pub room 1
        cleo: listen resume=60
        bob: pub room 2
        ",
    );
    expect![[r#"
        bob < connected 15
        cleo : New
        cleo x access was withdrawn
        cleo : New
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn renewing_what_has_no_rights_or_is_gone_changes_nothing() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect\nada: sub room");
    let ada = world.broker.client_keys["ada"];
    world.round(|world| world.broker.renew_rights(ada));
    world.play("server: push room 1\nada: disconnect");
    world.round(|world| world.broker.renew_rights(ada));
    expect![[r#"
        ada < connected 15
        ada < subscribed room
        ada < push room 1 by server
    "#]]
    .assert_eq(&world.take_transcript());
}

#[test]
fn subscriptions_that_its_rights_do_not_allow_any_more_end_when_a_client_is_back() {
    // It gets nothing of what came for them, whether retained or stored.
    check(
        "
        bob: connect
        ada: connect
        ada: sub vault persistent | ada: sub safe persistent
        ada: disconnect
        bob: pub vault 1 qos1 id=a | bob: pub safe 2 qos1 id=b | bob: pub vault 3 retain
        ada: connect may=sub:safe
        bob: pub vault 4 qos1 id=c | bob: pub safe 5 qos1 id=d
        ada/2: connect
        ada/2: pub $mySubscriptions null id=e
        ",
        expect![[r##"
            bob < connected 15
            ada < connected 15
            ada < subscribed vault
            ada < subscribed safe
            bob < published a
            bob < published b
            ada < connected 15
            ada < push safe 2 by bob id 2-1
            bob < published c
            ada < push safe 5 by bob id 2-2
            bob < published d
            ada x taken over by a newer connection of the same client
            ada/2 < connected 15
            ada/2 < push safe 2 by bob id 2-1
            ada/2 < push safe 5 by bob id 2-2
            ada/2 < published e = {"channels":["safe"],"subscriptions":{"#ada":"persistent","safe":"persistent"}}
        "##]],
    );
}

#[test]
fn a_lost_client_that_is_back_gets_only_what_its_rights_still_allow() {
    check(
        "
        bob: connect
        cleo: listen resume=60
        cleo: want room | cleo: want hall
        cleo: disconnect
        bob: pub room 1 | bob: pub hall 2
        cleo: listen resume=60 may=sub:room
        bob: pub room 3 | bob: pub hall 4
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            cleo : Restored
            cleo < push room 1 by bob
            cleo < push room 3 by bob
        "#]],
    );
}

#[test]
fn one_that_is_admitted_again_goes_on_with_other_rights_and_subscriptions() {
    check(
        "
        bob: connect
        cleo: listen may=sub:*,pub:room
        cleo: want room | cleo: want hall
        cleo: tell room 1
        cleo: readmit may=sub:hall give=news
        cleo: tell room 2
        bob: pub room 3 | bob: pub hall 4 | bob: pub news 5
        cleo: readmit
        cleo: tell room 6
        ",
        expect![[r#"
            bob < connected 15
            cleo : Denied("no rule for pub:room")
            cleo < push hall 4 by bob
            cleo < push news 5 by bob
        "#]],
    );
}

#[test]
fn whether_a_client_may_see_the_history_of_a_channel_can_be_asked() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect may=history:r*\nbob: connect\neve: open");
    let may = |name: &str| {
        let history = |channel| world.broker.may(world.connection(name), Action::History, channel);
        (history("room"), history("hall"))
    };
    let denied = Err(Reject::Denied("no rule for history:hall".into()));
    assert_eq!(may("ada"), (Ok(()), denied));
    assert_eq!(may("bob"), (Ok(()), Ok(())), "without rights, everything");
}

#[test]
fn sessions_are_those_of_connections_and_of_lost_clients() {
    let mut world = World::new(Settings::default());
    world.play(
        "ada: connect\neve: open\ncleo: listen\nzoe: listen resume=60\nzoe: disconnect\n\
         bob: connect\nbob: disconnect",
    );
    let sessions = world.broker.sessions();
    assert_eq!(sessions, ["ada", "cleo", "zoe"].map(|name| world.broker.client_keys[name]));
}
