//! Who may have all messages and publish in the name of others (C-50, C-51): a client that the
//! settings name, or an address where they say that it is enough.

use rialto_testkit::{Broker, CoremqPeer};
use serde_json::json;

use crate::{SENT, connect, launch, start};

const ATTACHED: &str = "OK: Replication request successful";
const REFUSED: &str = "ERROR: Not allowed to be a replicant";
const WITHOUT_TOKEN: &str = "ERROR: Not authenticated: set the options client and token first";

/// Everybody here is at a listed address; `pump` may do nothing.
const SETTINGS: &str = r#"
    [access]
    mode = "tokens"
    tokens = [{ client = "pump", token = "p" }, { client = "server", token = "s" }]
    rules = [{ deny = ["publish", "subscribe", "history"], client = "pump", channels = ["*"] },
             { allow = ["publish", "subscribe", "history"], channels = ["*"] }]
    [cluster]
    allowed_replicants = ["127.0.0.1"]
"#;

fn with_tokens(cluster: &str) -> Broker {
    launch().config(&format!("{SETTINGS}{cluster}")).start()
}

fn logged_in(broker: &Broker, client: &str, token: &str) -> CoremqPeer {
    let mut peer = connect(broker);
    let options = json!({"coremq_options": {"client": client, "token": token}});
    peer.expect_response("-", options, "OK: Options set");
    peer
}

#[test]
fn a_client_that_is_not_named_gets_nothing_and_publishes_as_nobody() {
    // C-50: whatever its address; who is named may, whatever its rules.
    let broker = with_tokens("replicants = [\"server\"]");
    let mut stranger = connect(&broker);
    stranger.expect_response("-", r#"{"coremq_replicant":"gamma:9999"}"#, WITHOUT_TOKEN);
    let mut pump = logged_in(&broker, "pump", "p");
    pump.expect_response("-", r#"{"coremq_replicant":"gamma:9999"}"#, REFUSED);

    let mut ada = logged_in(&broker, "server", "s");
    ada.subscribe("a");
    let forged = r#"{"n":1,"coremq_server":"gamma:9999","coremq_fwdto":"boss"}"#;
    let answer = pump.ask("a", forged);
    assert!(answer["response"].as_str().unwrap().starts_with("ERROR: "), "{answer}");
    ada.expect_silence();

    let mut server = logged_in(&broker, "server", "s");
    server.expect_response("-", r#"{"coremq_replicant":"east:6747"}"#, ATTACHED);
    server.send("a", r#"{"n":2,"coremq_server":"east:6747","coremq_fwdto":"ann"}"#);
    let (_, message) = ada.recv();
    assert_eq!((&message["n"], &message["coremq_sender"]), (&json!(2), &json!("ann")));
    ada.publish("b", r#"{"n":3}"#);
    assert_eq!(server.expect_message("b"), json!({"n": 3}));
    pump.expect_silence();
}

#[test]
fn whoever_is_named_no_more_is_closed_at_once_and_others_stay() {
    // C-50
    let broker = with_tokens("replicants = [\"server\", \"pump\"]");
    let mut server = logged_in(&broker, "server", "s");
    server.expect_response("-", r#"{"coremq_replicant":"east:6747"}"#, ATTACHED);
    let mut pump = logged_in(&broker, "pump", "p");
    pump.expect_response("-", r#"{"coremq_replicant":"west:6747"}"#, ATTACHED);
    broker.configure(&format!("{SETTINGS}replicants = [\"server\"]"));
    broker.hang_up();
    let word = pump.expect_last_word(0);
    assert!(word.contains("access was withdrawn"), "{word}");
    logged_in(&broker, "server", "s").publish("a", r#"{"n":1}"#);
    assert_eq!(server.expect_message("a"), json!({"n": 1}));

    // One that becomes another client has that one's right.
    let options = json!({"coremq_options": {"client": "pump", "token": "p"}});
    server.send("-", options);
    let word = server.expect_last_word(0);
    assert!(word.contains("access was withdrawn"), "{word}");
}

#[test]
fn an_original_gateway_attaches_without_a_token_where_the_settings_say_that_its_address_is_enough()
{
    // C-51: until they do not say so any more.
    let broker = with_tokens("replicants_by_address = true");
    let mut gateway = connect(&broker);
    gateway.expect_response("-", r#"{"coremq_subscribe":"a"}"#, WITHOUT_TOKEN);
    gateway.expect_response("-", r#"{"coremq_replicant":"gateway:9000"}"#, ATTACHED);
    let mut ada = logged_in(&broker, "server", "s");
    ada.subscribe("a");
    gateway.send("a", r#"{"n":1,"coremq_fwdto":"browser-1"}"#);
    let (queue, answer) = gateway.recv();
    assert_eq!((&*queue, answer), ("browser-1", json!({"response": SENT})));
    assert_eq!(ada.recv().1["n"], 1);
    gateway.recv();
    let mut early = connect(&broker);
    broker.configure(&format!("{SETTINGS}replicants = [\"server\"]"));
    broker.hang_up();
    let word = gateway.expect_last_word(0);
    assert!(word.contains("access was withdrawn"), "{word}");
    // Nor is it for one that had connected when it was.
    early.expect_response("-", r#"{"coremq_replicant":"gateway:9000"}"#, REFUSED);
    let mut late = connect(&broker);
    late.expect_response("-", r#"{"coremq_replicant":"gateway:9000"}"#, WITHOUT_TOKEN);
}

#[test]
fn in_open_mode_a_token_that_the_settings_name_is_enough_wherever_it_comes_from() {
    // C-50: and a name alone is not.
    let broker = start(&[
        r#"access.tokens=[{client="server",token="s"}]"#,
        r#"cluster.replicants=["server","ada"]"#,
    ]);
    let mut server = logged_in(&broker, "server", "s");
    server.expect_response("-", r#"{"coremq_replicant":"east:6747"}"#, ATTACHED);
    let mut eve = connect(&broker);
    eve.expect_response("-", r#"{"coremq_replicant":"ada"}"#, REFUSED);
}
