//! Nodes and their database, each on a host of its own, and what goes wrong with them.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::Instant,
};

use rialto_testkit::Postgres;
use tempfile::NamedTempFile;

use super::{
    common::{Network, Signal},
    history::{Event, Record},
    node::Node,
    schedule::What,
};

/// Whom the database lets in.
const RULES: &str = "local all all trust\nhost all all 10.77.0.0/24 trust\n";

/// All hosts: nodes first, then the database, then the clients.
pub(crate) struct Cluster {
    // First: they end before their hosts.
    pub(crate) nodes: Vec<Node>,
    database: Postgres,
    database_runs: bool,
    pub(crate) network: Network,
    record: Record,
    /// What must not have happened.
    pub(crate) findings: Vec<String>,
    _rules: NamedTempFile,
}

impl Cluster {
    /// Makes hosts and the database, if this machine permits it; no node runs yet.
    pub(crate) fn try_new(node_count: usize, record: Record) -> Option<Self> {
        let network = Network::try_new(node_count + 2)?;
        let rules = NamedTempFile::new().unwrap();
        fs::write(rules.path(), RULES).unwrap();
        fs::set_permissions(rules.path(), Permissions::from_mode(0o644)).unwrap();
        let address = Network::address(node_count);
        let settings =
            [format!("listen_addresses={address}"), format!("hba_file={}", rules.path().display())];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let database = network.on(node_count, || Postgres::start_in_memory(&settings));
        let url = format!("postgres://rialto@{address}/postgres?sslmode=disable");
        let nodes = (0..node_count).map(|node| Node::new(Network::address(node), url.clone()));
        let nodes = nodes.collect();
        let (findings, database_runs) = (Vec::new(), true);
        Some(Cluster { nodes, database, database_runs, network, record, findings, _rules: rules })
    }

    /// Returns the host of the clients.
    pub(crate) fn clients(&self) -> usize {
        self.nodes.len() + 1
    }

    /// Starts nodes that are to run, and looks how those ended that do not.
    pub(crate) fn supervise(&mut self) {
        for (host, node) in self.nodes.iter_mut().enumerate() {
            if let Some(ended) = node.look() {
                self.record.note(Event::NodeEnded);
                if !ended.is_allowed() {
                    self.findings.push(format!("node {host} ended with {}", ended.status()));
                }
            }
            if node.is_due() {
                self.network.on(host, || node.start());
            }
        }
    }

    /// Has something go wrong.
    pub(crate) fn begin(&mut self, what: What, until: Instant) {
        match what {
            What::Kill(node) => {
                self.nodes[node].kill(until.saturating_duration_since(Instant::now()));
            }
            What::Stop(node) => self.nodes[node].signal(Signal::STOP),
            What::KillDatabase if self.database_runs => {
                self.database.kill();
                self.database_runs = false;
            }
            What::StopDatabase if self.database_runs => self.database.stand_still(),
            What::KillDatabase | What::StopDatabase => {}
            What::Cut(pair, cut) => self.network.cut(pair, cut),
            What::Slow(pair) => self.network.slow(pair),
            What::Clock(node, ahead_s) => self.nodes[node].step_clock(ahead_s),
        }
    }

    /// Has it not go wrong any more.
    pub(crate) fn end(&mut self, what: What) {
        match what {
            What::Kill(_) => {}
            What::Stop(node) => self.nodes[node].signal(Signal::CONT),
            What::KillDatabase => self.resume_database(),
            What::StopDatabase if self.database_runs => self.database.go_on(),
            What::StopDatabase => {}
            What::Cut(pair, _) => self.network.heal(pair),
            What::Slow(pair) => self.network.hasten(pair),
            What::Clock(node, _) => self.nodes[node].step_clock(0),
        }
    }

    fn resume_database(&mut self) {
        if !self.database_runs {
            let (host, database) = (self.nodes.len(), &mut self.database);
            self.network.on(host, || database.resume());
            self.database_runs = true;
        }
    }

    /// Looks into the nodes' logs for what must not be there.
    pub(crate) fn look_into_logs(&mut self) {
        for (host, node) in self.nodes.iter().enumerate() {
            let panics = node.panics();
            self.findings.extend(panics.iter().map(|line| format!("node {host}: {line}")));
        }
    }

    /// Copies the nodes' logs.
    pub(crate) fn keep_logs(&self, directory: &Path) {
        fs::create_dir_all(directory).unwrap();
        for (host, node) in self.nodes.iter().enumerate() {
            _ = fs::copy(node.log_file(), directory.join(format!("node{host}.log")));
        }
    }
}
