//! What a service manager is told of this process, in the protocol of systemd's `sd_notify`.
//!
//! A server speaks to one only if it is given it
//! ([`ServerBuilder::supervisor`](crate::ServerBuilder::supervisor)): a program around a server decides by
//! itself what it tells its own. Knows nothing of the broker; `attend.rs` has what is worth telling.

use std::{
    env,
    ffi::OsStr,
    io,
    os::unix::{
        ffi::OsStrExt,
        net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

/// Where messages go, as systemd sets it.
const SOCKET: &str = "NOTIFY_SOCKET";
/// Within how many microseconds it wants to hear of the process.
const WATCHDOG: &str = "WATCHDOG_USEC";
/// Of which process, if that is said.
const WATCHED_PROCESS: &str = "WATCHDOG_PID";

/// How long one try to hand over a message may take.
const TRY_TIME: Duration = Duration::from_millis(100);
/// How often a message is tried that must not get lost.
const TRIES: usize = 10;
/// Added to the time for a stop before the manager may kill: for what comes after it.
const STOP_RESERVE: Duration = Duration::from_secs(5);

/// The service manager that started this process and wants to hear of it: systemd, or whatever else
/// speaks `sd_notify`.
#[derive(Debug)]
pub struct Supervisor {
    socket: UnixDatagram,
    address: SocketAddr,
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// Returns the one that the environment names in `NOTIFY_SOCKET`, a path or an abstract socket,
    /// with the time of its watchdog (`WATCHDOG_USEC`); `None` where there is none.
    ///
    /// # Errors
    /// When the environment names what is no such socket, or a watchdog's time that is no number.
    pub fn from_environment() -> io::Result<Option<Self>> {
        let Some(name) = env::var_os(SOCKET).filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let address = address(&name)?;
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(TRY_TIME))?;
        Ok(Some(Supervisor { socket, address, watchdog: watchdog()? }))
    }

    /// Returns within which time it wants to hear of a process that works; it ends one of which it
    /// does not.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Says that the server serves, or does so again.
    pub(crate) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={}\n", line(status)));
    }

    /// Says that settings are being read anew, and when that began.
    pub(crate) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let microseconds = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}\n"));
    }

    /// Says that the server stops, and how long it may take to.
    pub(crate) fn stopping(&self, time: Duration) {
        let microseconds = time.saturating_add(STOP_RESERVE).as_micros();
        self.tell(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={microseconds}\nSTATUS=stopping\n"));
    }

    /// Says how the server does, in a line for people.
    pub(crate) fn status(&self, status: &str) {
        self.tell(&format!("STATUS={}\n", line(status)));
    }

    /// Says that the process works; to be repeated in any case, so this is tried once.
    ///
    /// # Errors
    /// When the message could not be handed over.
    pub(crate) fn alive(&self) -> io::Result<()> {
        self.send("WATCHDOG=1\n")
    }

    /// Hands over a message that must not get lost.
    fn tell(&self, message: &str) {
        let mut result = Ok(());
        for _ in 0..TRIES {
            result = self.send(message);
            match &result {
                // A queue that is full: the manager is busy.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => break,
            }
        }
        if let Err(error) = result {
            let message = message.trim_end();
            tracing::warn!(%error, message, "the service manager could not be told");
        }
    }

    fn send(&self, message: &str) -> io::Result<()> {
        self.socket.send_to_addr(message.as_bytes(), &self.address).map(drop)
    }
}

/// Returns the address that `NOTIFY_SOCKET` names.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => abstract_address(name),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(unclear(format!("{SOCKET} is neither a path nor an abstract socket"))),
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;

    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(unclear(format!("{SOCKET} is an abstract socket, which only Linux has")))
}

fn watchdog() -> io::Result<Option<Duration>> {
    let number = |name: &str| match env::var(name) {
        Ok(text) => match text.parse::<u64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(unclear(format!("{name} is no number: {text:?}"))),
        },
        Err(_) => Ok(None),
    };
    let microseconds = number(WATCHDOG)?.filter(|&microseconds| 0 < microseconds);
    let is_ours = number(WATCHED_PROCESS)?.is_none_or(|it| it == u64::from(std::process::id()));
    Ok(microseconds.filter(|_| is_ours).map(Duration::from_micros))
}

fn unclear(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// Returns the first line of a text: the protocol has a line for each value.
fn line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
