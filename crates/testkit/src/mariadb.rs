//! A MariaDB server of a test's own: in a directory that goes with it, reached through a socket there.

use std::{
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    authority::{Entry, Issued},
    disk::Disk,
    home::Home,
};

/// Where Debian puts the server, which ordinary users do not look for.
const SERVER: &str = "/usr/sbin/mariadbd";
const INSTALLER: &str = "/usr/bin/mariadb-install-db";
const CLIENT: &str = "/usr/bin/mariadb";

/// What makes a server small.
const SMALL: [&str; 5] = [
    "--no-defaults",
    "--innodb-log-file-size=4M",
    "--innodb-buffer-pool-size=16M",
    "--skip-name-resolve",
    "--skip-networking",
];

/// A running server, which syncs what it commits. It ends when this is dropped.
pub struct Mariadb {
    home: Home,
    /// Settings, each as in `sync_binlog=1`.
    settings: Vec<String>,
    /// Where it is reached by TCP, if it is.
    entry: Option<Entry>,
    /// Where its redo log is, if it is elsewhere.
    log: Option<Home>,
    process: Option<Child>,
}

impl Mariadb {
    /// Makes an empty server and starts it with these settings, each as in `sync_binlog=1`.
    ///
    /// # Panics
    /// When MariaDB is not installed, which `cargo xtask setup` does, or does not start.
    pub fn start(settings: &[&str]) -> Self {
        Mariadb::start_at(Home::on_disk("my", "mysql"), settings)
    }

    /// Does the same in a directory below one that is there, which the user of the server must be able to reach.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_in(place: &Path, settings: &[&str]) -> Self {
        Mariadb::start_at(Home::make(place, "my", "mysql"), settings)
    }

    /// Does the same in memory, if the system has a place for that: for what is asked many small things, and is not
    /// killed.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_in_memory(settings: &[&str]) -> Self {
        Mariadb::start_at(Home::in_memory("my", "mysql"), settings)
    }

    /// Starts one in memory that is reached by TCP too, on this machine, where it shows a certificate.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_encrypted(issued: &Issued) -> Self {
        let mut server = Mariadb::at(Home::in_memory("my", "mysql"), &[]);
        server.entry = Some(Entry::with(issued));
        server.make_tables();
        server.resume();
        server
    }

    /// Has it show another certificate to those who come by TCP, or do without TLS; starts it anew.
    ///
    /// # Panics
    /// When it was not started so that it is reached by TCP.
    pub fn encrypt(&mut self, issued: Option<&Issued>) {
        self.kill();
        self.entry.as_mut().expect("it is reached by TCP").issued = issued.cloned();
        self.resume();
    }

    /// Returns where it is reached by TCP, if it is.
    pub fn address(&self) -> Option<SocketAddr> {
        self.entry.as_ref().map(|entry| entry.port.address)
    }

    /// Starts one whose tables are on a disk of their own, and its redo log in memory: a server maps that into its memory where
    /// it can, and ends where such a file finds no room.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_on(disk: &Disk) -> Self {
        let mut server = Mariadb::at(Home::make(disk.path(), "my", "mysql"), &[]);
        server.log = Some(Home::in_memory("mylog", "mysql"));
        server.make_tables();
        server.resume();
        server
    }

    fn start_at(home: Home, settings: &[&str]) -> Self {
        let mut server = Mariadb::at(home, settings);
        server.make_tables();
        server.resume();
        server
    }

    fn at(home: Home, settings: &[&str]) -> Self {
        assert!(
            Path::new(SERVER).is_file(),
            "MariaDB is not in {SERVER}: run `cargo xtask setup`, which installs it"
        );
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Mariadb { home, settings, entry: None, log: None, process: None }
    }

    /// Returns the URL of the server, for a user who may do everything; without the name of a database.
    pub fn url(&self) -> String {
        format!("mysql://root@localhost/?socket={}", self.socket().display())
    }

    /// Returns the path of the socket.
    pub fn socket(&self) -> PathBuf {
        self.home.path().join("socket")
    }

    /// Returns the directory, which the server reads too.
    pub fn directory(&self) -> &Path {
        self.home.path()
    }

    /// Kills the server, as a loss of power does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.process.take().expect("the server runs").wait().unwrap();
    }

    /// Has the server stand still, until [`go_on`](Self::go_on).
    pub fn stand_still(&self) {
        self.signal(Signal::STOP);
    }

    /// Has it go on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Starts the server again, after it was killed; returns once it takes connections.
    ///
    /// # Panics
    /// When it does not start.
    pub fn resume(&mut self) {
        let mut command = self.home.command(Path::new(SERVER));
        command.args(SMALL).args(self.places());
        command.arg(format!("--socket={}", self.socket().display()));
        command.args(["--innodb-flush-log-at-trx-commit=1", "--max-connections=60"]);
        if let Some(entry) = &self.entry {
            command.args(["--skip-networking=0", "--bind-address=127.0.0.1"]);
            command.arg(format!("--port={}", entry.port.address.port()));
            if let Some((certificate, key)) = entry.files(&self.home) {
                command.arg(format!("--ssl-cert={}", certificate.display()));
                command.arg(format!("--ssl-key={}", key.display()));
            }
        }
        command.args(self.settings.iter().map(|setting| format!("--{setting}")));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        self.process = Some(self.home.start(command, "ready for connections"));
    }

    /// Runs SQL, and returns what it prints: a row a line, without titles.
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, sql: &str) -> String {
        let mut client = self.client();
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = client.spawn().unwrap();
        // It may end before it has read all.
        _ = process.stdin.take().unwrap().write_all(sql.as_bytes());
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn client(&self) -> Command {
        let mut command = Command::new(CLIENT);
        command.args(["--no-defaults", "--binary-mode", "-NB", "-uroot", "-S"]).arg(self.socket());
        command
    }

    fn make_tables(&self) {
        let mut command = self.home.command(Path::new(INSTALLER));
        command.args(SMALL).args(self.places());
        command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        // Nobody misses what is lost before it is used.
        command.args(["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    /// Returns where it keeps what. A server that starts deletes what it finds in the place for temporary tables, so that
    /// those of another must not be there.
    fn places(&self) -> [String; 3] {
        let home = self.home.path();
        let data = home.join("data");
        let log = self.log.as_ref().map_or(data.as_path(), Home::path);
        [
            format!("--datadir={}", data.display()),
            format!("--tmpdir={}", home.display()),
            format!("--innodb-log-group-home-dir={}", log.display()),
        ]
    }

    fn signal(&self, signal: Signal) {
        let process = Pid::from_child(self.process.as_ref().expect("the server runs"));
        kill_process(process, signal).expect("the server runs");
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}
