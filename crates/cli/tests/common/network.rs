//! Hosts of the test's own: network namespaces, each pair connected by a cable that can be cut.
//!
//! A namespace lives as long as a process in it, which ends with the test however the test ends,
//! and takes the cables with it. Nothing outside of these namespaces is touched.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr},
    os::fd::AsFd as _,
    process::{Child, Command, Stdio},
    thread,
};

use rialto_testkit::leave_out;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// An address of hardware that no cable leads to.
const NOBODY: &str = "02:00:00:00:00:ff";

/// A cable that is slow: what waits longer than a third of a second is lost.
const SLOW: &str = "rate 256kbit burst 3000 limit 10000";

/// Hosts with a cable from each to each.
pub(crate) struct Network {
    hosts: Vec<Host>,
    cuts: BTreeMap<Pair, Cut>,
}

/// Two hosts, the lower number first.
pub(crate) type Pair = (usize, usize);

/// How a cable is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// What is sent disappears: neither end is told anything.
    Silent,
    /// The same, but only for what the host of the lower number sends.
    FromLower,
    /// The same for the other one.
    FromHigher,
    /// The interface of the host of the lower number is down, which it is told; the other only
    /// hears nothing any more.
    Down,
}

struct Host {
    keeper: Child,
    namespace: File,
}

impl Network {
    /// Makes hosts, or says that the test is left out.
    pub(crate) fn try_new(host_count: usize) -> Option<Self> {
        let hosts: Option<Vec<Host>> = (0..host_count).map(|_| Host::try_new()).collect();
        let Some(hosts) = hosts else {
            leave_out("network namespaces are not permitted here");
            return None;
        };
        let network = Network { hosts, cuts: BTreeMap::new() };
        for host in 0..host_count {
            network.ip(host, "link set lo up");
        }
        for (one, other) in network.pairs() {
            network.connect(one, other);
        }
        Some(network)
    }

    /// Returns a host's address.
    pub(crate) fn address(host: usize) -> IpAddr {
        Ipv4Addr::new(10, 77, 0, host as u8 + 1).into()
    }

    /// Iterates over all pairs of hosts.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Pair> + use<> {
        let count = self.hosts.len();
        (0..count).flat_map(move |one| (one + 1..count).map(move |other| (one, other)))
    }

    /// Iterates over the pairs whose cables are cut.
    pub(crate) fn cut_pairs(&self) -> impl Iterator<Item = Pair> {
        self.cuts.keys().copied()
    }

    /// Does something on one of the hosts. Sockets and processes stay there.
    pub(crate) fn on<T: Send>(&self, host: usize, act: impl FnOnce() -> T + Send) -> T {
        let namespace = self.hosts[host].namespace.as_fd();
        let enter_and_act = || {
            move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network)).unwrap();
            act()
        };
        let ended = thread::scope(|scope| scope.spawn(enter_and_act).join());
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Cuts the cable of a pair.
    pub(crate) fn cut(&mut self, pair: Pair, cut: Cut) {
        let pair = sorted(pair);
        self.heal(pair);
        match cut {
            Cut::Down => self.ip(pair.0, &format!("link set to{} down", pair.1)),
            _ => {
                for (here, there) in cut.silenced(pair) {
                    let address = Network::address(there);
                    let entry = format!("{address} lladdr {NOBODY} dev to{there} nud permanent");
                    self.ip(here, &format!("neighbour replace {entry}"));
                }
            }
        }
        self.cuts.insert(pair, cut);
    }

    /// Repairs the cable of a pair, if it is cut.
    pub(crate) fn heal(&mut self, pair: Pair) {
        let pair = sorted(pair);
        match self.cuts.remove(&pair) {
            None => {}
            Some(Cut::Down) => self.ip(pair.0, &format!("link set to{} up", pair.1)),
            Some(cut) => {
                for (here, there) in cut.silenced(pair) {
                    let address = Network::address(there);
                    self.ip(here, &format!("neighbour del {address} dev to{there}"));
                }
            }
        }
    }

    /// Repairs all cables.
    pub(crate) fn heal_all(&mut self) {
        for pair in self.pairs() {
            self.heal(pair);
        }
    }

    /// Has the cable of a pair pass little: what is sent is late, and much of it is lost.
    pub(crate) fn slow(&self, pair: Pair) {
        for (here, there) in both_ways(sorted(pair)) {
            self.run(here, "tc", &format!("qdisc replace dev to{there} root tbf {SLOW}"));
        }
    }

    /// Has the cable of a pair that was slow be as it was.
    pub(crate) fn hasten(&self, pair: Pair) {
        for (here, there) in both_ways(sorted(pair)) {
            // A second one, which began later, may have ended already.
            self.run(here, "tc", &format!("qdisc replace dev to{there} root pfifo"));
        }
    }

    fn connect(&self, one: usize, other: usize) {
        let process_id = self.hosts[other].keeper.id();
        let cable = format!("to{other} type veth peer name to{one} netns {process_id}");
        self.ip(one, &format!("link add {cable}"));
        for (here, there) in both_ways((one, other)) {
            let (address, peer) = (Network::address(here), Network::address(there));
            self.ip(here, &format!("address add {address} peer {peer}/32 dev to{there}"));
            self.ip(here, &format!("link set to{there} up"));
        }
    }

    fn ip(&self, host: usize, arguments: &str) {
        self.run(host, "ip", arguments);
    }

    /// Runs a program of iproute2 on a host.
    fn run(&self, host: usize, program: &str, arguments: &str) {
        let output = self.on(host, || Command::new(program).args(arguments.split(' ')).output());
        let output = output.expect("iproute2 is there: cargo xtask setup installs it");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments} on host {host}: {error}");
    }
}

impl Host {
    fn try_new() -> Option<Self> {
        let mut keeper = Command::new("unshare")
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        // It answers once it is where it should be.
        let greeted = keeper.stdin.as_mut().unwrap().write_all(b"?");
        let answered = keeper.stdout.as_mut().unwrap().read_exact(&mut [0]);
        if greeted.and(answered).is_err() {
            _ = keeper.wait();
            return None;
        }
        let namespace = File::open(format!("/proc/{}/ns/net", keeper.id())).unwrap();
        Some(Host { keeper, namespace })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It ends at the end of its input.
        drop(self.keeper.stdin.take());
        _ = self.keeper.wait();
    }
}

impl Cut {
    /// Returns whom what is sent does not reach any more, each behind its sender.
    fn silenced(self, pair: Pair) -> Vec<Pair> {
        let [from_lower, from_higher] = both_ways(pair);
        match self {
            Cut::Silent => vec![from_lower, from_higher],
            Cut::FromLower => vec![from_lower],
            Cut::FromHigher => vec![from_higher],
            Cut::Down => Vec::new(),
        }
    }
}

fn sorted((one, other): Pair) -> Pair {
    (one.min(other), one.max(other))
}

fn both_ways((one, other): Pair) -> [Pair; 2] {
    [(one, other), (other, one)]
}
