//! The first command: who gets a session, and how the others are sent away.

use expect_test::expect;
use rialto_broker::{Broker, Connect, ConnectionKey, ConnectionProfile, Entry, Now, Settings};
use rialto_domain::{Admission, ClientId, Snapshot};
use rialto_wire::pubsubx::{Command, NAME_BYTES_MAX, decode};

use super::{
    super::{Session, TCP},
    world::{Rules, World, check, check_by},
};
use crate::{
    Dialects,
    tests::{
        authorizer::{TestAuthorizer, take},
        journal::TestJournal,
    },
};

#[test]
fn a_name_that_is_free_opens_a_session() {
    // P-11: whatever characters it has. P-41: a token is passed over.
    check(
        r"
        psx.ada > CONNECT ada
        psx.bob > CONNECT größe␊🦀 of no use here
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
        "#]],
    );
}

#[test]
fn what_comes_with_the_name_is_served_behind_the_answer() {
    // P-12, P-2: a client that does not wait gets more with its answer.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀PUBLISH a 1
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 1
        "#]],
    );
}

#[test]
fn any_other_beginning_closes_the_connection_without_an_answer() {
    // P-13, P-14: nor is anything carried out that comes with it.
    check(
        r#"
        psx.eve > CONNECT eve␀SUBSCRIBE a
        psx.a > SUBSCRIBE a␀CONNECT a␀PUBLISH a 1
        psx.b > CONNECT␀CONNECT b␀PUBLISH a 2
        psx.c > CONNECT␠␀PUBLISH a 3
        psx.d > PUBLISH a 4␀PUBLISH a 5
        psx.e > DISCONNECT␀CONNECT e
        psx.f > UNSUBSCRIBE a
        psx.g > connect g␀PUBLISH a 6
        psx.h > {"conn":{"cl":"h"}}
        psx.i > CONNECT  i
        "#,
        expect![[r#"
            0s psx.eve < OK: Conn accepted
            0s psx.a x protocol error
            0s psx.b x protocol error
            0s psx.c x protocol error
            0s psx.d x protocol error
            0s psx.e x protocol error
            0s psx.f x protocol error
            0s psx.g x protocol error
            0s psx.h x protocol error
            0s psx.i x protocol error
        "#]],
    );
}

#[test]
fn a_name_that_is_taken_is_refused_and_nothing_behind_it_is_carried_out() {
    // P-15, P-14: whoever has the name goes on.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.ada' > CONNECT ada␀PUBLISH a 1␀UNSUBSCRIBE a␀DISCONNECT␀CONNECT eve
        psx.eve > CONNECT eve␀PUBLISH a 2
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada' < ERROR: Name already taken
            0s psx.ada' x the session was refused
            0s psx.eve < OK: Conn accepted
            0s psx.ada < a 2
        "#]],
    );
}

#[test]
fn a_second_connect_is_ignored() {
    // P-17: with the same name, with another one, and with one that somebody else has.
    check(
        r"
        psx.bob > CONNECT bob
        psx.ada > CONNECT ada␀CONNECT ada␀CONNECT eve␀CONNECT bob␀CONNECT␀SUBSCRIBE a
        psx.eve > CONNECT eve␀PUBLISH a 1
        ",
        expect![[r#"
            0s psx.bob < OK: Conn accepted
            0s psx.ada < OK: Conn accepted
            0s psx.eve < OK: Conn accepted
            0s psx.ada < a 1
        "#]],
    );
}

#[test]
fn what_means_nothing_is_ignored_within_a_session() {
    // P-9, P-10, P-3 (as far as a script can write it).
    check(
        r"
        psx.ada > CONNECT ada␀HELLO␀subscribe a␀SUBSCRIBE␀UNSUBSCRIBE␀PUBLISH␀PUBLISH  a␀␊␀SUBSCRIBE a
        psx.ada > publish a 1␀PUBLISH a 2
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 2
        "#]],
    );
}

#[test]
fn a_session_is_not_closed_for_its_silence() {
    // P-18: for hours, while a client of JMQT is after 19 seconds.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        jmqt.joe online
        +7200s
        psx.bob > CONNECT bob␀PUBLISH a 1
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s jmqt.joe < {"connAck":{"st":1,"ts":15}}
            19s jmqt.joe x heartbeat timeout
            7200s psx.bob < OK: Conn accepted
            7200s psx.ada < a 1
        "#]],
    );
}

/// Gives a session a command where nobody needs a token.
fn give(
    session: &mut Session,
    command: Command<'_>,
    connection: ConnectionKey,
    broker: &mut Broker<Dialects>,
) {
    let decides = (&TestAuthorizer::new(true), &TestJournal::default() as &_);
    take(session, command, connection, broker, decides);
}

#[test]
fn a_name_that_leaves_no_room_for_the_answer_closes_the_connection() {
    // P-43, P-37.
    let longest = "n".repeat(NAME_BYTES_MAX);
    for (name, is_served) in [(longest.clone(), true), (format!("{longest}n"), false)] {
        let mut broker = Broker::new(
            Dialects::default(),
            Settings::default(),
            Snapshot::default(),
            Now::default(),
        );
        let connection = broker.open(ConnectionProfile::plain(TCP));
        let connect = format!("CONNECT {name}");
        let command = decode(connect.as_bytes());
        give(&mut Session::new(connection, true), command, connection, &mut broker);
        assert_eq!(broker.is_online(&name), is_served);
        assert_eq!(broker.is_closing(connection), !is_served);
    }
}

#[test]
fn a_name_is_free_as_soon_as_its_client_says_goodbye() {
    // P-32: before its connection has been closed.
    let mut broker =
        Broker::new(Dialects::default(), Settings::default(), Snapshot::default(), Now::default());
    let mut session = || {
        let profile = ConnectionProfile {
            resume_for: std::time::Duration::from_secs(60),
            ..ConnectionProfile::plain(TCP)
        };
        let connection = broker.open(profile);
        (connection, Session::new(connection, true))
    };
    let ((old, mut ada), (new, mut again)) = (session(), session());
    for message in ["CONNECT ada", "SUBSCRIBE a", "DISCONNECT"] {
        give(&mut ada, decode(message.as_bytes()), old, &mut broker);
    }
    give(&mut again, decode(b"CONNECT ada"), new, &mut broker);
    assert_eq!(broker.client_of(new), Some(&ClientId::from("ada")));
    assert!(broker.subscriptions(&"ada".into()).is_empty());
    broker.disconnect(old);
    assert!(broker.is_online("ada"), "the session that has the name goes on");
    let third = broker.open(ConnectionProfile::plain(TCP));
    assert_eq!(
        broker.connect(third, &Connect::transient(&"ada".into(), &Admission::default())),
        Ok(Entry::Refused)
    );
}

#[test]
fn what_happens_can_be_told() {
    // P-46.
    check_by(
        Rules { tells_all: true, ..Rules::default() },
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀PUBLISH a 1␀UNSUBSCRIBE a␀CONNECT ada␀HELLO␀SUBSCRIBE $x
        psx.ada' > CONNECT ada
        psx.ada drops
        psx.ada > CONNECT ada␀DISCONNECT␀SUBSCRIBE a
        psx.bob > CONNECT bob
        psx.bob drops
        +61s
        ",
        expect![[r#"
            ! Connected("ada")
            ! Subscribed { client: "ada", channel: "a" }
            ! Published { client: "ada", channel: "a" }
            ! Unsubscribed { client: "ada", channel: "a" }
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 1
            ! Refused("ada")
            0s psx.ada' < ERROR: Name already taken
            0s psx.ada' x the session was refused
            ! Restored("ada")
            ! Disconnected("ada")
            0s psx.ada < RESTORED ada
            0s psx.ada < ∅
            0s psx.ada x the client disconnected
            ! Connected("bob")
            0s psx.bob < OK: Conn accepted
            ! 60s: bob is forgotten
        "#]],
    );
}

#[test]
fn a_refusal_is_counted_as_one() {
    // P-15: and not as a connection without a session.
    let mut world = World::new(Rules::default());
    world.play("psx.ada > CONNECT ada");
    world.play("psx.ada' > CONNECT ada");
    assert_eq!(world.last_line(), "0s psx.ada' x the session was refused");
    assert_eq!((world.stats().rejected, world.stats().closed_silent), (1, 0));
}
