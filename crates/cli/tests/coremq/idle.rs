//! Connections that say nothing stay: the protocol has no heartbeat.

use rialto_testkit::{CoremqPeer, Peer, Transport};
use serde_json::json;

use crate::{connect, launch};

#[test]
fn a_silent_connection_stays_while_a_silent_jmqt_client_is_closed() {
    // C-15: it ends when one of the two ends it.
    let broker = launch()
        .set("session.heartbeat_timeout=3s")
        .set("limits.authenticate_timeout=500ms")
        .start();
    let mut silent = Transport::ALL.map(|transport| {
        let mut peer = CoremqPeer::connect(&broker, transport);
        peer.subscribe("a");
        peer
    });
    // It was never heard at all.
    let mut mute = connect(&broker);
    let mut jmqt = Peer::online(&broker, Transport::Tcp, "jmqt");
    jmqt.expect_close();
    connect(&broker).publish("a", r#"{"n":1}"#);
    for peer in &mut silent {
        assert_eq!(peer.expect_message("a"), json!({"n": 1}));
        peer.expect_silence();
    }
    mute.expect_silence();
}
