//! What those are told who look at messages as they pass.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use expect_test::{Expect, expect};
use rialto_domain::ClientId;

use super::world::World;
use crate::{Decision, Happened, Passing, Reach, Settings, TailScope, TailSink};

/// Writes down what it is told.
#[derive(Debug)]
struct Notes {
    scope: TailScope,
    told: Mutex<String>,
}

impl Notes {
    fn of(channel: Option<&str>, client: Option<&str>) -> Arc<Self> {
        let scope =
            TailScope { channel: channel.map(str::to_owned), client: client.map(ClientId::from) };
        Arc::new(Notes { scope, told: Mutex::default() })
    }
}

impl TailSink for Notes {
    fn scope(&self) -> &TailScope {
        &self.scope
    }

    fn offer(&self, happened: &Happened<'_>) {
        let mut told = self.told.lock().unwrap();
        match happened {
            Happened::Dropped { client, count, .. } => {
                writeln!(told, "{count} to {client} dropped")
            }
            Happened::Message(Passing { channel, publisher, payload, decision, .. }) => {
                let payload = String::from_utf8_lossy(payload);
                writeln!(told, "{channel} {payload} by {publisher}: {}", became(decision))
            }
        }
        .unwrap();
    }
}

fn became(decision: &Decision<'_>) -> String {
    match decision {
        Decision::Refused(reject) => format!("refused: {reject}"),
        Decision::RetainedTo(client) => format!("retained to {client}"),
        Decision::ReplayedTo(client, sequence) => format!("replayed to {client} from {sequence}"),
        Decision::Routed(Reach { sent, waiting, stored, is_retained }) => {
            let stored = stored.map_or_else(String::new, |it| format!(", stored at {it}"));
            let retained = if *is_retained { ", retained" } else { "" };
            format!("sent to {sent}, waits for {waiting}{stored}{retained}")
        }
    }
}

#[track_caller]
fn check(channel: Option<&str>, client: Option<&str>, script: &str, expected: Expect) {
    let mut world = World::new(Settings::default());
    let notes = Notes::of(channel, client);
    world.broker.add_tail(notes.clone());
    world.play(script);
    expected.assert_eq(&notes.told.lock().unwrap());
}

#[test]
fn each_message_is_told_with_what_became_of_it() {
    check(
        None,
        None,
        "
        ada: connect
        bob: connect may=pub:room
        cleo: listen resume=60
        bob: pub room 1
        ada: sub room | cleo: want room
        bob: pub room 2 | ada: pub room 3
        cleo: disconnect
        bob: pub room 4
        bob: pub hall 5 qos1 id=7
        server: push room 6 retain
        server: relay room 7 by zoe from n3
        eve: connect
        eve: sub room
        ada: pub #eve 8 | ada: pub #zoe 9
        ",
        expect![[r#"
            room 1 by bob: sent to 0, waits for 0
            room 2 by bob: sent to 2, waits for 0
            room 3 by ada: sent to 1, waits for 0
            room 4 by bob: sent to 1, waits for 1
            hall 5 by bob: refused: no rule for pub:hall
            room 6 by : sent to 1, waits for 1, retained
            room 7 by zoe: sent to 1, waits for 1
            room 6 by : retained to eve
            #eve 8 by ada: sent to 1, waits for 0
            #zoe 9 by ada: refused: the client is offline
        "#]],
    );
}

#[test]
fn what_is_stored_is_told_of_once_the_store_has_answered() {
    check(
        Some("room"),
        None,
        "
        ada: connect
        ada: sub room persistent
        cleo: connect
        cleo: sub room persistent
        cleo: disconnect
        bob: connect
        store: hold
        bob: pub room 1 qos1 id=1 | bob: pub room 2 qos1 id=2
        bob: pub hall 3 qos1 id=3
        bob: pub room 4 qos1 id=4
        store: commit
        store: refuse
        store: go
        bob: pub room 5 qos1 id=5
        cleo: connect
        ",
        expect![[r#"
            room 1 by bob: sent to 1, waits for 1, stored at 1
            room 2 by bob: sent to 1, waits for 1, stored at 2
            room 4 by bob: refused: the server cannot store the message now; try again later
            room 5 by bob: sent to 1, waits for 1, stored at 3
            room 1 by bob: replayed to cleo from 1
            room 2 by bob: replayed to cleo from 2
            room 5 by bob: replayed to cleo from 3
        "#]],
    );
}

#[test]
fn of_a_client_all_is_told_that_it_sends_and_that_is_sent_to_it() {
    check(
        None,
        Some("ada"),
        "
        ada: connect may=sub:room,pub:hall
        bob: connect
        eve: connect
        bob: pub room 1 retain
        ada: sub room
        eve: sub hall
        bob: pub room 2
        ada: pub hall 3
        ada: pub room 4 id=1
        bob: pub hall 5
        bob: pub #ada 6
        bob: pub #eve 7
        ",
        expect![[r#"
            room 1 by bob: retained to ada
            room 2 by bob: sent to 1, waits for 0
            hall 3 by ada: sent to 1, waits for 0
            room 4 by ada: refused: no rule for pub:room
            #ada 6 by bob: sent to 1, waits for 0
        "#]],
    );
}

#[test]
fn a_gateways_client_is_known_by_its_own_name() {
    check(
        None,
        Some("zoe"),
        "
        gate: listen
        gate: tell room 1 for=zoe
        gate: tell room 2 for=tim
        ",
        expect![[r#"
            room 1 by gate: sent to 0, waits for 0
        "#]],
    );
}

#[test]
fn dropped_deliveries_are_told_to_those_that_look_at_the_client_or_at_all() {
    let mut world = World::new(Settings::default());
    world.play("ada: connect");
    let scopes = [(None, None), (None, Some("ada")), (None, Some("bob")), (Some("room"), None)];
    let notes = scopes.map(|(channel, client)| Notes::of(channel, client));
    let ids = notes.clone().map(|notes| world.broker.add_tail(notes));
    let ada = world.connection("ada");
    world.broker.tail_dropped(ada, 3);
    world.broker.tail_dropped(ada, 0);
    let told = notes.map(|notes| notes.told.lock().unwrap().clone());
    assert_eq!(told, ["3 to ada dropped\n", "3 to ada dropped\n", "", ""]);
    world.broker.remove_tail(ids[0]);
    let left = Notes::of(None, None);
    let id = world.broker.add_tail(left.clone());
    world.broker.remove_tail(id);
    world.broker.tail_dropped(ada, 1);
    assert_eq!(*left.told.lock().unwrap(), "");
}
