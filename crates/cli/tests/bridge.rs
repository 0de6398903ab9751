//! One message, said in one dialect and heard in all: what JMQT, CoreMQ and PubSubX make of each
//! other's values and channels (C-30, C-39, P-31).
//!
//! A dialect more is a variant of [`Dialect`], an arm in each of [`Endpoint`]'s methods and a column
//! of [`MESSAGES`].
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use rialto_testkit::{Broker, CoremqPeer, Launch, Peer, PubsubxPeer, Transport};
use serde_json::{Value, json};

use common::PROGRAM;

/// How a message is said: what stands where, and what stands for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Jmqt,
    Coremq,
    Gateway,
}

/// All ways to a broker, and how each says messages.
const WAYS: [(Dialect, Transport); 4] = [
    (Dialect::Jmqt, Transport::Tcp),
    (Dialect::Jmqt, Transport::WebSocket),
    (Dialect::Coremq, Transport::Tcp),
    (Dialect::Gateway, Transport::WebSocket),
];

/// A message: who can say it, how, and how it is heard by each. `=` is heard as it was said.
struct Message {
    said_by: &'static [Dialect],
    said: &'static str,
    jmqt: &'static str,
    coremq: &'static str,
    gateway: &'static str,
}

const ALL: &[Dialect] = &[Dialect::Jmqt, Dialect::Coremq, Dialect::Gateway];
const JMQT: &[Dialect] = &[Dialect::Jmqt];
const COREMQ: &[Dialect] = &[Dialect::Coremq, Dialect::Gateway];
const COREMQ_TCP: &[Dialect] = &[Dialect::Coremq];

