//! Server processes: starting, watching and stopping them.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::connection::{Endpoint, Transport};
use crate::database::Database;
use crate::kind::Kind;

const START_WITHIN: Duration = Duration::from_secs(10);
const START_POLL: Duration = Duration::from_millis(5);
/// Name of nats-server's program.
pub const NATS_SERVER: &str = "nats-server";

/// Where programs and their data are.
#[derive(Debug, Clone)]
pub struct Places {
    /// Rialto's program.
    pub rialto: PathBuf,
    /// nats-server's program; a bare name is looked for on the path.
    pub nats: PathBuf,
    /// Data of the servers goes to a fresh directory in this one.
    pub scratch: PathBuf,
}

/// A running server process, stopped when dropped.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    child: Child,
    tcp: SocketAddr,
    websocket: SocketAddr,
    /// Where Rialto speaks CoreMQ; others do not.
    coremq: SocketAddr,
    /// Where Rialto speaks PubSubX; others do not.
    pubsubx: SocketAddr,
    /// Holds the server's data and its log; removed with the server.
    directory: TempDir,
    /// What it stores in, if that is a server too; stopped behind it.
    _database: Option<Database>,
}

impl Server {
    /// Starts a server on free ports and waits until it accepts connections.
    ///
    /// # Errors
    /// When it is not installed, ends, or does not listen within ten seconds.
    pub fn start(kind: Kind, places: &Places) -> Result<Self> {
        let directory = TempDir::with_prefix_in("rialto-bench-", &places.scratch)?;
        let (tcp, coremq, pubsubx) = (free_address()?, free_address()?, free_address()?);
        let database = Database::start(kind, &places.scratch);
        let (mut command, websocket) = match kind {
            Kind::Rialto | Kind::RialtoJmqt | Kind::RialtoPostgres | Kind::RialtoMariadb => {
                let mut command = rialto(&places.rialto, directory.path(), [tcp, coremq, pubsubx]);
                for setting in database.iter().flat_map(|database| &database.settings) {
                    command.arg("--set").arg(setting);
                }
                (command, tcp)
            }
            Kind::Nats | Kind::JetStream | Kind::JetStreamSynced => {
                let websocket = free_address()?;
                (nats((kind, &places.nats), [tcp, websocket], directory.path())?, websocket)
            }
        };
        let log = File::create(directory.path().join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().map_err(|error| not_started(kind, &command, error))?;
        let mut server =
            Server { kind, child, tcp, websocket, coremq, pubsubx, directory, _database: database };
        server.wait_until_listening()?;
        Ok(server)
    }

    /// Where the server listens for `transport`.
    pub(crate) fn endpoint(&self, transport: Transport) -> Endpoint {
        let address = match transport {
            Transport::Tcp => self.tcp,
            Transport::WebSocket => self.websocket,
        };
        Endpoint { address, transport }
    }

    /// Where the server listens for TCP.
    pub fn address(&self) -> SocketAddr {
        self.tcp
    }

    /// Where the server speaks CoreMQ.
    pub(crate) fn coremq_endpoint(&self) -> Endpoint {
        Endpoint { address: self.coremq, transport: Transport::Tcp }
    }

    /// Where the server speaks PubSubX.
    pub(crate) fn pubsubx_endpoint(&self) -> Endpoint {
        Endpoint { address: self.pubsubx, transport: Transport::Tcp }
    }

    /// What kind of server it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Processor time used so far, by user and system, in steps of the kernel's clock tick.
    pub fn cpu(&self) -> Result<Duration> {
        cpu_of(self.child.id())
    }

    /// Resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.child.id()))?;
        let pages = statm.split(' ').nth(1).context("statm without a second field")?;
        Ok(pages.parse::<u64>()? * rustix::param::page_size() as u64)
    }

