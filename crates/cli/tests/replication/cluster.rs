//! Three servers, each on a host of its own, that all have the same list of nodes.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Launch, PATIENCE, expect_even_sums};
use serde_json::Value;

use super::{
    clients::{Manner, Numbers, Publisher, QUEUE, Subscriber},
    common::{Network, PROGRAM},
    coremq::Coremq,
};

/// Servers of a cluster.
pub(crate) const COUNT: usize = 3;

/// Port of the CoreMQ listener on every host.
const PORT: u16 = 6747;
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);

/// The servers, the network between them, and clients on their hosts.
pub(crate) struct Cluster {
    // First: servers end before their hosts.
    servers: Vec<Option<Broker>>,
    pub(crate) network: Network,
    pub(crate) publishers: Vec<(usize, Publisher)>,
    pub(crate) subscribers: Vec<(usize, Subscriber)>,
}

/// Returns how a server names itself in messages and in logs.
pub(crate) fn name_of(server: usize) -> String {
    format!("server{server}:{PORT}")
}

/// Returns the setting `cluster.nodes` with the servers' addresses.
pub(crate) fn nodes(servers: &[usize]) -> String {
    let addresses = servers.iter().map(|&server| Network::address(server));
    let quoted: Vec<_> = addresses.map(|address| format!("\"{address}\"")).collect();
    format!("cluster.nodes=[{}]", quoted.join(","))
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        thread::sleep(POLL);
    }
}

/// Starting and stopping.
impl Cluster {
    /// Makes the hosts, on which no server runs yet, if this machine permits it.
    pub(crate) fn try_new() -> Option<Self> {
        let network = Network::try_new(COUNT)?;
        let servers = (0..COUNT).map(|_| None).collect();
        Some(Cluster { servers, network, publishers: Vec::new(), subscribers: Vec::new() })
    }

    /// Starts all servers with these settings and waits until all are linked.
    pub(crate) fn try_start(settings: &[&str]) -> Option<Self> {
        let mut cluster = Cluster::try_new()?;
        for server in 0..COUNT {
            cluster.start(server, settings);
        }
        for (one, other) in cluster.network.pairs() {
            cluster.wait_linked(one, other);
            cluster.wait_linked(other, one);
        }
        Some(cluster)
    }

    /// Starts a server; what `settings` say goes before what all have in common.
    pub(crate) fn start(&mut self, server: usize, settings: &[&str]) {
        let common = [
            format!("cluster.name=server{server}"),
            nodes(&[0, 1, 2]),
            "access.open_beyond_loopback=true".to_owned(),
            "server.worker_threads=2".to_owned(),
            // Clients that wait for others send no heartbeats.
            "session.heartbeat_timeout=10m".to_owned(),
        ];
        let address = SocketAddr::new(Network::address(server), PORT);
        let launch = Launch::of(PROGRAM)
            .without_certificate()
            .listener_at("coremq", address)
            .set("listeners.coremq.dialect=coremq");
        let settings = common.iter().map(String::as_str).chain(settings.iter().copied());
        let launch = settings.fold(launch, |launch, setting| launch.set(setting));
        self.servers[server] = Some(self.network.on(server, || launch.start()));
    }

    /// Kills a server and starts it again; its clients are gone.
    pub(crate) fn restart(&mut self, server: usize) {
        self.publishers.retain(|(at, _)| *at != server);
        self.subscribers.retain(|(at, _)| *at != server);
        let broker = self.servers[server].as_mut().unwrap();
        self.network.on(server, || broker.restart());
    }

    pub(crate) fn server(&self, server: usize) -> &Broker {
        self.servers[server].as_ref().expect("the server was started")
    }
}

/// What servers say.
impl Cluster {
    /// Returns the log lines of a server that have this message.
    pub(crate) fn log(&self, server: usize, message: &str) -> Vec<Value> {
        let lines = self.server(server).log_lines();
        let entries = lines.iter().filter_map(|line| serde_json::from_str(line).ok());
        entries.filter(|entry: &Value| entry["message"] == message).collect()
    }