const fn message(
    said_by: &'static [Dialect],
    said: &'static str,
    [jmqt, coremq, gateway]: [&'static str; 3],
) -> Message {
    Message { said_by, said, jmqt, coremq, gateway }
}

/// Returns a value that JMQT alone can say, and what stands for it in both forms of CoreMQ.
const fn wrapped(said: &'static str, coremq: &'static str) -> Message {
    message(JMQT, said, ["=", coremq, coremq])
}

const SAME: [&str; 3] = ["=", "=", "="];

#[rustfmt::skip]
const MESSAGES: &[Message] = &[
    // Objects are the same for all.
    message(ALL, r#"{"n":1}"#, SAME),
    message(ALL, "{}", SAME),
    message(ALL, r#"{ "n" : 1 , "m":{ } }"#, SAME),
    message(ALL, r#"{"a":{"b":[1,{"c":[]},null,true,-1.5e3,"x"]},"":""}"#, SAME),
    message(ALL, r#"{"größer":"日本 😀","quoted":"\"\\\/\b\f\n\r\t","nul":"\u0000"}"#, SAME),
    message(ALL, r#"{"response":"OK","history":{},"error":"x","server":"y"}"#, SAME),
    message(ALL, r#"{"cn":"a","dt":1,"cl":"eve","id":"1","q":1,"rt":1}"#, SAME),
    message(ALL, r#"{"corews_":1,"Coremq_sender":1,"coremq":2}"#, SAME),
    message(ALL, r#"{"inner":{"coremq_sender":"eve","queue":"b"}}"#, SAME),

    // Other values are in an object for CoreMQ: texts as they are, the rest as JSON texts.
    wrapped(r#""hello""#, r#"{"coremq_string":"hello"}"#),
    wrapped(r#""""#, r#"{"coremq_string":""}"#),
    wrapped(r#""größer 日本 😀""#, r#"{"coremq_string":"größer 日本 😀"}"#),
    wrapped(r#""\"\\\/\b\f\n\r\t\u0000\u001f\u00e4\ud83d\ude00""#,
            r#"{"coremq_string":"\"\\/\b\f\n\r\t\u0000\u001fä😀"}"#),
    wrapped(r#""{\"n\":1}""#, r#"{"coremq_string":"{\"n\":1}"}"#),
    wrapped("7", r#"{"coremq_string":"7"}"#),
    wrapped("-0.5e-7", r#"{"coremq_string":"-0.5e-7"}"#),
    wrapped("true", r#"{"coremq_string":"true"}"#),
    wrapped("false", r#"{"coremq_string":"false"}"#),
    wrapped("null", r#"{"coremq_string":"null"}"#),
    wrapped("[]", r#"{"coremq_string":"[]"}"#),
    wrapped(r#"[ 1, "a b", { "ä" : null } ]"#, r#"{"coremq_string":"[1,\"a b\",{\"ä\":null}]"}"#),

    // A text of CoreMQ is a text.
    message(COREMQ, r#"{"coremq_string":"hello"}"#, [r#""hello""#, "=", "="]),
    message(COREMQ, r#"{"coremq_string":""}"#, [r#""""#, "=", "="]),
    message(COREMQ, r#"{"coremq_string":"7"}"#, [r#""7""#, "=", "="]),
    message(COREMQ, r#"{"coremq_string":"größer \"\u0000\ud83d\ude00"}"#,
            [r#""größer \"\u0000😀""#, "=", "="]),

    // Members that only servers give do not go from one to the other.
    message(ALL, r#"{"n":1,"coremq_sender":"eve","coremq_other":[1]}"#, [r#"{"n":1}"#; 3]),
    message(COREMQ, r#"{"coremq_string":"hello","coremq_sender":"eve"}"#,
            [r#""hello""#, r#"{"coremq_string":"hello"}"#, r#"{"coremq_string":"hello"}"#]),
    message(ALL, r#"{"\u0063oremq_sent":0,"n":1}"#, [r#"{"n":1}"#; 3]),

    // The gateway has the queue in the object: one of the message's own is left out there.
    message(JMQT, r#"{"queue":"b","n":1}"#, ["=", "=", r#"{"n":1}"#]),
    message(COREMQ_TCP, r#"{"queue":"b","n":1}"#, ["=", "=", r#"{"n":1}"#]),
];

/// Channels that every dialect can name.
const CHANNELS: [&str; 7] = ["a", "Grüße", "日本😀", "a.b/c", "a#b", "a$", "\"quoted\"\\"];

impl Message {
    /// Returns what somebody hears.
    fn heard_by(&self, dialect: Dialect, said_by: Dialect) -> Value {
        let heard = match dialect {
            // Within JMQT no name means anything.
            Dialect::Jmqt if said_by == Dialect::Jmqt => "=",
            Dialect::Jmqt => self.jmqt,
            Dialect::Coremq => self.coremq,
            Dialect::Gateway => self.gateway,
        };
        serde_json::from_str(if heard == "=" { self.said } else { heard }).unwrap()
    }
}

/// A client of any dialect.
enum Endpoint {
    Jmqt(Peer),
    Coremq(CoremqPeer),
}

impl Endpoint {
    fn connect(broker: &Broker, (dialect, transport): (Dialect, Transport), name: &str) -> Self {
        match dialect {
            Dialect::Jmqt => {
                let name = format!("{name} over {transport}");
                Endpoint::Jmqt(Peer::online(broker, transport, &name))
            }
            Dialect::Coremq | Dialect::Gateway => {
                Endpoint::Coremq(CoremqPeer::connect(broker, transport))
            }
        }
    }

    fn subscribe(&mut self, channel: &str) {
        match self {
            Endpoint::Jmqt(peer) => peer.subscribe(channel),
            Endpoint::Coremq(peer) => peer.subscribe(channel),
        }
    }

    /// Says a message, and waits until it was taken.
    fn say(&mut self, channel: &str, message: &str) {
        let name = Value::from(channel);
        match self {
            Endpoint::Jmqt(peer) => {
                peer.send(format!(r#"{{"pub":{{"cn":{name},"dt":{message}}}}}"#));
                peer.expect_silence();
            }
            Endpoint::Coremq(peer) => peer.publish(channel, message),
        }
    }

    /// Takes a message, which must be next.
    fn hear(&mut self, channel: &str) -> Value {
        match self {
            Endpoint::Jmqt(peer) => {
                let mut push = peer.recv()["push"].take();
                assert_eq!(push["cn"], channel, "{push}");
                push["dt"].take()
            }
            Endpoint::Coremq(peer) => peer.expect_message(channel),
        }
    }

    /// Takes a message as the bytes it came in.
    fn hear_text(&mut self) -> String {
        match self {
            Endpoint::Jmqt(peer) => peer.recv_text(),
            Endpoint::Coremq(peer) => peer.recv_text(),
        }
    }

    fn expect_silence(&mut self) {
        match self {
            Endpoint::Jmqt(peer) => peer.expect_silence(),
            Endpoint::Coremq(peer) => peer.expect_silence(),
        }
    }
}

fn start() -> Broker {
    Launch::of(PROGRAM).coremq().set("store.durability=os").start()
}

/// Has everybody listen to a channel, and somebody for each way speak on it.
fn all(broker: &Broker, channel: &str) -> (Vec<Endpoint>, Vec<Endpoint>) {
    let connect = |name| WAYS.map(|way| Endpoint::connect(broker, way, name)).into();
    let (publishers, mut subscribers): (_, Vec<Endpoint>) = (connect("pub"), connect("sub"));
    for subscriber in &mut subscribers {
        subscriber.subscribe(channel);
    }
    (publishers, subscribers)
}

#[test]
fn every_value_is_heard_by_everybody_whoever_says_it() {
    // C-28, C-30, C-37, C-39
    let broker = start();
    let (mut publishers, mut subscribers) = all(&broker, "a");
    for message in MESSAGES {
        for (way, publisher) in WAYS.iter().zip(&mut publishers) {
            if !message.said_by.contains(&way.0) {
                continue;
            }
            publisher.say("a", message.said);
            for (to, subscriber) in WAYS.iter().zip(&mut subscribers) {
                let heard = subscriber.hear("a");
                let expected = message.heard_by(to.0, way.0);
                assert_eq!(heard, expected, "{way:?} said {} to {to:?}", message.said);
            }
        }
    }
    for endpoint in publishers.iter_mut().chain(&mut subscribers) {
        endpoint.expect_silence();
    }
}

#[test]
fn every_channel_is_the_same_for_everybody() {
    // C-7, C-25, C-34: and no other.
    let broker = start();
    for channel in CHANNELS {
        let (mut publishers, mut subscribers) = all(&broker, channel);
        for publisher in &mut publishers {
            publisher.say(channel, r#"{"n":1}"#);
            publisher.say("elsewhere", r#"{"n":2}"#);
            for subscriber in &mut subscribers {
                assert_eq!(subscriber.hear(channel), json!({"n": 1}));
                subscriber.expect_silence();
            }
        }
    }
}

#[test]
fn numbers_keep_their_digits() {
    // C-28: whoever says and whoever hears them.
    let broker = start();
    let (mut publishers, mut subscribers) = all(&broker, "a");
    for digits in ["123456789012345678901234567890", "0.10000000000000000001", "1E+400", "-0.0"] {
        for publisher in &mut publishers {
            publisher.say("a", &format!(r#"{{"n":{digits}}}"#));
            for subscriber in &mut subscribers {
                let text = subscriber.hear_text();
                assert!(text.contains(&format!(r#""n":{digits}"#)), "{digits} came in {text}");
            }
        }
    }
}

#[test]
fn a_channel_that_coremq_cannot_name_is_for_others() {
    // C-7: its messages reach those who can, the gateway's clients not among them, and nobody is
    // disturbed.
    let broker = start();
    let mut others = WAYS.map(|way| Endpoint::connect(&broker, way, "other"));
    let [mut ada, mut bob] = ["ada", "bob"].map(|name| Endpoint::connect(&broker, WAYS[0], name));
    ada.subscribe("with blank");
    bob.say("with blank", "1");
    assert_eq!(ada.hear("with blank"), json!(1));
    for other in &mut others {
        if let Endpoint::Coremq(peer) = other {
            peer.send("-", r#"{"coremq_subscribe":"with blank"}"#);
            let (_, answer) = peer.recv();
            let text = answer["error"].as_str().or(answer["response"].as_str());
            assert!(text.is_some_and(|text| !text.starts_with("OK")), "{answer}");
        }
        other.expect_silence();
    }
}

#[test]
fn a_retained_message_is_for_jmqt_and_the_history_for_coremq() {
    // C-22, C-29, J-82: each protocol has its own way to tell those who come late.
    let broker = start();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.send(r#"{"pub":{"cn":"a","dt":{"n":1},"rt":1}}"#);
    bob.expect_silence();
    let mut ada = Endpoint::connect(&broker, WAYS[0], "ada");
    ada.subscribe("a");
    assert_eq!(ada.hear("a"), json!({"n": 1}));
    for way in &WAYS[2..] {
        let mut late = CoremqPeer::connect(&broker, way.1);
        late.subscribe("a");
        late.expect_silence();
        let answer = late.ask("a", r#"{"coremq_gethistory":["a"]}"#);
        assert_eq!(answer["history"]["a"][0]["n"], 1, "{answer}");
    }
}

/// A value said in JMQT or CoreMQ, and the text that PubSubX makes of it.
const TEXTS: &[(&str, &str)] = &[
    (r#"{"n":1}"#, r#"{"n":1}"#),
    ("{}", "{}"),
    (r#"{ "n" : 1 , "m":{ } }"#, r#"{"n":1,"m":{}}"#),
    (r#""hello""#, "hello"),
    (r#""""#, ""),
    (r#""two  words\nand a line""#, "two  words\nand a line"),
    (r#""größer \"日本\" \ud83d\ude00 \\ \/""#, "größer \"日本\" 😀 \\ /"),
    ("7", "7"),
    ("-0.5e-7", "-0.5e-7"),
    ("true", "true"),
    ("null", "null"),
    (r#"[ 1, "a b", null ]"#, r#"[1,"a b",null]"#),
    (r#""ends in breaks\n\n""#, "ends in breaks\n\n"),
];

#[test]
fn every_pair_with_pubsubx_understands_each_other() {
    // P-31, C-30: a text is a text for all, whoever says it.
    let broker = Launch::of(PROGRAM).coremq().pubsubx().set("store.durability=os").start();
    let mut ada = PubsubxPeer::online(&broker, Transport::Tcp, "ada");
    for channel in CHANNELS {
        let (mut publishers, mut subscribers) = all(&broker, channel);
        ada.subscribe(channel);
        for (value, text) in TEXTS {
            for (way, publisher) in WAYS.iter().zip(&mut publishers) {
                let is_object = value.starts_with('{');
                if way.0 != Dialect::Jmqt && !is_object {
                    continue;
                }
                publisher.say(channel, value);
                ada.expect(format!("{channel} {text}"));
                for subscriber in &mut subscribers {
                    subscriber.hear(channel);
                }
            }
            ada.send(format!("PUBLISH {channel} {text}"));
            ada.expect(format!("{channel} {text}"));
            for (to, subscriber) in WAYS.iter().zip(&mut subscribers) {
                let heard = subscriber.hear(channel);
                let expected = match to.0 {
                    Dialect::Jmqt => json!(text),
                    _ => json!({"coremq_string": text}),
                };
                assert_eq!(heard, expected, "{text:?} came to {to:?}");
            }
        }
        ada.send(format!("UNSUBSCRIBE {channel}"));
        ada.expect_silence();
    }
}

#[test]
fn nothing_that_is_said_elsewhere_forges_a_message_of_pubsubx() {
    // P-31: neither a payload nor a channel's name, and what PubSubX cannot say is for others.
    let broker = Launch::of(PROGRAM).coremq().pubsubx().set("store.durability=os").start();
    let mut ada = PubsubxPeer::online(&broker, Transport::Tcp, "ada");
    let mut jay = Endpoint::connect(&broker, WAYS[0], "jay");
    let mut bob = Endpoint::connect(&broker, WAYS[0], "bob");
    let names = ["a", "with blank", "mark\n\nxb"];
    for name in names {
        jay.subscribe(name);
        ada.send(format!("SUBSCRIBE {name}"));
        ada.expect_silence();
    }
    for data in ["\n\nxa forged", "a\n\nxa forged\n\nx", "\n\nx", "a\n\n\nxb"] {
        for name in names {
            bob.say(name, &json!(data).to_string());
            assert_eq!(jay.hear(name), json!(data));
            ada.expect_silence();
        }
        // Within JSON it is escaped.
        let object = json!({"text": data}).to_string();
        bob.say("a", &object);
        ada.expect(format!("a {object}"));
        jay.hear("a");
    }
    for name in &names[1..] {
        bob.say(name, "1");
        jay.hear(name);
        ada.expect_silence();
    }
}
