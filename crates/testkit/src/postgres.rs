//! A PostgreSQL server of a test's own: in a directory that goes with it, reached through a socket there.

use std::{
    fs,
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

/// Where Debian puts the programs, a directory for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Who comes by TCP shows a password, and comes by TLS only.
const BY_TCP: &str = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";

/// A running server, which syncs what it commits. It ends when this is dropped.
pub struct Postgres {
    home: Home,
    programs: PathBuf,
    /// Settings, each as in `fsync=on`.
    settings: Vec<String>,
    /// Where it is reached by TCP, if it is.
    entry: Option<Entry>,
    /// Where its write-ahead log is, if it is elsewhere.
    log: Option<Home>,
    process: Option<Child>,
}

impl Postgres {
    /// Makes a database and starts its server with these settings, each as in `fsync=on`.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, which `cargo xtask setup` does, or does not start.
    pub fn start(settings: &[&str]) -> Self {
        Postgres::start_at(Home::on_disk("pg", "postgres"), settings)
    }

    /// Does the same in a directory below one that is there, which the user of the server must be able to reach.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_in(place: &Path, settings: &[&str]) -> Self {
        Postgres::start_at(Home::make(place, "pg", "postgres"), settings)
    }

    /// Does the same in memory, if the system has a place for that: for what is asked many small things, and is not
    /// killed.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_in_memory(settings: &[&str]) -> Self {
        Postgres::start_at(Home::in_memory("pg", "postgres"), settings)
    }

    /// Starts one in memory that is reached by TCP too, on this machine, where it shows a certificate and wants passwords.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_encrypted(issued: &Issued) -> Self {
        let mut server = Postgres::at(Home::in_memory("pg", "postgres"), &[]);
        server.entry = Some(Entry::with(issued));
        server.make_database();
        fs::write(server.home.path().join("data/pg_hba.conf"), BY_TCP).unwrap();
        server.resume();
        server
    }

    /// Starts one whose tables are on a disk of their own, and its write-ahead log in memory: without room for that log it ends.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_on(disk: &Disk) -> Self {
        let mut server = Postgres::at(Home::make(disk.path(), "pg", "postgres"), &[]);
        server.log = Some(Home::in_memory("pglog", "postgres"));
        server.make_database();
        server.resume();
        server
    }

    /// Starts a standby that follows it, and takes what it has committed so far; who commits does not wait for it.
    ///
    /// # Panics
    /// When the standby does not start.
    pub fn start_standby(&self) -> Self {
        let mut standby = Postgres::at(Home::in_memory("pg", "postgres"), &[]);
        let mut copying = standby.command("pg_basebackup");
        copying.args(["-U", "rialto", "-c", "fast", "--no-sync", "-R", "-D"]);
        copying.arg(standby.home.path().join("data")).arg("-h").arg(self.home.path());
        let output = copying.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        standby.resume();
        standby
    }

    /// Has a standby follow no longer; returns once nothing more comes.
    ///
    /// # Panics
    /// When it is none.
    pub fn fall_behind(&self) {
        self.sql("ALTER SYSTEM SET primary_conninfo = ''");
        self.sql("SELECT pg_reload_conf()");
        while self.sql("SELECT count(*) FROM pg_stat_wal_receiver").trim() != "0" {
            std::thread::yield_now();
        }
    }

    /// Has a standby become a server that is written to.
    ///
    /// # Panics
    /// When it is none.
    pub fn promote(&self) {
        assert_eq!(self.sql("SELECT pg_promote()").trim(), "t");
    }

    fn start_at(home: Home, settings: &[&str]) -> Self {
        let mut server = Postgres::at(home, settings);
        server.make_database();
        server.resume();
        server
    }

    fn at(home: Home, settings: &[&str]) -> Self {
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Postgres { home, programs: programs(), settings, entry: None, log: None, process: None }
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

    fn port(&self) -> u16 {
        self.address().map_or(5432, |address| address.port())
    }

    /// Returns the URL of the database, for a role that may do everything.
    pub fn url(&self) -> String {
        let path = self.home.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://rialto@{path}:{}/postgres", self.port())
    }

    /// Returns the path of the socket.
    pub fn socket(&self) -> PathBuf {
        self.home.path().join(format!(".s.PGSQL.{}", self.port()))
    }

    /// Kills the server with all its processes, as a loss of power does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        self.signal_all(Signal::KILL);
        self.process.take().expect("the server runs").wait().unwrap();
    }

    /// Has the server and all its processes stand still, until [`go_on`](Self::go_on).
    pub fn stand_still(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Has what stood still go on.
    pub fn go_on(&self) {
        self.signal_all(Signal::CONT);
    }

    /// Starts the server again, after it was killed; returns once it takes connections.
    ///
    /// # Panics
    /// When it does not start.
    pub fn resume(&mut self) {
        let data = self.home.path().join("data");
        // Its processes watch each other: those of a killed one are gone before its lock is taken.
        _ = fs::remove_file(data.join("postmaster.pid"));
        let mut command = self.command("postgres");
        command.arg("-D").arg(&data).arg("-k").arg(self.home.path());
        let port = format!("port={}", self.port());
        let listen = match self.entry {
            Some(_) => "listen_addresses=127.0.0.1",
            None => "listen_addresses=",
        };
        let files = self.entry.as_ref().and_then(|entry| entry.files(&self.home));
        if let Some((certificate, key)) = files {
            command.arg("-c").arg(format!("ssl_cert_file={}", certificate.display()));
            command.arg("-c").arg(format!("ssl_key_file={}", key.display()));
            command.args(["-c", "ssl=on"]);
        }
        let settings = [
            listen,
            &port,
            "fsync=on",
            "recovery_init_sync_method=syncfs",
            "shared_buffers=16MB",
            "max_connections=60",
        ];
        let settings = settings.into_iter().chain(self.settings.iter().map(String::as_str));
        settings.for_each(|setting| _ = command.args(["-c", setting]));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        self.process = Some(self.home.start(command, "database system is ready to accept"));
    }

    /// Runs SQL, and returns what it prints: a row a line, without titles.
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, sql: &str) -> String {
        let output = self
            .command("psql")
            .args([
                "-XAtq",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "rialto",
                "-d",
                "postgres",
                "-c",
                sql,
                "-p",
                &self.port().to_string(),
                "-h",
            ])
            .arg(self.home.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn make_database(&self) {
        let data = self.home.path().join("data");
        let arguments =
            ["-U", "rialto", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"];
        let mut command = self.command("initdb");
        command.args(arguments).arg(data);
        if let Some(log) = &self.log {
            command.arg("-X").arg(log.path().join("wal"));
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn command(&self, program: &str) -> Command {
        self.home.command(&self.programs.join(program))
    }

    fn signal_all(&self, signal: Signal) {
        let process = Pid::from_child(self.process.as_ref().expect("the server runs"));
        // The first one before those that it would start anew.
        let started = children(process);
        kill_process(process, signal).expect("the server runs");
        // Each of them leads a group of its own.
        for child in started {
            _ = kill_process(child, signal);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}

/// Returns the processes that a process has started.
fn children(parent: Pid) -> Vec<Pid> {
    let id = parent.as_raw_nonzero();
    let listed = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect()
}

/// Returns the directory of the programs, of the latest version that is there.
fn programs() -> PathBuf {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let numbers = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    match numbers.max() {
        Some(version) => Path::new(DEBIAN).join(version.to_string()).join("bin"),
        None => panic!("PostgreSQL is not in {DEBIAN}: run `cargo xtask setup`, which installs it"),
    }
}
