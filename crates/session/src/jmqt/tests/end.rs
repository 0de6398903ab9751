//! The end of a connection: `disconn`, and how each reason is told.

use std::{collections::BTreeSet, fmt::Write as _, fs, iter::successors};

use expect_test::expect;
use rialto_domain::CloseReason;
use rialto_wire::jmqt::Carrier;

use super::{super::Session, world::check};
use crate::{Dialect as _, close_code, close_text, tests::frames::packets};

/// Most bytes of the reason in a close frame (RFC 6455, 5.5: 125, two of them the code).
const CLOSE_TEXT_BYTES_MAX: usize = 123;

#[test]
fn a_goodbye_is_not_answered_and_ends_the_connection() {
    // J-102. J-15: its body may be null. What was asked before it is still answered.
    check(
        r#"
        ada online
        ada > {"disconn":{}}
        ada online
        ada > {"sub":{"cn":"room"}}␀{"disconn":null}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada x the client disconnected
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada x the client disconnected
        "#]],
    );
}

#[test]
fn nothing_behind_a_goodbye_is_acted_on() {
    // J-102: although it came with it.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        bob online
        bob > {"pub":{"cn":"room","dt":1}}
            ␀{"disconn":{}}
            ␀{"pub":{"cn":"room","dt":2}}
            ␀{"pub":{"cn":"room","dt":3,"q":1,"rt":1,"id":"3"}}
            ␀{"sub":{"cn":"log","pr":1}}
            ␀{"hb":{}}
            ␀{"conn":{"cl":"eve","at":"key of eve"}}
            ␀?
        ada > {"sub":{"cn":"room"}}
        bob online
        bob > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        "#,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
            0s bob x the client disconnected
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":{"#bob":"persistent"}}}}
        "##]],
    );
}

