//! A node as a process that is started again whenever it ends, as what runs services does.

use std::{
    fs::{File, OpenOptions},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rialto_testkit::{give_clock, step_clock};
use tempfile::TempDir;

use super::common::{PROGRAM, Signal, signal};

/// The port on every host.
const PORT: u16 = 8010;

/// How long after its end a node is started again.
const PAUSE: Duration = Duration::from_millis(300);

/// One node, whether it runs or not.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    url: String,
    files: TempDir,
    process: Option<Child>,
    /// When it is started again, if it does not run.
    starts: Instant,
    was_killed: bool,
}

impl Node {
    pub(crate) fn new(address: std::net::IpAddr, url: String) -> Self {
        let address = SocketAddr::new(address, PORT);
        let files = tempfile::tempdir().unwrap();
        step_clock(files.path(), 0);
        Node { address, url, files, process: None, starts: Instant::now(), was_killed: false }
    }

    /// Says whether it is to be started now.
    pub(crate) fn is_due(&self) -> bool {
        self.process.is_none() && self.starts <= Instant::now()
    }

    /// Starts it, where the calling thread is.
    pub(crate) fn start(&mut self) {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--log-format", "json", "--log-level", "debug", "--data-dir"]);
        command.arg(self.files.path().join("data"));
        command.args(["--listen", &self.address.to_string()]);
        let settings = [
            "store.kind=postgres",
            "store.shared=true",
            &format!("store.url={}", self.url),
            "access.open_beyond_loopback=true",
            "access.presence_channel=people",
            "server.worker_threads=1",
        ];
        settings.into_iter().for_each(|setting| _ = command.args(["--set", setting]));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RIALTO_") {
                command.env_remove(name);
            }
        }
        give_clock(&mut command, self.files.path());
        let log = OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().unwrap());
        self.was_killed = false;
    }

    /// Kills it; it is not started again before some time is over.
    pub(crate) fn kill(&mut self, down: Duration) {
        self.starts = Instant::now() + down;
        if let Some(process) = &mut self.process {
            self.was_killed = true;
            process.kill().unwrap();
        }
    }

    /// Stops it, or lets it go on.
    pub(crate) fn signal(&self, kind: Signal) {
        if let Some(process) = &self.process {
            signal(process.id(), kind);
        }
    }

    pub(crate) fn step_clock(&self, ahead_s: i64) {
        step_clock(self.files.path(), ahead_s);
    }

    /// Says how it ended, if it did since this was asked; killed by us is `None`, too.
    pub(crate) fn look(&mut self) -> Option<Ended> {
        let status = self.process.as_mut()?.try_wait().unwrap()?;
        self.process = None;
        self.starts = self.starts.max(Instant::now() + PAUSE);
        Some(Ended { status, was_killed: self.was_killed })
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.files.path().join("log")
    }

    /// Returns the lines of its log that tell of a panic.
    pub(crate) fn panics(&self) -> Vec<String> {
        let log = File::open(self.log_file()).map(std::io::read_to_string);
        let log = log.and_then(|log| log).unwrap_or_default();
        log.lines().filter(|line| line.contains("panicked at")).map(str::to_owned).collect()
    }
}

/// How a node ended.
pub(crate) struct Ended {
    status: ExitStatus,
    was_killed: bool,
}

impl Ended {
    /// Says whether a node may end so: killed, or with the exit code of one that cannot start or was taken for dead.
    pub(crate) fn is_allowed(&self) -> bool {
        self.was_killed || matches!(self.status.code(), Some(0 | 1))
    }

    pub(crate) fn status(&self) -> ExitStatus {
        self.status
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            _ = process.kill();
            _ = process.wait();
        }
    }
}