    /// Says how often the messages of `from` began to come in to `to`.
    pub(crate) fn link_count(&self, to: usize, from: usize) -> usize {
        let entries = self.log(to, "connected to a cluster node: its messages are received");
        entries.iter().filter(|entry| entry["server"] == *name_of(from)).count()
    }

    /// Says how often `to` lost the link over which it had messages of `from`.
    pub(crate) fn loss_count(&self, to: usize, from: usize) -> usize {
        let host = Network::address(from).to_string();
        self.log(to, "the connection to a cluster node was lost: reconnecting")
            .iter()
            .filter(|entry| entry["host"] == *host)
            .count()
    }

    pub(crate) fn wait_linked(&self, to: usize, from: usize) {
        let what = format!("messages of {} come in to {}", name_of(from), name_of(to));
        wait_until(&what, || self.link_count(to, from) > self.loss_count(to, from));
    }

    /// Waits until all connections over cables that are cut have been given up.
    pub(crate) fn wait_for_losses(&self) {
        for (one, other) in self.network.cut_pairs() {
            for (to, from) in [(one, other), (other, one)] {
                wait_until("the link is given up", || {
                    self.link_count(to, from) == self.loss_count(to, from)
                });
            }
        }
    }

    /// Returns one of a server's counters.
    pub(crate) fn stat(&self, server: usize, name: &str) -> u64 {
        self.network.on(server, || self.server(server).stat(name))
    }

    /// Returns the history of the queue, as a server gives it.
    pub(crate) fn history(&self, server: usize) -> Value {
        self.coremq(server, server).histories(&[QUEUE])[QUEUE].take()
    }
}

/// Clients.
impl Cluster {
    /// Connects a CoreMQ client on a host to a server.
    pub(crate) fn coremq(&self, host: usize, server: usize) -> Coremq {
        let (_, coremq) = self.addresses(server);
        self.network.on(host, || Coremq::connect(coremq))
    }

    /// Adds a publisher on a server's host.
    pub(crate) fn add_publisher(&mut self, server: usize, manner: Manner) {
        let name = format!("{manner:?}-publisher-{}-at-{server}", self.publishers.len());
        let at = self.addresses(server);
        let publisher = self.network.on(server, || Publisher::new(manner, at, name));
        self.publishers.push((server, publisher));
    }

    /// Adds a subscriber on a server's host.
    pub(crate) fn add_subscriber(&mut self, server: usize, manner: Manner) {
        let name = format!("{manner:?}-subscriber-{}-at-{server}", self.subscribers.len());
        let at = self.addresses(server);
        let subscriber = self.network.on(server, || Subscriber::new(manner, at, name));
        self.subscribers.push((server, subscriber));
    }

    /// Adds a publisher of each manner and a subscriber of each protocol to each server.
    pub(crate) fn add_all_clients(&mut self) {
        for server in 0..COUNT {
            for manner in [Manner::Coremq, Manner::Jmqt] {
                self.add_subscriber(server, manner);
            }
            for manner in Manner::ALL {
                self.add_publisher(server, manner);
            }
        }
    }

    /// Disconnects all clients and forgets what they sent and got.
    pub(crate) fn clear_clients(&mut self) {
        self.publishers.clear();
        self.subscribers.clear();
    }

    /// Has every publisher of these servers send this many messages, and waits for nothing.
    pub(crate) fn publish(&mut self, servers: &[usize], count: u64) {
        for (at, publisher) in &mut self.publishers {
            if servers.contains(at) {
                publisher.publish(count);
            }
        }
    }

    /// Waits until servers have taken all that was sent to them.
    pub(crate) fn settle(&mut self) {
        for (_, publisher) in &mut self.publishers {
            publisher.settle();
        }
    }

