//! Who may do what, and what channels take.

use rialto_testkit::{CoremqPeer, PubsubxPeer, Transport};
use serde_json::json;

use super::{TOKENS, online, start, status};

const RULES: &str = r#"
[[access.rules]]
name = "nobody speaks on news but staff"
group = "staff"
allow = ["publish"]
channels = ["news"]

[[access.rules]]
name = "news is for reading"
deny = ["publish"]
channels = ["news"]

[[access.rules]]
allow = ["publish", "subscribe", "history"]
channels = ["news", "of/{client}/*", "open"]

[[access.rules]]
client = "pump*"
allow = ["p2p", "control"]
channels = ["\#ada", "$whoami"]
"#;

fn rules() -> String {
    format!("{TOKENS}{}", RULES.replace("\\#", "#"))
}

#[test]
fn the_first_rule_that_fits_decides_and_the_client_is_told_which() {
    let broker = start(&rules());
    let mut ada = online(&broker, "ada");
    let mut bob = online(&broker, "bob");
    let mut pump = online(&broker, "pump");
    let publish = |channel: &str| json!({"pub": {"cn": channel, "dt": 1, "q": 1, "id": "1"}});

    assert_eq!(status(&ada.ask(publish("news")), "pubAck").0, 1);
    let (st, mg) = status(&bob.ask(publish("news")), "pubAck");
    assert_eq!(st, 7);
    assert!(mg.contains("rule 2") && mg.contains("news is for reading"), "{mg}");
    assert_eq!(status(&bob.ask(publish("of/bob/1")), "pubAck").0, 1);
    let (st, mg) = status(&bob.ask(publish("of/ada/1")), "pubAck");
    assert_eq!((st, mg.contains("no rule allows publishing")), (7, true), "{mg}");

    assert_eq!(status(&bob.ask(r#"{"sub":{"cn":"of/bob/x"}}"#), "subAck").0, 1);
    assert_eq!(status(&bob.ask(r#"{"sub":{"cn":"of/ada/x","pr":1}}"#), "subAck").0, 7);

    assert_eq!(status(&pump.ask(publish("#ada")), "pubAck").0, 1);
    assert_eq!(status(&pump.ask(publish("#bob")), "pubAck").0, 7);
    assert_eq!(status(&bob.ask(publish("#ada")), "pubAck").0, 7);
    let control = |name: &str| json!({"pub": {"cn": name, "dt": {}, "id": "2"}});
    assert_eq!(status(&pump.ask(control("$whoami")), "pubAck").0, 1);
    assert_eq!(status(&pump.ask(control("$stats")), "pubAck").0, 7);
    // Without an id there is nothing to answer to; it is not published either.
    bob.send(r#"{"pub":{"cn":"of/ada/x","dt":1}}"#);
    bob.expect_silence();
}

#[test]
fn rules_hold_in_coremq_under_the_name_of_the_token() {
    let broker = start(&rules());
    let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
    let options = json!({"coremq_options": {"client": "bob", "token": "token-of-bob"}});
    bob.expect_response("-", &options, "OK: Options set");
    bob.subscribe("of/bob/1");
    for (queue, request) in [
        ("-", json!({"coremq_subscribe": ["of/bob/2", "of/ada/1"]})),
        ("of/ada/1", json!({"n": 1})),
        ("-", json!({"coremq_gethistory": ["of/ada/1"]})),
    ] {
        let answer = bob.ask(queue, &request);
        let text = answer["response"].as_str().unwrap_or_default();
        assert!(text.starts_with("ERROR: ") && text.contains("not allowed"), "{request}: {answer}");
    }
    let answer = bob.ask("-", json!({"coremq_gethistory": ["of/bob/1"]}));
    assert!(answer["history"].is_object(), "{answer}");
}

#[test]
fn rules_hold_in_pubsubx_without_a_word_and_are_counted() {
    // It asks with a token that may see the counters.
    let counters = "[[access.rules]]\nallow = [\"control\"]\nchannels = [\"$stats\"]\n";
    let broker = start(&(rules() + counters));
    let mut ada = online(&broker, "ada");
    assert_eq!(status(&ada.ask(r#"{"sub":{"cn":"open"}}"#), "subAck").0, 1);
    let mut homer = PubsubxPeer::connect(&broker, Transport::Tcp);
    homer.send("CONNECT bob token-of-bob");
    homer.expect("OK: Conn accepted");
    homer.send("SUBSCRIBE of/ada/1");
    homer.send("PUBLISH of/ada/1 hello");
    homer.send("PUBLISH open hello");
    ada.expect(r#"{"push":{"cn":"open","dt":"hello","cl":"bob"}}"#);
    let stats = ada.ask(r#"{"pub":{"cn":"$stats","id":"1"}}"#);
    assert_eq!(stats["pubAck"]["dt"]["rejected"], 2, "{stats}");
}

#[test]
fn channels_take_what_their_rules_say() {
    let broker = start(
        "[[channels.rules]]\npattern = \"small\"\npayload_bytes_max = 64\n\
         [[channels.rules]]\npattern = \"slow*\"\npublish_rate_max = 2\n\
         [[channels.rules]]\npattern = \"loud\"\necho = true\n\
         [[channels.rules]]\npattern = \"short\"\nlog_messages_max = 1\n",
    );
    let mut ada = rialto_testkit::Peer::online(&broker, Transport::Tcp, "ada");
    let mut publish = |channel: &str, payload: &str| {
        let packet = json!({"pub": {"cn": channel, "dt": payload, "q": 1, "id": "1"}});
        status(&ada.ask(packet), "pubAck")
    };
    assert_eq!(publish("small", "x").0, 1);
    let (st, mg) = publish("small", &"x".repeat(100));
    assert_eq!((st, mg.contains("64 bytes")), (7, true), "{mg}");
    assert_eq!((publish("slow/1", "x").0, publish("slow/2", "x").0), (1, 1));
    let (st, mg) = publish("slow/3", "x");
    assert_eq!((st, mg.contains("more than 2 messages a second")), (7, true), "{mg}");
    assert_eq!(publish("swift", "x").0, 1);

    ada.subscribe("loud");
    ada.send(r#"{"pub":{"cn":"loud","dt":1}}"#);
    ada.expect(r#"{"push":{"cn":"loud","dt":1,"cl":"ada"}}"#);
    let mut bob = rialto_testkit::Peer::online(&broker, Transport::Tcp, "bob");
    bob.subscribe_for_good("short");
    bob.leave();
    let stored = |id: &str| json!({"pub": {"cn": "short", "dt": 1, "q": 1, "id": id}});
    assert_eq!(status(&ada.ask(stored("2")), "pubAck").0, 1);
    assert_eq!(status(&ada.ask(stored("3")), "pubAck").0, 5);
}
