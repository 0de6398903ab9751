//! One round: a cluster, its clients, what happens to them, and what they saw of it.

use std::{
    fmt::Write as _,
    fs, io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rialto_testkit::PATIENCE;

use super::{
    checker::Checker,
    clients::{CHANNELS, Client, Habits, Progress},
    cluster::Cluster,
    common::Dice,
    history::{Channel, Name, Number, Record},
    schedule::{Trouble, What, schedule},
    session::{Heard, Session},
};

/// How often is looked at what is due.
const POLL: Duration = Duration::from_millis(20);

/// How long it may take until all is delivered, once nothing happens any more: leases end, connections are given up.
const CALM_MAX: Duration = Duration::from_secs(60);

/// How long a subscriber waits for what a channel retains.
const RETAINED_MAX: Duration = Duration::from_secs(10);

struct Round {
    cluster: Cluster,
    record: Record,
    progress: Arc<Progress>,
    clients: Vec<JoinHandle<()>>,
    publisher_count: usize,
}

/// Runs a round of so many seconds; says whether this machine permits it.
///
/// # Panics
/// When a promise is broken.
pub(crate) fn run(seed: u64, seconds: u64) -> bool {
    let mut dice = Dice::new(seed);
    let node_count = dice.within(2..4) as usize;
    let troubles = schedule(&mut dice, Duration::from_secs(seconds), node_count);
    let record = Record::begin();
    let Some(cluster) = Cluster::try_new(node_count, record.clone()) else { return false };
    let (progress, clients) = (Arc::default(), Vec::new());
    let mut round = Round { cluster, record, progress, clients, publisher_count: 0 };
    round.add_clients(seed);
    // Whatever does not begin is no better for what would happen to it.
    if round.wait_until("all are subscribed", PATIENCE * 2, Round::is_ready) {
        round.storm(&troubles);
    }
    let findings = round.end();
    if !findings.is_empty() {
        round.keep(seed);
    }
    assert!(
        findings.is_empty(),
        "RIALTO_NEMESIS_SEED={seed}, {node_count} nodes, {troubles:#?}\n{}",
        findings.join("\n")
    );
    true
}

impl Round {
    fn add_clients(&mut self, seed: u64) {
        let (yes, no) = (true, Habits::default());
        let subscriber = Habits { subscribes: yes, ..no };
        let publisher = Habits { publishes: yes, ..no };
        let both = Habits { publishes: yes, subscribes: yes, ..no };
        let mover = Habits { moves: yes, ..both };
        let visitor = Habits { visits: yes, ..no };
        let all = [
            ("ada", subscriber),
            ("eve", subscriber),
            ("zoe", Habits { moves: yes, ..subscriber }),
            ("bob", publisher),
            ("tom", Habits { moves: yes, ..publisher }),
            ("max", mover),
            // Twins: two that fight for one id.
            ("kim", mover),
            ("kim", Habits { retires: yes, ..mover }),
            ("visitor", visitor),
        ];
        let watchers = (0..self.cluster.nodes.len())
            .map(|node| (format!("watcher{node}"), Habits { watches: Some(node), ..no }));
        let all = all.map(|(name, habits)| (name.to_owned(), habits)).into_iter().chain(watchers);
        for (actor, (name, habits)) in all.collect::<Vec<_>>().into_iter().enumerate() {
            self.publisher_count += usize::from(habits.publishes && !habits.retires);
            self.add_client(name.into(), habits, Dice::for_actor(seed, actor));
        }
    }

    fn add_client(&mut self, name: Name, habits: Habits, dice: Dice) {
        let client = Client {
            name,
            habits,
            nodes: self.cluster.nodes.iter().map(|node| node.address).collect(),
            dice,
            record: self.record.clone(),
            progress: self.progress.clone(),
            is_settled: false,
            subscribed: 0,
            visits: 0,
        };
        // Threads stay on the host on which they were started.
        let host = self.cluster.clients();
        self.clients.push(self.cluster.network.on(host, || thread::spawn(|| client.run())));
    }

    /// Keeps nodes running until something is so.
    fn wait_until(
        &mut self,
        what: &str,
        patience: Duration,
        is_so: impl Fn(&Round) -> bool,
    ) -> bool {
        let deadline = Instant::now() + patience;
        while !is_so(self) {
            if deadline < Instant::now() {
                self.cluster.findings.push(format!("not within {patience:?}: {what}"));
                return false;
            }
            self.cluster.supervise();
            thread::sleep(POLL);
        }
        true
    }

    /// All subscribers know of their subscriptions.
    fn is_ready(&self) -> bool {
        Checker::of(&self.record.events()).subscription_count() == 5 * CHANNELS.len()
    }

    /// Has everything happen.
    fn storm(&mut self, troubles: &[Trouble]) {
        let began = Instant::now();
        let begins = troubles.iter().map(|it| (it.at, true, it));
        let ends = troubles.iter().map(|it| (it.at + it.lasts, false, it));
        let mut turns: Vec<_> = begins.chain(ends).collect();
        turns.sort_by_key(|(at, ..)| *at);
        for (at, begins, trouble) in turns {
            while began.elapsed() < at {
                self.cluster.supervise();
                thread::sleep(POLL.min(at.saturating_sub(began.elapsed())));
            }
            if begins {
                self.cluster.begin(trouble.what, began + trouble.at + trouble.lasts);
            } else {
                self.cluster.end(trouble.what);
            }
        }
    }

    /// Waits until nothing is under way any more, and returns what is wrong.
    fn end(&mut self) -> Vec<String> {
        if self.cluster.findings.is_empty() {
            self.calm_down();
        }
        self.progress.is_over.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            if client.join().is_err() {
                self.cluster.findings.push("a client panicked, as said above".to_owned());
            }
        }
        self.cluster.look_into_logs();
        let findings = Checker::of(&self.record.events()).findings();
        std::mem::take(&mut self.cluster.findings).into_iter().chain(findings).collect()
    }

    fn calm_down(&mut self) {
        // What was cut twice, or stopped while it was to go on.
        for node in 0..self.cluster.nodes.len() {
            self.cluster.end(What::Stop(node));
        }
        self.cluster.network.heal_all();
        self.progress.is_calm.store(true, Ordering::Relaxed);
        self.wait_until("all publishers have a last message acknowledged", CALM_MAX, |round| {
            round.progress.settled_count.load(Ordering::Relaxed) == round.publisher_count
        });
        self.wait_until("all subscribers have all messages", CALM_MAX, |round| {
            Checker::of(&round.record.events()).missing().next().is_none()
        });
        let checker = Checker::of(&self.record.events());
        eprintln!("{:?}", checker.counts());
        self.check_retained(&checker);
    }

    /// All nodes give the same retained messages to whoever subscribes: those that stand last.
    fn check_retained(&mut self, checker: &Checker) {
        for node in 0..self.cluster.nodes.len() {
            for channel in CHANNELS {
                let expected = checker.retained(channel);
                let address = self.cluster.nodes[node].address;
                let name: Name = format!("reader of {channel} at {node}").into();
                let found = self.retained_at(address, &name, (channel, expected));
                if found != expected {
                    let finding =
                        format!("node {node} retains {found:?} on {channel}, not {expected:?}");
                    self.cluster.findings.push(finding);
                }
            }
        }
    }

    /// Returns what a node retains, once it serves: one that was taken for dead may be about to start again.
    fn retained_at(
        &mut self,
        address: SocketAddr,
        name: &Name,
        (channel, expected): (Channel, Option<Number>),
    ) -> Option<Number> {
        let deadline = Instant::now() + CALM_MAX;
        let host = self.cluster.clients();
        while Instant::now() < deadline {
            let read = || read_retained(address, name, &self.record, (channel, expected));
            if let Ok(found) = self.cluster.network.on(host, read) {
                return found;
            }
            self.cluster.supervise();
            thread::sleep(POLL);
        }
        self.cluster.findings.push(format!("{address} does not serve again"));
        None
    }

    /// Keeps what somebody needs who wants to know why.
    fn keep(&self, seed: u64) {
        let Some(directory) = std::env::var_os("RIALTO_NEMESIS_LOGS") else { return };
        let directory = PathBuf::from(directory).join(seed.to_string());
        self.cluster.keep_logs(&directory);
        let mut history = String::new();
        for (at, event) in self.record.events() {
            _ = writeln!(history, "{:.6} {event:?}", at.as_secs_f64());
        }
        fs::write(directory.join("history"), history).unwrap();
    }
}

fn read_retained(
    address: SocketAddr,
    name: &Name,
    record: &Record,
    (channel, expected): (Channel, Option<Number>),
) -> io::Result<Option<Number>> {
    let mut session = Session::open(address, name, record)?;
    session.subscribe(channel, false)?;
    let deadline = Instant::now() + if expected.is_some() { RETAINED_MAX } else { POLL };
    while Instant::now() < deadline {
        if let Some(Heard::Retained(number)) = session.listen(POLL)? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}
