//! The real binary, run for one test.

mod command;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use rustls::ClientConfig;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    certificate::Certificate,
    clock,
    launch::Launch,
    log::{Log, with_message},
    port::Port,
};

/// The settings file, where there is one.
const CONFIG: &str = "rialto.toml";

/// The listener every broker has, by the name the command line gives it.
const MAIN: &str = "listen-1";

/// A running broker. Dropping it kills the process and removes its files.
#[derive(Debug)]
pub struct Broker {
    launch: Launch,
    certificate: Certificate,
    running: Option<Running>,
    /// Where each listener is, by name; the same after a restart.
    ports: BTreeMap<String, Port>,
    /// Log lines of earlier runs.
    earlier_lines: Vec<String>,
    files: TempDir,
}

#[derive(Debug)]
struct Running {
    process: Child,
    log: Log,
}

impl Launch {
    /// Starts the broker and waits until it listens.
    #[must_use]
    pub fn start(self) -> Broker {
        let files = tempfile::tempdir().unwrap();
        fs::create_dir(files.path().join("data")).unwrap();
        if let Some(toml) = &self.config {
            fs::write(files.path().join(CONFIG), toml).unwrap();
        }
        if self.has_clock {
            clock::step(files.path(), 0);
        }
        let main = (MAIN.to_owned(), None);
        let listeners = std::iter::once(&main).chain(&self.extra_listeners);
        let port = |address: Option<_>| address.map_or_else(|| Port::reserve().unwrap(), Port::at);
        let ports = listeners.map(|(name, address)| (name.clone(), port(*address))).collect();
        let mut broker = Broker {
            ports,
            certificate: Certificate::make(files.path()).unwrap(),
            launch: self,
            running: None,
            earlier_lines: Vec::new(),
            files,
        };
        broker.run();
        broker
    }
}

impl Broker {
    /// Starts a broker with the default settings.
    #[must_use]
    pub fn start(program: impl Into<PathBuf>) -> Self {
        Launch::of(program).start()
    }

    /// Starts a broker with these settings, each `key=value`.
    #[must_use]
    pub fn with(program: impl Into<PathBuf>, settings: &[&str]) -> Self {
        settings.iter().fold(Launch::of(program), |launch, setting| launch.set(setting)).start()
    }

    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address_of(MAIN)
    }

    /// Returns where the listener of that name listens.
    #[must_use]
    pub fn address_of(&self, listener: &str) -> SocketAddr {
        self.ports[listener].address
    }

    /// Returns the data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.files.path().join("data")
    }

    /// Changes its settings file; [`hang_up`](Self::hang_up) has it read.
    pub fn configure(&self, toml: &str) {
        fs::write(self.files.path().join(CONFIG), toml).unwrap();
    }

    /// Asks it to take up its settings once more.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Returns the file with the certificate, for a client that is to trust it.
    #[must_use]
    pub fn certificate_file(&self) -> &Path {
        &self.certificate.certificate_file
    }

    /// Returns what makes a TLS client trust the broker.
    #[must_use]
    pub fn client_config(&self) -> Arc<ClientConfig> {
        self.certificate.client_config.clone()
    }

    /// Returns the id of the process.
    ///
    /// # Panics
    /// When the broker does not run.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.running().process.id()
    }

    /// Returns the resident memory of the process in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let path = format!("/proc/{}/status", self.process_id());
        let status = fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib << 10
    }

    /// Returns all log lines so far, those before a restart included.
    #[must_use]
    pub fn log_lines(&self) -> Vec<String> {
        let lines = self.running.iter().flat_map(|running| running.log.lines());
        self.earlier_lines.iter().cloned().chain(lines).collect()
    }

    /// Waits until this run has logged a line that `is_wanted` accepts, and returns its JSON.
    pub fn wait_for_log(&self, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let find = |lines: &[String]| {
            let mut entries = lines.iter().filter_map(|line| serde_json::from_str(line).ok());
            entries.find(|entry| is_wanted(entry))
        };
        self.running().log.wait_for(what, find)
    }

    /// Steps its wall clock, and that of later runs, to so many seconds ahead of the true time, or
    /// behind it; other clocks are left alone.
    pub fn step_clock(&self, ahead_s: i64) {
        assert!(self.launch.has_clock, "it has no clock of its own");
        clock::step(self.files.path(), ahead_s);
    }

    /// Stops the process for so long; its peers and its sockets go on.
    pub fn stop_for(&self, time: Duration, meanwhile: impl FnOnce()) {
        self.signal(Signal::STOP);
        let end = Instant::now() + time;
        meanwhile();
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
        self.signal(Signal::CONT);
    }

    /// Kills it without warning, as a power cut would.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait_for_end();
    }

    /// Asks it to stop; returns how it ended and how long that took.
    pub fn terminate(&mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        self.signal(Signal::TERM);
        let status = self.wait_for_end();
        (status, started.elapsed())
    }

    /// Starts it again, on the same data and the same ports; kills it first if it still runs.
    pub fn restart(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
        self.run();
    }

    /// Adds a setting for the next [`restart`](Self::restart).
    pub fn set(&mut self, setting: &str) {
        self.launch.settings.push(setting.to_owned());
    }

    fn run(&mut self) {
        let mut process = self.command().spawn().unwrap();
        let log = Log::gather(process.stderr.take().unwrap());
        self.running = Some(Running { process, log });
        let addresses = self.ports.iter().map(|(name, port)| (name.clone(), port.address));
        let expected: BTreeMap<_, _> = addresses.collect();
        self.running().log.wait_for("line `ready` with each listener", |lines| {
            (listening(lines) == expected).then_some(())
        });
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the broker runs")
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.running().process);
        kill_process(pid, signal).unwrap();
    }

    /// Waits until it has ended by itself, or because of an earlier signal; returns how.
    ///
    /// # Panics
    /// When the broker does not run.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let mut running = self.running.take().expect("the broker runs");
        let status = running.process.wait().unwrap();
        self.earlier_lines.extend(running.log.all_lines());
        status
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the broker's log:\n{}", self.log_lines().join("\n"));
        }
        if let Some(running) = &mut self.running {
            _ = running.process.kill();
            _ = running.process.wait();
        }
    }
}

/// Returns the listeners that the log says are open.
fn listening(lines: &[String]) -> BTreeMap<String, SocketAddr> {
    let mut entries = lines.iter().filter_map(|line| with_message(line, "ready"));
    let Some(ready) = entries.next() else { return BTreeMap::new() };
    let listeners = ready["listeners"].as_str().unwrap_or_default().split(' ');
    let named = listeners.filter_map(|listener| listener.split_once('='));
    named.filter_map(|(name, address)| Some((name.to_owned(), address.parse().ok()?))).collect()
}
