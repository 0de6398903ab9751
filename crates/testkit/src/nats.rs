//! A NATS server of a test's own, on a free port.

use std::{
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Port, home::Home};

/// Where Debian puts it, where ordinary users do not look.
const SERVER: &str = "/usr/sbin/nats-server";

/// A running server. It ends when this is dropped.
pub struct Nats {
    home: Home,
    port: Port,
    process: Option<Child>,
}

impl Nats {
    /// Starts one.
    ///
    /// # Panics
    /// When NATS is not installed, which `cargo xtask setup` does, or does not start.
    pub fn start() -> Self {
        let port = Port::reserve().expect("a port is free");
        let mut server = Nats { home: Home::in_memory("nats", "nats"), port, process: None };
        server.resume();
        server
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        format!("nats://{}", self.port.address)
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
        let server = PathBuf::from(SERVER);
        assert!(
            server.is_file(),
            "NATS is not in {SERVER}: run `cargo xtask setup`, which installs it"
        );
        let mut command = self.home.command(Path::new(&server));
        command.args(["-a", "127.0.0.1", "-p", &self.port.address.port().to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        self.process = Some(self.home.start(command, "Server is ready"));
    }

    fn signal(&self, signal: Signal) {
        let process = Pid::from_child(self.process.as_ref().expect("the server runs"));
        kill_process(process, signal).expect("the server runs");
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}
