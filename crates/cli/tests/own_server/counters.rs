//! The counters of a broker whose clients of all dialects read, read late, or vanish: what came in and
//! what became of it come out even.

use rialto_testkit::{Broker, CoremqPeer, Peer, PubsubxPeer, Transport, expect_even_sums};
use serde_json::{Value, json};

use super::{
    http::{Answer, ask},
    start, until,
};

const SETTINGS: &str = r#"
[[api.keys]]
name = "app"
key = "the-key-of-the-application"

[limits]
outbox_bytes_max = "128KiB"
packet_bytes_max = "64KiB"

[pubsubx]
resume_time = "5s"
"#;

const KEY: Option<&str> = Some("the-key-of-the-application");
/// Messages for a reader that sleeps: far more than its outbox and the buffers of the system hold.
const COUNT: u64 = 600;
const DATA_BYTES: usize = 32 << 10;

/// Returns the counters, whose sums come out even, without asking over a channel.
#[track_caller]
fn stats(broker: &Broker) -> Value {
    let stats = ask(broker, "GET /v1/stats", KEY, "").json();
    expect_even_sums(&stats);
    stats
}

#[track_caller]
fn expect(stats: &Value, counters: &[(&str, u64)]) {
    for (name, value) in counters {
        assert_eq!(stats[name], *value, "{name}: {stats:#}");
    }
}

/// Waits until nothing waits to be delivered any more.
#[track_caller]
fn at_rest(broker: &Broker) -> Value {
    until("nothing waits", || Some(stats(broker)).filter(|stats| stats["deliveries_waiting"] == 0))
}

fn post(broker: &Broker, message: &Value) -> Answer {
    ask(broker, "POST /v1/publish", KEY, &message.to_string())
}

