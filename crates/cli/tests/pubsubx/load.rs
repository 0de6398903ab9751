//! Clients that are cut off and come back again and again, while clients of all dialects publish
//! (P-34 to P-36, P-38, P-40): every message is either delivered, once and in order, or counted as
//! dropped.

use std::{
    sync::{
        RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, CoremqPeer, PATIENCE, Peer, PubsubxPeer, Transport};
use serde_json::json;

use crate::{common::Dice, launch};

const PUBLISHERS: usize = 3;
const SUBSCRIBERS: usize = 4;
/// Messages of each publisher.
const COUNT: usize = 600;
/// Messages it publishes without letting anybody be cut off.
const BATCH: usize = 20;
/// Messages that a subscriber takes before it pauses, at most.
const STINT: u64 = 100;
/// How long it waits for one of them.
const LULL: Duration = Duration::from_millis(30);

/// What a subscriber has received.
#[derive(Debug, Default)]
struct Received {
    /// The number that comes next at the earliest, by publisher.
    next: [usize; PUBLISHERS],
    count: usize,
    cuts: usize,
    marks_sent: usize,
    marks_received: usize,
}

impl Received {
    /// Takes a message.
    fn take(&mut self, message: &str) {
        let data = message.strip_prefix("load ").unwrap();
        // One of CoreMQ is an object.
        let numbers = data.trim_start_matches(r#"{"n":""#).trim_end_matches(r#""}"#);
        let (publisher, n) = numbers.split_once(' ').unwrap();
        let (publisher, n): (usize, usize) = (publisher.parse().unwrap(), n.parse().unwrap());
        assert!(self.next[publisher] <= n, "{n} of {publisher} came after {:?}", self.next);
        self.next[publisher] = n + 1;
        self.count += 1;
    }

    /// Takes all that is on its way, while nobody publishes: a mark of the client's own comes behind
    /// it. One that finds no room among what is kept for it is dropped, and sent again.
    fn take_all(&mut self, peer: &mut PubsubxPeer, index: usize) {
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < PATIENCE {
            let Some(message) = peer.recv_within(LULL) else {
                self.marks_sent += 1;
                last = format!("{} {}", mark(index), self.marks_sent);
                peer.send(format!("PUBLISH {last}"));
                continue;
            };
            if !message.starts_with("mark-") {
                self.take(&message);
                continue;
            }
            self.marks_received += 1;
            if message == last {
                return;
            }
        }
        panic!("no mark comes through");
    }
}

/// What publishers and subscribers share.
struct Scene {
    broker: Broker,
    /// Publishers hold it for each batch, and a subscriber alone to be cut: what is under way to a
    /// connection when it is reset would be nobody's to count.
    gate: RwLock<()>,
    /// How many publishers are done.
    published: AtomicUsize,
}

impl Scene {
    /// Starts a broker with subscribers that are lost before anything is published.
    fn start(settings: &[&str]) -> Self {
        let launch = settings.iter().fold(launch().coremq(), |launch, it| launch.set(it));
        let broker = launch.start();
        for index in 0..SUBSCRIBERS {
            let mut peer = PubsubxPeer::online(&broker, Transport::Tcp, &name(index));
            peer.subscribe("load");
            peer.subscribe(&mark(index));
            peer.hang_up();
        }
        Scene { broker, gate: RwLock::default(), published: AtomicUsize::new(0) }
    }

    /// Lets all publish and receive; returns what each subscriber has received.
    fn play(&self) -> Vec<Received> {
        thread::scope(|scope| {
            let subscribers: Vec<_> = (0..SUBSCRIBERS)
                .map(|index| {
                    scope.spawn(move || self.subscribe(index, &mut Dice::for_actor(1, index)))
                })
                .collect();
            for publisher in 0..PUBLISHERS {
                scope.spawn(move || {
                    self.publish(publisher);
                    self.published.fetch_add(1, Ordering::Release);
                });
            }
            subscribers.into_iter().map(|it| it.join().unwrap()).collect()
        })
    }

    /// Publishes numbered messages as a client of some dialect, each when the broker has the last.
    fn publish(&self, publisher: usize) {
        let data = |n: usize| format!("{publisher} {n}");
        let each = |say: &mut dyn FnMut(usize)| {
            for first in (0..COUNT).step_by(BATCH) {
                let _open = self.gate.read().unwrap();
                (first..first + BATCH).for_each(&mut *say);
            }
        };
        match publisher {
            0 => {
                let mut peer = PubsubxPeer::online(&self.broker, Transport::Tls, "publisher");
                each(&mut |n| peer.publish("load", &data(n)));
                peer.leave();
            }
            1 => {
                let mut peer = Peer::online(&self.broker, Transport::WebSocket, "jmqt");
                each(&mut |n| {
                    peer.send(json!({"pub": {"cn": "load", "dt": data(n)}}));
                    peer.expect_silence();
                });
                peer.leave();
            }
            _ => {
                let mut peer = CoremqPeer::connect(&self.broker, Transport::Tcp);
                each(&mut |n| peer.publish("load", json!({"n": data(n)})));
                peer.hang_up();
            }
        }
    }

    /// Receives until all is over, cut off every now and then.
    fn subscribe(&self, index: usize, dice: &mut Dice) -> Received {
        let mut received = Received::default();
        let name = name(index);
        let transport = Transport::SOCKETS[index % 2];
        loop {
            let (mut peer, topics) = PubsubxPeer::back(&self.broker, transport, &name);
            assert_eq!(topics, ["load".to_owned(), mark(index)]);
            // Publishers, who would never have their turn otherwise, are waited for.
            let mut left = dice.within(1..STINT);
            let mut has_any = false;
            while 0 < left {
                match peer.recv_within(LULL) {
                    Some(message) => received.take(&message),
                    None if has_any || self.is_over() => break,
                    None => continue,
                }
                has_any = true;
                left -= 1;
            }
            let _closed = self.gate.write().unwrap();
            let is_over = self.is_over();
            received.take_all(&mut peer, index);
            if is_over {
                peer.leave();
                return received;
            }
            if dice.once_in(4) {
                peer.hang_up()
            } else {
                peer.reset()
            }
            received.cuts += 1;
            self.wait_until_lost(&name, received.cuts + 1);
        }
    }

    fn is_over(&self) -> bool {
        self.published.load(Ordering::Acquire) == PUBLISHERS
    }

    /// Waits until the log has told that often that a client is lost.
    fn wait_until_lost(&self, name: &str, times: usize) {
        let started = Instant::now();
        let is_it = |line: &String| line.contains("client lost") && line.contains(name);
        while self.broker.log_lines().iter().filter(|line| is_it(line)).count() < times {
            assert!(started.elapsed() < PATIENCE, "{name} is not lost");
            thread::yield_now();
        }
    }
}

fn mark(index: usize) -> String {
    format!("mark-{index}")
}

fn name(index: usize) -> String {
    format!("subscriber-{index}")
}

#[test]
fn with_room_enough_every_message_arrives_once_and_in_order() {
    let scene = Scene::start(&["session.resume_bytes_max=1MiB"]);
    let all = scene.play();
    for received in &all {
        eprintln!("{} messages, cut off {} times", received.count, received.cuts);
        assert_eq!((received.next, received.count), ([COUNT; PUBLISHERS], PUBLISHERS * COUNT));
    }
    // On a busy machine one of them may come too late to be cut.
    assert!(all.iter().any(|received| 0 < received.cuts));
    let dropped = ["dropped_absent", "dropped_slow"].map(|name| scene.broker.stat(name));
    assert_eq!(dropped, [0, 0]);
}

#[test]
fn with_little_room_every_message_arrives_or_is_counted_as_dropped() {
    for full in ["drop-oldest", "drop-newest"] {
        let full = format!("session.resume_full={full}");
        let scene = Scene::start(&["session.resume_bytes_max=512", &full]);
        let all = scene.play();
        let received: usize = all.iter().map(|received| received.count).sum();
        let marks: usize = all.iter().map(|it| it.marks_sent - it.marks_received).sum();
        let dropped = ["dropped_absent", "dropped_slow"].map(|name| scene.broker.stat(name));
        eprintln!("{full}: {received} were received and {dropped:?} dropped");
        assert!(0 < dropped[0] && 0 < received);
        let told = received as u64 + dropped.iter().sum::<u64>() - marks as u64;
        assert_eq!(told, (SUBSCRIBERS * PUBLISHERS * COUNT) as u64);
    }
}