#[test]
fn a_session_of_its_own_ends_with_its_connection() {
    // J-103, J-104: others are unharmed.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        joe online
        joe > {"sub":{"cn":"room"}}
        ada > {"disconn":{}}
        bob online
        bob > {"pub":{"cn":"room","dt":1}}
        ada online
        bob > {"pub":{"cn":"room","dt":2}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s joe < {"connAck":{"st":1,"ts":15}}
            0s joe < {"subAck":{"st":1,"cn":"room"}}
            0s ada x the client disconnected
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s joe < {"push":{"cn":"room","dt":1,"cl":"bob"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s joe < {"push":{"cn":"room","dt":2,"cl":"bob"}}
        "#]],
    );
}

#[test]
fn each_reason_has_a_close_code_and_a_text_that_fits() {
    // J-5, J-10, J-44 and J-102 name some of them; the others are as RFC 6455, 7.4 has them. A peer
    // on a socket is told by a last packet what it could not tell otherwise.
    let mut all = String::new();
    for reason in reasons() {
        let (close_code, text) = (close_code(reason), close_text(reason));
        assert!(text.len() <= CLOSE_TEXT_BYTES_MAX, "{text}: {} bytes", text.len());
        // 1004 to 1006 and 1015 are never sent.
        assert!(matches!(close_code, 1000..=1003 | 1007..=1014), "{close_code}");
        writeln!(all, "{close_code} {text}").unwrap();
        for packet in Session::refusal(reason).iter().flat_map(|bytes| packets(Carrier::Tcp, bytes))
        {
            writeln!(all, "     {packet}").unwrap();
        }
    }
    expect![[r#"
        1000 asked: the client disconnected
        1000 ended: the connection ended
        1008 taken-over: taken over by a newer connection of the same client
             {"connAck":{"st":7,"rs":"taken-over","mg":"taken over by a newer connection of the same client"}}
        1000 silent: heartbeat timeout
        1008 not-authenticated: no session was opened in time
             {"connAck":{"st":7,"rs":"not-authenticated","mg":"no session was opened in time"}}
        1008 refused: the session was refused
             {"connAck":{"st":7,"rs":"refused","mg":"the session was refused"}}
        1009 packet-too-large: packet is larger than 18446744073709551615 bytes
             {"connAck":{"st":10,"rs":"packet-too-large","mg":"packet is larger than 18446744073709551615 bytes"}}
        1007 invalid-text: text message is not UTF-8
        1003 binary-message: binary messages are not accepted
        1002 framing-lost: no frame: its length is missing or wrong
        1002 protocol-error: protocol error
        1008 slow-consumer: slow consumer: 18446744073709551615 bytes are waiting to be read
             {"connAck":{"st":5,"rs":"slow-consumer","mg":"slow consumer: 18446744073709551615 bytes are waiting to be read"}}
        1008 too-many-unacknowledged: 4294967295 pushes are unacknowledged
             {"connAck":{"st":7,"rs":"too-many-unacknowledged","mg":"4294967295 pushes are unacknowledged"}}
        1013 too-many-connections: the server has 18446744073709551615 connections, the most allowed
             {"connAck":{"st":5,"rs":"too-many-connections","mg":"the server has 18446744073709551615 connections, the most allowed"}}
        1013 listener-full: this listener has 18446744073709551615 connections, the most allowed
             {"connAck":{"st":5,"rs":"listener-full","mg":"this listener has 18446744073709551615 connections, the most allowed"}}
        1013 too-many-from-address: 18446744073709551615 connections from this address are open, the most allowed
             {"connAck":{"st":5,"rs":"too-many-from-address","mg":"18446744073709551615 connections from this address are open, the most allowed"}}
        1008 removed: disconnected by the server
             {"connAck":{"st":7,"rs":"removed","mg":"disconnected by the server"}}
        1008 withdrawn: access was withdrawn
             {"connAck":{"st":7,"rs":"withdrawn","mg":"access was withdrawn"}}
        1001 shutting-down: the server is shutting down
             {"connAck":{"st":5,"rs":"shutting-down","mg":"the server is shutting down"}}
        1012 shutting-down: the server is shutting down: connect again, and another one may answer
             {"connAck":{"st":5,"rs":"shutting-down","mg":"the server is shutting down: connect again, and another one may answer"}}
        1011 crashed: the server crashed
             {"connAck":{"st":5,"rs":"crashed","mg":"the server crashed"}}
        1011 internal: internal error
             {"connAck":{"st":5,"rs":"internal","mg":"internal error"}}
    "#]].assert_eq(&all);
}

#[test]
fn a_client_is_told_in_the_specification_what_every_word_means() {
    // K-19, J-128
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let words: BTreeSet<_> = reasons().into_iter().map(CloseReason::word).collect();
    for (file, head) in [("spec/client.md", "  | word"), ("docs/webhooks.md", "| code | why the")] {
        let text = fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let table = text.lines().skip_while(|line| !line.starts_with(head)).skip(2);
        let rows = table.map(str::trim_start).take_while(|line| line.starts_with('|'));
        let told = rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split(','));
        let told: BTreeSet<_> = told.map(|word| word.trim().trim_matches('`')).collect();
        assert_eq!(told, words, "{file}");
    }
}

/// Returns every reason there is, with the largest numbers it can have: the compiler asks for the
/// place of a new one.
fn reasons() -> Vec<CloseReason> {
    let limit = usize::MAX;
    let next = |reason: &CloseReason| match reason {
        CloseReason::Asked => Some(CloseReason::Ended),
        CloseReason::Ended => Some(CloseReason::TakenOver),
        CloseReason::TakenOver => Some(CloseReason::Silent),
        CloseReason::Silent => Some(CloseReason::NotAuthenticated),
        CloseReason::NotAuthenticated => Some(CloseReason::Refused),
        CloseReason::Refused => Some(CloseReason::PacketTooLarge { limit }),
        CloseReason::PacketTooLarge { .. } => Some(CloseReason::InvalidText),
        CloseReason::InvalidText => Some(CloseReason::BinaryMessage),
        CloseReason::BinaryMessage => Some(CloseReason::FramingLost),
        CloseReason::FramingLost => Some(CloseReason::ProtocolError),
        CloseReason::ProtocolError => Some(CloseReason::SlowConsumer { limit }),
        CloseReason::SlowConsumer { .. } => {
            Some(CloseReason::TooManyUnacknowledged { limit: u32::MAX })
        }
        CloseReason::TooManyUnacknowledged { .. } => {
            Some(CloseReason::TooManyConnections { limit })
        }
        CloseReason::TooManyConnections { .. } => Some(CloseReason::ListenerFull { limit }),
        CloseReason::ListenerFull { .. } => Some(CloseReason::TooManyFromAddress { limit }),
        CloseReason::TooManyFromAddress { .. } => Some(CloseReason::Removed),
        CloseReason::Removed => Some(CloseReason::Withdrawn),
        CloseReason::Withdrawn => Some(CloseReason::ShuttingDown),
        CloseReason::ShuttingDown => Some(CloseReason::Draining),
        CloseReason::Draining => Some(CloseReason::Crashed),
        CloseReason::Crashed => Some(CloseReason::Internal),
        CloseReason::Internal => None,
    };
    successors(Some(CloseReason::Asked), next).collect()
}
