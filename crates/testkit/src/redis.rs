//! Redis servers of a test's own: alone, watched by a sentinel, or as a cluster.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{PATIENCE, Port, home::Home};

const SERVER: &str = "redis-server";
const CLIENT: &str = "redis-cli";

/// A running server, which keeps nothing. It ends when this is dropped.
pub struct Redis {
    home: Home,
    port: Port,
    /// Settings, each as in `appendonly no`.
    settings: Vec<String>,
    is_sentinel: bool,
    process: Option<Child>,
}

impl Redis {
    /// Starts one with these settings, each as in `maxmemory 1mb`.
    ///
    /// # Panics
    /// When Redis is not installed, which `cargo xtask setup` does, or does not start.
    pub fn start(settings: &[&str]) -> Self {
        Redis::start_as(settings, false)
    }

    /// Starts a sentinel that watches a server by the name of `rialto`, alone.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_sentinel(master: &Redis) -> Self {
        let monitor = format!("sentinel monitor rialto 127.0.0.1 {} 1", master.port());
        let settings = [
            monitor.as_str(),
            "sentinel down-after-milliseconds rialto 500",
            "sentinel failover-timeout rialto 3000",
        ];
        Redis::start_as(&settings, true)
    }

    /// Starts three servers that are one cluster.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_cluster() -> Vec<Self> {
        let settings =
            ["cluster-enabled yes", "cluster-node-timeout 2000", "cluster-config-file nodes.conf"];
        let servers: Vec<Redis> = (0..3)
            .map(|_| {
                let bus = Port::reserve().expect("a port is free");
                let own = format!("cluster-port {}", bus.address.port());
                let settings: Vec<&str> = settings.into_iter().chain([own.as_str()]).collect();
                Redis::start(&settings)
            })
            .collect();
        let addresses: Vec<String> =
            servers.iter().map(|server| format!("127.0.0.1:{}", server.port())).collect();
        let output = Command::new(CLIENT)
            .args(["--cluster", "create"])
            .args(&addresses)
            .args(["--cluster-replicas", "0", "--cluster-yes"])
            .output()
            .expect("redis-cli is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        for server in &servers {
            server.await_answer(&["CLUSTER", "INFO"], "cluster_state:ok");
        }
        servers
    }

    fn start_as(settings: &[&str], is_sentinel: bool) -> Self {
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let (home, port) = (Home::in_memory("redis", "redis"), Port::reserve());
        let port = port.expect("a port is free");
        let mut server = Redis { home, port, settings, is_sentinel, process: None };
        server.resume();
        server
    }

    /// Returns its port.
    pub fn port(&self) -> u16 {
        self.port.address.port()
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port())
    }

    /// Runs a command, and returns what it answers.
    ///
    /// # Panics
    /// When redis-cli does not run.
    pub fn ask(&self, command: &[&str]) -> String {
        let port = self.port().to_string();
        let output = Command::new(CLIENT).args(["-p", &port]).args(command).output();
        String::from_utf8(output.expect("redis-cli is there").stdout).expect("an answer is text")
    }

    /// Asks until an answer has a text in it.
    ///
    /// # Panics
    /// When it has not in time.
    pub fn await_answer(&self, command: &[&str], text: &str) {
        let began = Instant::now();
        loop {
            let answer = self.ask(command);
            if answer.contains(text) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{command:?}: {answer}");
            thread::yield_now();
        }
    }

    /// Kills it.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.process.take().expect("the server runs").wait().unwrap();
    }

    /// Has it stand still, until [`go_on`](Self::go_on).
    pub fn stand_still(&self) {
        self.signal(Signal::STOP);
    }

    /// Has it go on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Starts it again, on its port, after it was killed; returns once it takes connections.
    ///
    /// # Panics
    /// When it does not start.
    pub fn resume(&mut self) {
        // A sentinel writes what it learns into its own.
        let file = self.home.path().join("settings.conf");
        let common = format!("port {}\nbind 127.0.0.1\nsave \"\"\n", self.port());
        fs::write(&file, common + &self.settings.join("\n")).unwrap();
        self.home.give(&file);
        let mut command = self.home.command(Path::new(SERVER));
        command.arg(&file).args(self.is_sentinel.then_some("--sentinel"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = command.spawn();
        self.process = Some(started.expect("redis-server is there: run `cargo xtask setup`"));
        self.await_answer(&["PING"], "PONG");
    }

    fn signal(&self, signal: Signal) {
        let process = Pid::from_child(self.process.as_ref().expect("the server runs"));
        kill_process(process, signal).expect("the server runs");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}
