//! A service manager as systemd is one: a datagram socket that takes what a service tells.

use std::{
    ffi::OsString,
    fs::{self, Permissions},
    io::ErrorKind,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::PermissionsExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::{Duration, Instant},
};

use rialto_testkit::{Launch, PATIENCE};
use tempfile::TempDir;

/// What waits for a service to tell of itself.
pub(crate) struct Manager {
    socket: UnixDatagram,
    name: OsString,
    _files: Option<TempDir>,
}

/// One message of a service: lines of `NAME=value`.
#[derive(Debug)]
pub(crate) struct Told(String);

impl Manager {
    /// Makes one with a socket in the file system.
    pub(crate) fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        // A service may run as somebody else.
        fs::set_permissions(files.path(), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        Manager { socket, name: path.into(), _files: Some(files) }
    }

    /// Makes one with an abstract socket, which has a name and no file.
    pub(crate) fn abstract_one() -> Self {
        let name = format!("rialto-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        Manager { socket, name: format!("@{name}").into(), _files: None }
    }

    /// Returns what it sets in the environment of a service.
    pub(crate) fn name(&self) -> OsString {
        self.name.clone()
    }

    /// Has a broker tell it.
    pub(crate) fn start(&self, launch: Launch) -> Launch {
        launch.variable("NOTIFY_SOCKET", &self.name)
    }

    /// Waits for the next message.
    #[track_caller]
    pub(crate) fn next(&self) -> Told {
        self.next_within(PATIENCE).expect("it tells nothing")
    }

    /// Waits for a message that has this line, whatever comes before it.
    #[track_caller]
    pub(crate) fn expect(&self, line: &str) -> Told {
        self.find(line, |told| told.has(line))
    }

    /// Waits for a message that is wanted, whatever comes before it.
    #[track_caller]
    pub(crate) fn find(&self, what: &str, is_wanted: impl Fn(&Told) -> bool) -> Told {
        let deadline = Instant::now() + PATIENCE;
        let mut others = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next_within(left) {
                Some(told) if is_wanted(&told) => return told,
                Some(other) => others.push(other),
                None => panic!("it does not tell {what}, but {others:?}"),
            }
        }
    }

    /// Waits that long for the next message.
    pub(crate) fn next_within(&self, time: Duration) -> Option<Told> {
        // No time at all would be for ever.
        self.socket.set_read_timeout(Some(time.max(Duration::from_millis(1)))).unwrap();
        let mut message = [0; 4096];
        match self.socket.recv(&mut message) {
            Ok(length) => Some(Told(std::str::from_utf8(&message[..length]).unwrap().to_owned())),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Takes what was told by now.
    pub(crate) fn drain(&self) {
        while self.next_within(Duration::ZERO).is_some() {}
    }
}

impl Told {
    /// Says whether it has this line.
    pub(crate) fn has(&self, line: &str) -> bool {
        self.0.lines().any(|it| it == line)
    }

    /// Returns the value of that name.
    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> &str {
        let value = |line| str::strip_prefix(line, name)?.strip_prefix('=');
        self.0.lines().find_map(value).unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }

    /// Returns the number of that name.
    #[track_caller]
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.value(name).parse().unwrap()
    }
}