#[test]
fn what_comes_in_by_any_door_is_received_and_then_published_or_refused() {
    let broker = start(SETTINGS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let mut mia = CoremqPeer::connect(&broker, Transport::Tcp);
    let mut zoe = PubsubxPeer::online(&broker, Transport::Tcp, "zoe");
    ada.subscribe("room");
    let before = stats(&broker);
    expect(&before, &[("received", 0), ("deliveries", 0)]);

    ada.ask(r#"{"pub":{"cn":"hall","dt":1,"q":1,"id":"1"}}"#);
    ada.ask(r#"{"pub":{"cn":"$time","id":"2"}}"#);
    mia.publish("room", json!({"n": 3}));
    assert!(ada.recv().to_string().contains('3'));
    zoe.send("PUBLISH room 4");
    assert!(ada.recv().to_string().contains('4'));
    assert_eq!(post(&broker, &json!({"channel": "room", "payload": 5})).status, 204);
    assert!(ada.recv().to_string().contains('5'));
    assert_eq!(post(&broker, &json!({"channel": "room", "payload": 6, "qos": 1})).status, 204);
    assert!(ada.recv().to_string().contains('6'));
    let taken = at_rest(&broker);
    expect(&taken, &[("received", 6), ("published", 6), ("publish_refused", 0)]);
    expect(&taken, &[("answered", 1), ("routed", 4), ("discarded", 1)]);
    expect(&taken, &[("deliveries", 4), ("delivered", 4), ("rejected", 0)]);

    ada.ask(r##"{"pub":{"cn":"#nobody","dt":1,"q":1,"id":"7"}}"##);
    ada.ask(r#"{"pub":{"cn":"$nothing","id":"8"}}"#);
    mia.expect_response("$time", r#"{"n":9}"#, "ERROR: the channel cannot be used this way");
    zoe.send("PUBLISH $time 10");
    assert_eq!(post(&broker, &json!({"channel": "#nobody", "payload": 11})).status, 409);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep = format!(r#"{{"channel":"room","payload":{deep}}}"#);
    assert_ne!(ask(&broker, "POST /v1/publish", KEY, &deep).status, 204);
    let refused = until("all were refused", || {
        Some(stats(&broker)).filter(|stats| stats["received"].as_u64() >= Some(11))
    });
    expect(&refused, &[("published", 6), ("delivered", 4)]);
    assert_eq!(refused["publish_refused"], refused["received"].as_u64().unwrap() - 6);
    assert_eq!(refused["rejected"], refused["publish_refused"]);
}

/// Somebody who sleeps, and at the end reads what there is for them.
trait Sleeper {
    /// Reads up to the answer to a question; returns how many messages came before.
    fn wake(&mut self) -> u64;
}

impl Sleeper for Peer {
    fn wake(&mut self) -> u64 {
        self.send(r#"{"pub":{"cn":"$time","id":"awake"}}"#);
        let mut count = 0;
        while self.recv().get("push").is_some() {
            count += 1;
        }
        count
    }
}

impl Sleeper for CoremqPeer {
    fn wake(&mut self) -> u64 {
        let (queue, question) = match self.transport().is_websocket() {
            true => ("", r#"{"corews_status":1}"#),
            false => ("-", r#"{"coremq_status":1}"#),
        };
        self.send(queue, question);
        let mut count = 0;
        while self.recv().1.get("connections").is_none() {
            count += 1;
        }
        count
    }
}

/// Publishes more than fits anywhere, never faster than `reader` reads it.
fn publish_much(broker: &Broker, reader: &mut Peer) {
    let mut bob = CoremqPeer::connect(broker, Transport::Tcp);
    let text = "x".repeat(DATA_BYTES);
    for n in 0..COUNT {
        bob.publish("room", json!({"n": n, "text": text}));
        assert_eq!(reader.recv()["push"]["dt"]["n"], n);
        if n % 100 == 0 {
            stats(broker);
        }
    }
}

#[test]
fn what_slow_readers_did_not_get_is_dropped_and_not_delivered() {
    let broker = start(SETTINGS);
    let mut reader = Peer::online(&broker, Transport::Tcp, "reader");
    reader.subscribe("room");
    let mut brief = PubsubxPeer::online(&broker, Transport::Tcp, "brief");
    brief.subscribe("room");
    let sleepers = Transport::ALL.map(|transport| {
        let mut jmqt = Peer::online(&broker, transport, &format!("asleep over {transport}"));
        jmqt.subscribe("room");
        let mut coremq = CoremqPeer::connect(&broker, transport);
        coremq.subscribe("room");
        (jmqt, coremq)
    });
    // By which the peer of PubSubX finds out that it is subscribed.
    let probes = at_rest(&broker)["delivered"].as_u64().unwrap();
    publish_much(&broker, &mut reader);
    let asleep = stats(&broker);
    assert!(asleep["dropped_slow"].as_u64() > Some(0), "{asleep:#}");
    assert!(asleep["deliveries_waiting"].as_u64() > Some(0), "{asleep:#}");
    // Larger than any message of PubSubX.
    expect(&asleep, &[("deliveries", 10 * COUNT + probes), ("dropped_dialect", COUNT)]);

    let wake = |(mut jmqt, mut coremq): (Peer, CoremqPeer)| jmqt.wake() + coremq.wake();
    let read: u64 = sleepers.into_iter().map(wake).sum();
    let awake = at_rest(&broker);
    expect(&awake, &[("delivered", COUNT + read + probes), ("dropped_slow", 8 * COUNT - read)]);
}

#[test]
fn what_waited_for_a_connection_that_vanished_is_not_delivered() {
    let broker = start(SETTINGS);
    let mut reader = Peer::online(&broker, Transport::Tcp, "reader");
    reader.subscribe("room");
    let vanishing = Transport::ALL.map(|transport| {
        let mut peer = Peer::online(&broker, transport, &format!("vanishing over {transport}"));
        peer.subscribe("room");
        peer
    });
    publish_much(&broker, &mut reader);
    let asleep = stats(&broker);
    let waiting = asleep["deliveries_waiting"].as_u64().unwrap();
    assert!(0 < waiting, "{asleep:#}");
    vanishing.into_iter().for_each(Peer::reset);
    let vanished = at_rest(&broker);
    let closed = vanished["dropped_closed"].as_u64().unwrap();
    assert!(0 < closed && closed <= waiting, "{closed} of {waiting}: {vanished:#}");
}

#[test]
fn what_waits_in_a_log_or_for_a_lost_client_is_counted_until_it_is_taken_or_given_up() {
    let broker = start(SETTINGS);
    let mut keeper = Peer::online(&broker, Transport::Tcp, "keeper");
    keeper.subscribe_for_good("vault");
    keeper.leave();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    for n in 0..5 {
        bob.ask(json!({"pub": {"cn": "vault", "dt": n, "q": 1, "id": "1"}}));
    }
    expect(&stats(&broker), &[("stored", 5), ("log_held", 5), ("deliveries", 0), ("routed", 5)]);

    // Sent twice, since the first five are not acknowledged: ten deliveries.
    let mut keeper = Peer::online(&broker, Transport::Tcp, "keeper");
    (0..5).for_each(|n| {
        keeper.expect(json!({"push": {"dt": n, "cn": "*", "cl": "*", "q": "*", "id": "*"}}))
    });
    keeper.hang_up();
    let mut keeper = Peer::online(&broker, Transport::Tcp, "keeper");
    for _ in 0..5 {
        let push = keeper.recv()["push"].take();
        keeper.send(json!({"pushAck": {"id": push["id"]}}));
    }
    let done =
        until("the log is empty", || Some(stats(&broker)).filter(|stats| stats["log_held"] == 0));
    expect(&done, &[("delivered", 10), ("acknowledged", 5), ("log_acknowledged", 5)]);

    let mut lena = PubsubxPeer::online(&broker, Transport::Tcp, "lena");
    lena.subscribe("room");
    let before = at_rest(&broker);
    lena.reset();
    until("she is lost", || (stats(&broker)["sessions_lost"] == 1).then_some(()));
    for n in 0..3 {
        bob.send(json!({"pub": {"cn": "room", "dt": n}}));
    }
    bob.ask(r#"{"pub":{"cn":"$time","id":"sent"}}"#);
    let (delivered, deliveries) = (&before["delivered"], before["deliveries"].as_u64().unwrap());
    let waiting = stats(&broker);
    expect(&waiting, &[("deliveries_waiting", 3), ("dropped_expired", 0)]);
    let given_up = at_rest(&broker);
    expect(&given_up, &[("dropped_expired", 3), ("deliveries", deliveries + 3)]);
    assert_eq!(&given_up["delivered"], delivered);
}
