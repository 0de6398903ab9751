//! Status codes (J-71).

use rialto_testkit::{Peer, Transport};

use crate::start;

#[test]
fn each_status_means_the_same_everywhere() {
    // J-71: 5 when the store may not grow. 0 is for a gate that knows passwords; ours knows none.
    let broker = start(&["store.log_messages_max=1"]);
    let requests = [
        (1, r#"{"sub":{"cn":"room","pr":1}}"#),
        (1, r#"{"unsub":{"cn":"room"}}"#),
        (10, r#"{"sub":{"cn":7}}"#),
        (11, r#"{"sub":{"cn":"$stats"}}"#),
        (11, r##"{"unsub":{"cn":"#bob"}}"##),
        (1, r#"{"pub":{"cn":"$time","id":"1"}}"#),
        (11, r#"{"pub":{"cn":"$nothing","id":"1"}}"#),
        (8, r##"{"pub":{"cn":"#nobody","dt":1,"q":1,"id":"1"}}"##),
        (10, r#"{"pub":{"cn":"room","q":1,"id":"1"}}"#),
        (11, r#"{"pub":{"cn":"","dt":1,"q":1,"id":"1"}}"#),
        (10, r#"{"auth":{"dt":"?"}}"#),
        (1, r#"{"auth":{"dt":{"client_name":"eve"}}}"#),
        (10, r#"{"conn":{"at":"?"}}"#),
        (7, r#"{"conn":{"at":"?","cl":"eve"}}"#),
        (6, r#"{"conn":{"at":"?","cl":"ada"}}"#),
        (1, r#"{"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}"#),
        (5, r#"{"pub":{"cn":"log","dt":1,"q":1,"id":"2"}}"#),
    ];
    let mut early = Peer::connect(&broker, Transport::Tcp);
    assert_eq!(status(&mut early, r#"{"sub":{"cn":"room"}}"#), 7);
    assert_eq!(status(&mut early, r#"{"conn":{"at":"?","cl":"ada"}}"#), 6);
    let mut reader = Peer::online(&broker, Transport::Tcp, "reader");
    reader.subscribe_for_good("log");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    for (st, request) in requests {
        assert_eq!(status(&mut ada, request), st, "{request}");
    }
}

/// Sends a request and returns the status of its answer.
fn status(peer: &mut Peer, request: &str) -> u64 {
    let answer = peer.ask(request);
    let (_, body) = answer.as_object().unwrap().iter().next().unwrap();
    body["st"].as_u64().unwrap()
}
