//! Publishers of numbered messages, and subscribers that write down what they get.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use rialto_testkit::PATIENCE;
use serde_json::{Value, json};

use super::{
    common::{Wire, acknowledge, frames, publish, publish_stored},
    coremq::Coremq,
};

/// The queue, or channel, that all is published to.
pub(crate) const QUEUE: &str = "numbers";

/// How long to listen for a client that may have nothing to hear.
const MOMENT: Duration = Duration::from_millis(5);

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Coremq,
    Jmqt,
    /// JMQT with QoS 1, which is stored where it is published and relayed like the rest.
    JmqtStored,
}

/// Numbers of messages, by their publisher.
pub(crate) type Numbers = BTreeMap<String, Vec<u64>>;

/// Sends messages with its name and a number that grows by one.
pub(crate) struct Publisher {
    name: String,
    manner: Manner,
    client: Client,
    sent: u64,
    /// Messages whose answers were not read yet.
    unanswered: u64,
}

/// Gets all that is published and writes it down.
pub(crate) struct Subscriber {
    name: String,
    client: Client,
    got: Numbers,
}

enum Client {
    Coremq(Box<Coremq>),
    Jmqt(Box<Wire>),
}

impl Manner {
    pub(crate) const ALL: [Manner; 3] = [Manner::Coremq, Manner::Jmqt, Manner::JmqtStored];

    fn connect(self, (jmqt, coremq): (SocketAddr, SocketAddr), name: &str) -> Client {
        match self {
            Manner::Coremq => Client::Coremq(Box::new(Coremq::connect(coremq))),
            _ => Client::Jmqt(Box::new(Wire::online(jmqt, name).unwrap())),
        }
    }
}

impl Publisher {
    pub(crate) fn new(manner: Manner, at: (SocketAddr, SocketAddr), name: String) -> Self {
        let client = manner.connect(at, &name);
        Publisher { name, manner, client, sent: 0, unanswered: 0 }
    }

    /// Returns its name and how many messages it has sent.
    pub(crate) fn sent(&self) -> (&str, u64) {
        (&self.name, self.sent)
    }

    /// Sends this many messages in one write, and waits for nothing.
    pub(crate) fn publish(&mut self, count: u64) {
        let numbers = self.sent + 1..=self.sent + count;
        self.sent += count;
        let payloads = numbers.map(|number| (number, json!({"from": self.name, "number": number})));
        match (&mut self.client, self.manner) {
            (Client::Coremq(client), _) => {
                client.send(payloads.map(|(_, payload)| (QUEUE, payload)));
                self.unanswered += count;
            }
            (Client::Jmqt(client), Manner::JmqtStored) => {
                let packets = payloads.map(|(id, payload)| publish_stored(QUEUE, payload, id));
                client.send_all(&frames(packets)).unwrap();
                self.unanswered += count;
            }
            (Client::Jmqt(client), _) => {
                let packets = payloads.map(|(_, payload)| publish(QUEUE, payload));
                client.send_all(&frames(packets)).unwrap();
            }
        }
    }

    /// Waits until its server has taken all messages.
    pub(crate) fn settle(&mut self) {
        match &mut self.client {
            Client::Coremq(client) => {
                for _ in 0..std::mem::take(&mut self.unanswered) {
                    assert_eq!(client.recv().1["response"], "OK: Message sent");
                }
            }
            Client::Jmqt(client) => {
                for _ in 0..std::mem::take(&mut self.unanswered) {
                    assert_eq!(client.next().unwrap()["pubAck"]["st"], 1);
                }
                client.send(r#"{"hb":{}}"#).unwrap();
                assert_eq!(client.next().unwrap(), json!({"hbAck": {}}));
            }
        }
    }
}

impl Subscriber {
    pub(crate) fn new(manner: Manner, at: (SocketAddr, SocketAddr), name: String) -> Self {
        let mut client = manner.connect(at, &name);
        match &mut client {
            Client::Coremq(client) => client.subscribe(QUEUE),
            Client::Jmqt(client) => client.subscribe(QUEUE).unwrap(),
        }
        Subscriber { name, client, got: Numbers::new() }
    }

    /// Returns what it has got so far, in the order it came.
    pub(crate) fn got(&self) -> &Numbers {
        &self.got
    }

    /// Reads until it has as many messages as `is_enough` asks for.
    pub(crate) fn read_until(&mut self, what: &str, mut is_enough: impl FnMut(&Numbers) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_enough(&self.got) {
            if !self.read_one(MOMENT) {
                let got = self.summary();
                assert!(Instant::now() < deadline, "{}: no {what}, but {got}", self.name);
            }
        }
    }

    /// Reads what is on its way from its server, all that was sent before an answer.
    pub(crate) fn read_rest(&mut self) {
        match &mut self.client {
            Client::Coremq(client) => {
                let id = client.id().to_owned();
                client.send([(&*id, json!({"coremq_status": true}))]);
            }
            Client::Jmqt(client) => client.send(r#"{"hb":{}}"#).unwrap(),
        }
        while self.read_one(PATIENCE) {}
    }

    /// Says how many it got of each publisher, with the first number out of order.
    pub(crate) fn summary(&self) -> String {
        let line = |(name, numbers): (&String, &Vec<u64>)| {
            let odd = numbers.iter().zip(1..).find(|&(&got, expected)| got != expected);
            format!("{} of {name}, odd: {odd:?}", numbers.len())
        };
        self.got.iter().map(line).collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Takes one message; says whether one came before an answer or the end of the time.
    fn read_one(&mut self, patience: Duration) -> bool {
        let Some(message) = self.client.next_within(patience) else { return false };
        let (Some(from), Some(number)) = (message["from"].as_str(), message["number"].as_u64())
        else {
            return false;
        };
        self.got.entry(from.to_owned()).or_default().push(number);
        true
    }
}

impl Client {
    fn next_within(&mut self, patience: Duration) -> Option<Value> {
        match self {
            Client::Coremq(client) => client.next_within(patience).map(|(_, object)| object),
            Client::Jmqt(client) => {
                let mut packet = client.next_within(patience).unwrap()?;
                if packet["push"]["q"] == 1 {
                    let id = packet["push"]["id"].as_str().unwrap();
                    client.send(acknowledge(id)).unwrap();
                }
                Some(packet["push"]["dt"].take())
            }
        }
    }
}
