//! TLS, and tokens where the server asks for them (P-11, P-13 to P-16).

use std::io::Read as _;

use rialto_testkit::{PubsubxPeer, Transport};

use crate::{check_serves, start};

/// Settings of a server that serves only those who have a token.
const TOKENS: [&str; 2] =
    ["access.mode=tokens", r#"access.tokens=[{client="pump",token="secret"}]"#];

#[test]
fn a_listener_that_requires_tls_serves_nobody_without() {
    // P-14: nothing is said in plain, and nothing done.
    let broker = start(&["limits.authenticate_timeout=300ms"]);
    let address = broker.address_of("pubsubx-tls");
    let mut ada = PubsubxPeer::try_connect(&broker, address, Transport::Tcp).unwrap();
    ada.send("CONNECT ada");
    let mut said = Vec::new();
    _ = ada.socket().read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("OK"), "{said}");
    PubsubxPeer::online(&broker, Transport::Tls, "ada").leave();
    check_serves(&broker);
}

#[test]
fn a_server_with_tokens_wants_them_behind_the_name() {
    // P-14, P-16. Guessing is slowed down elsewhere.
    let broker = start(&[TOKENS[0], TOKENS[1], "access.failed_attempts_max=1000"]);
    for transport in Transport::SOCKETS {
        for first in [
            "CONNECT pump",
            "CONNECT pump ",
            "CONNECT pump Secret",
            "CONNECT pump secret ",
            "CONNECT pump secretsecret",
            "CONNECT ada secret",
            "CONNECT ada",
        ] {
            let mut eve = PubsubxPeer::connect(&broker, transport);
            eve.send_all([first, "PUBLISH a 1"]);
            let word = eve.recv();
            assert!(word.starts_with("ERROR: "), "{first} was answered {word}");
            eve.expect_goodbye();
        }
        let mut pump = PubsubxPeer::online(&broker, transport, "pump secret");
        pump.subscribe("a");
        pump.leave();
    }
    let said = broker.log_lines().join("\n");
    assert!(!said.contains("ecret"), "a token is in the log: {said}");
}

#[test]
fn a_lost_client_needs_its_token_to_come_back() {
    // P-34, P-36
    let broker = start(&TOKENS);
    let mut pump = PubsubxPeer::online(&broker, Transport::Tls, "pump secret");
    pump.subscribe("a");
    pump.hang_up();
    let mut eve = PubsubxPeer::connect(&broker, Transport::Tcp);
    eve.send("CONNECT pump wrong");
    let word = eve.recv();
    assert!(word.starts_with("ERROR: "), "{word}");
    eve.expect_goodbye();
    let mut pump = PubsubxPeer::connect(&broker, Transport::Tcp);
    pump.send("CONNECT pump secret");
    pump.expect("RESTORED pump");
    pump.expect("a");
}