    /// Returns all numbers that publishers of these servers have sent.
    pub(crate) fn sent(&self, servers: &[usize]) -> Numbers {
        let publishers = self.publishers.iter().filter(|(at, _)| servers.contains(at));
        let sent = publishers.map(|(_, publisher)| publisher.sent());
        sent.filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name.to_owned(), (1..=count).collect()))
            .collect()
    }

    /// Returns how many messages publishers of these servers have sent.
    pub(crate) fn sent_count(&self, servers: &[usize]) -> u64 {
        self.sent(servers).values().map(|numbers| numbers.len() as u64).sum()
    }

    /// Waits until subscribers of `to` have all messages of publishers of `from`.
    pub(crate) fn wait_delivered(&mut self, to: &[usize], from: &[usize]) {
        self.settle();
        let expected = self.sent(from);
        for (at, subscriber) in &mut self.subscribers {
            if to.contains(at) {
                subscriber.read_until("end", |got| {
                    expected.iter().all(|(name, sent)| {
                        got.get(name).is_some_and(|got| sent.len() <= got.len())
                    })
                });
            }
        }
    }

    /// Shows that on each server what came in and what became of it come out even.
    fn expect_even_sums(&self) {
        for (at, server) in self.servers.iter().enumerate() {
            let server = server.as_ref().unwrap();
            expect_even_sums(&self.network.on(at, || server.stats()));
        }
    }

    /// Shows that every subscriber gets, or got, every message of all publishers once and in order,
    /// and nothing else; and that the servers' counters come out even.
    pub(crate) fn expect_all_delivered_once(&mut self) {
        let all: Vec<usize> = (0..COUNT).collect();
        self.wait_delivered(&all, &all);
        // A last round over all links: what came a second time would have come before it.
        self.publish(&all, 1);
        self.wait_delivered(&all, &all);
        let expected = self.sent(&all);
        for (_, subscriber) in &mut self.subscribers {
            subscriber.read_rest();
            assert!(
                subscriber.got() == &expected,
                "{}: {}",
                subscriber.name(),
                subscriber.summary()
            );
        }
        self.expect_even_sums();
    }

    /// Shows that every subscriber gets, or got, every message of all publishers once and in order,
    /// but for those that its server has counted as missed.
    pub(crate) fn expect_all_delivered_or_missed(&mut self) {
        let all: Vec<usize> = (0..COUNT).collect();
        self.settle();
        for (one, other) in self.network.pairs() {
            self.wait_linked(one, other);
            self.wait_linked(other, one);
        }
        // What is published last comes last, behind all that was missed.
        self.publish(&all, 1);
        self.settle();
        let expected = self.sent(&all);
        for (at, subscriber) in &mut self.subscribers {
            subscriber.read_until("last message of each", |got| {
                expected
                    .iter()
                    .all(|(name, sent)| got.get(name).is_some_and(|got| got.last() == sent.last()))
            });
            subscriber.read_rest();
            let got = subscriber.got();
            let summary = || format!("{}: {}", subscriber.name(), subscriber.summary());
            let in_order = |numbers: &Vec<u64>| numbers.is_sorted_by(|one, next| one < next);
            assert!(got.values().all(in_order), "{}", summary());
            let count = |numbers: &Numbers| numbers.values().map(Vec::len).sum::<usize>() as u64;
            let server = self.servers[*at].as_ref().unwrap();
            let missed = self.network.on(*at, || server.stat("relay_missed"));
            let (got_count, sent_count) = (count(got), count(&expected));
            assert_eq!(got_count + missed, sent_count, "{missed} missed; {}", summary());
        }
    }

    /// Waits until all servers have the same history, and returns it.
    pub(crate) fn expect_equal_histories(&self) -> Value {
        let histories = || (0..COUNT).map(|server| self.history(server)).collect::<Vec<_>>();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut found = histories();
            if found.windows(2).all(|two| two[0] == two[1]) {
                return found.swap_remove(0);
            }
            let texts: BTreeMap<_, _> = found.iter().map(Value::to_string).zip(0..).collect();
            assert!(Instant::now() < deadline, "histories differ: {texts:#?}");
            thread::sleep(POLL);
        }
    }

    fn addresses(&self, server: usize) -> (SocketAddr, SocketAddr) {
        let server = self.server(server);
        (server.address(), server.address_of("coremq"))
    }
}
