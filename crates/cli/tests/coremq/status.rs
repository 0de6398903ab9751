//! How the server is (C-23).

use rialto_testkit::{Peer, Transport};
use serde_json::json;

use crate::{connect, start};

#[test]
fn the_status_names_the_server_and_counts_connections() {
    // C-23: of all dialects together, whatever the value of the request.
    let broker = start(&["cluster.name=north"]);
    let mut ada = connect(&broker);
    let id = ada.id().to_owned();
    let status = |connections: u64| {
        json!({
            "coremq_fwdto": id, "master": "north", "replicants": [], "connections": connections
        })
    };
    for value in ["1", "0", "null", "true", "\"\"", "{}"] {
        let request = format!(r#"{{"coremq_status":{value}}}"#);
        assert_eq!(ada.ask("a", request), status(1), "{value}");
    }
    let bob = connect(&broker);
    let jmqt = Peer::online(&broker, Transport::WebSocket, "jmqt");
    assert_eq!(ada.ask("a", r#"{"coremq_status":1}"#), status(3));
    jmqt.leave();
    bob.hang_up();
    assert_eq!(ada.ask("a", r#"{"coremq_status":1}"#), status(1));
}