    fn wait_until_listening(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_WITHIN;
        for address in [self.tcp, self.websocket] {
            while TcpStream::connect(address).is_err() {
                if let Some(status) = self.child.try_wait()? {
                    bail!("{} ended with {status}: {}", self.kind.name(), self.last_words());
                }
                if deadline <= Instant::now() {
                    let name = self.kind.name();
                    bail!("{name} does not listen on {address}: {}", self.last_words());
                }
                thread::sleep(START_POLL);
            }
        }
        Ok(())
    }

    /// The end of the server's log.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read(self.directory.path().join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join(" | ")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its data is about to be removed: there is nothing it should still write.
        if self.child.kill().is_ok() {
            let _ = self.child.wait();
        }
    }
}

/// Processor time of a process, by user and system.
pub fn cpu_of(process: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field, the program's name in brackets, may hold anything.
    let (_, fields) = stat.rsplit_once(") ").context("stat without a name")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<u64>);
    let (Some(user), Some(system)) = (times.next(), times.next()) else {
        bail!("stat without processor times");
    };
    let ticks = user? + system?;
    Ok(Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second())?)
}

/// Asks a server program for its version.
///
/// # Errors
/// When it cannot be run; the text says what to do.
pub fn version(kind: Kind, places: &Places) -> Result<String> {
    let mut command = match kind {
        Kind::Rialto | Kind::RialtoJmqt | Kind::RialtoPostgres | Kind::RialtoMariadb => {
            Command::new(&places.rialto)
        }
        Kind::Nats | Kind::JetStream | Kind::JetStreamSynced => Command::new(&places.nats),
    };
    command.arg("--version");
    let output = command.output().map_err(|error| not_started(kind, &command, error))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Makes the command for a server that speaks JMQT, CoreMQ and PubSubX at these addresses.
fn rialto(program: &Path, directory: &Path, [jmqt, coremq, pubsubx]: [SocketAddr; 3]) -> Command {
    let mut command = Command::new(program);
    command.arg("serve").arg("--data-dir").arg(directory.join("data"));
    command.arg("--listen").arg(jmqt.to_string());
    for (dialect, address) in [("coremq", coremq), ("pubsubx", pubsubx)] {
        command.arg("--set").arg(format!("listeners.{dialect}.address={address}"));
        command.arg("--set").arg(format!("listeners.{dialect}.dialect={dialect}"));
    }
    command
}

fn nats(
    (kind, program): (Kind, &Path),
    [tcp, websocket]: [SocketAddr; 2],
    directory: &Path,
) -> Result<Command> {
    // There is no flag for WebSocket, and none for what JetStream syncs.
    let mut text = format!("websocket {{ listen: \"{websocket}\", no_tls: true }}\n");
    let store = directory.join("data");
    let store = store.display();
    match kind {
        Kind::JetStream => text += &format!("jetstream {{ store_dir: \"{store}\" }}\n"),
        Kind::JetStreamSynced => {
            text += &format!("jetstream {{ store_dir: \"{store}\", sync_interval: always }}\n");
        }
        _ => {}
    }
    let settings = directory.join("nats.conf");
    fs::write(&settings, text)?;
    let mut command = Command::new(program);
    command.arg("-c").arg(settings);
    command.arg("-a").arg(tcp.ip().to_string()).arg("-p").arg(tcp.port().to_string());
    Ok(command)
}

fn not_started(kind: Kind, command: &Command, error: std::io::Error) -> anyhow::Error {
    let advice = match (kind, error.kind()) {
        (
            Kind::Rialto | Kind::RialtoJmqt | Kind::RialtoPostgres | Kind::RialtoMariadb,
            ErrorKind::NotFound,
        ) => "; build it with `cargo build --release`, or name it with --rialto",
        (_, ErrorKind::NotFound) => {
            "; install it with `apt-get install nats-server`, or leave it out with --no-nats"
        }
        _ => "",
    };
    let program = command.get_program().to_string_lossy().into_owned();
    anyhow::Error::new(error).context(format!("cannot start {program}{advice}"))
}

/// Returns a loopback address on which nothing listens.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
