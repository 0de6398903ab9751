//! The real `rialto balance`, run for one test.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{PATIENCE, Port};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{self, PROGRAM};

/// A running balancer. Dropping it kills the process.
pub(crate) struct Balancer {
    process: Child,
    lines: Receiver<String>,
    address: Port,
    admin: Port,
    files: TempDir,
    /// What its settings file has besides the route.
    settings: String,
}

impl Balancer {
    /// Starts one with a route to these servers; `route` are more keys of the route, perhaps with further routes
    /// behind them (`LISTEN` stands for where this one listens), and `settings` the rest of the file.
    pub(crate) fn start(servers: &[String], route: &str, settings: &str) -> Self {
        let (address, admin) = (Port::reserve().unwrap(), Port::reserve().unwrap());
        let files = tempfile::tempdir().unwrap();
        let file = files.path().join("balancer.toml");
        fs::write(&file, toml(&address, servers, route, settings)).unwrap();
        let mut process = Command::new(PROGRAM)
            .args(["balance", "--log-format", "json", "--log-level", "debug", "--config"])
            .arg(&file)
            .args(["--set", &format!("balancer.admin={}", admin.address)])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (found, lines) = channel();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| found.send(line))
        });
        let settings = settings.to_owned();
        let balancer = Balancer { process, lines, address, admin, files, settings };
        balancer.wait_for("ready");
        balancer
    }

    /// Returns where its clients connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address.address
    }

    /// Waits for the next line of the log with this message, or about this event, and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&self, message: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("the balancer's log has no {message:?}, but:\n{}", seen.join("\n"));
            };
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if entry["message"] == message || entry["event"] == message {
                return entry;
            }
            seen.push(line);
        }
    }

    /// Changes servers and keys of the route, and has that taken up.
    pub(crate) fn reload(&self, servers: &[String], route: &str) {
        let text = toml(&self.address, servers, route, &self.settings);
        fs::write(self.files.path().join("balancer.toml"), text).unwrap();
        self.signal(Signal::HUP);
        self.wait_for("the settings were read anew");
    }

    /// Runs `rialto balance` with these arguments about this balancer; returns its standard output.
    #[track_caller]
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let admin = format!("http://{}", self.admin.address);
        let arguments = [&["balance"], arguments, &["--admin", &admin]].concat();
        let ended = common::Command::start(arguments).end();
        assert!(ended.status.success(), "{}", ended.said);
        ended.printed.join("\n")
    }

    /// Returns what it tells of a server.
    #[track_caller]
    pub(crate) fn server(&self, server: &str) -> Value {
        let answer = self.get("/v1/servers", "localhost");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let servers: Vec<Value> = serde_json::from_str(body).unwrap();
        servers.into_iter().find(|it| it["server"] == server).unwrap_or_default()
    }

    /// Waits until what it tells of a server has this value.
    #[track_caller]
    pub(crate) fn wait_for_server(&self, server: &str, key: &str, value: impl Into<Value>) {
        let (deadline, value) = (Instant::now() + PATIENCE, value.into());
        loop {
            let actual = self.server(server);
            if actual[key] == value {
                return;
            }
            assert!(Instant::now() < deadline, "{key} did not become {value}: {actual}");
        }
    }

    /// Gets a path of its administration; returns the whole answer.
    pub(crate) fn get(&self, path: &str, host: &str) -> String {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(self.admin.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks it to stop; returns how it ended and how long that took.
    pub(crate) fn terminate(mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        self.signal(Signal::TERM);
        (self.process.wait().unwrap(), started.elapsed())
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        if thread::panicking() {
            let lines: Vec<String> = self.lines.try_iter().collect();
            eprintln!("the balancer's log since:\n{}", lines.join("\n"));
        }
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn toml(listen: &Port, servers: &[String], route: &str, settings: &str) -> String {
    let text = format!(
        "{settings}\n[[balancer.routes]]\nname = \"main\"\nlisten = \"{}\"\nservers = {servers:?}\n{route}\n",
        listen.address
    );
    text.replace("LISTEN", &listen.address.to_string())
}
