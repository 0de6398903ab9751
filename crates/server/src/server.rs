//! The one place that puts everything together, runs it, and takes it apart again.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, mpsc},
    time::Duration,
};

use rialto_access::{Access, SigningKey};
use rialto_broker::{Broker, CloseReason};
use rialto_config::{AccessMode, Dialect, Settings, SlowConsumer, StoreKind, TlsMode};
use rialto_session::{Dialects, coremq};
use rialto_store::StoreError;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use uuid::Uuid;

use crate::{
    admission::Admission,
    cluster::{self, Links, Node},
    greeting::{self, Tls},
    hub::{Clock, Hub, StoreInboxes, TICK},
    listener::{Listener, bind},
    memcached::Cache,
    reception::{Reception, Room},
    settings as map,
    status::StatusPage,
    store::{Job, StoreThreads},
};

/// File descriptors kept for everything but connections.
const DESCRIPTORS_RESERVED: u64 = 64;
/// How often a stop looks whether all connections have ended.
const DRAIN_POLL: Duration = Duration::from_millis(10);

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store cannot be opened; its text says why and what to do.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signing key in the data directory cannot be read or made.
    #[error("cannot use the signing key {path}: {source}")]
    SigningKey {
        /// The key's file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("cannot use the certificate: {0}; `rialto cert new` makes one for development")]
    Certificate(String),
    /// An address cannot be listened on.
    #[error("listener {name} cannot listen on {address}: {source}{}", advice(.source))]
    Listen {
        /// The listener's name in the configuration.
        name: String,
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing to listen on.
    #[error(
        "no listener is open: enable one, or configure a certificate for those that require TLS"
    )]
    NoListener,
    /// The system refused something a server needs.
    #[error("the system refused to {what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Returns what to do about an address that cannot be had, ready to stand behind the reason.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; stop what listens there, or choose another address",
        io::ErrorKind::AddrNotAvailable => "; choose one of this machine's own addresses",
        io::ErrorKind::PermissionDenied => "; choose a port above 1023, or allow Rialto this one",
        _ => "",
    }
}

/// Runs a server with these settings until SIGTERM or SIGINT, then stops it gracefully.
///
/// Blocks the calling thread; makes its own runtime. The settings must have been checked, as
/// `rialto_config::load` does. Logs through `tracing`, which the caller sets up; one line
/// `listening` a listener carries the address, so that port 0 can be used.
///
/// # Errors
/// [`ServeError`] when the server cannot start. Once it runs, it returns `Ok` after its stop.
pub fn run(settings: &Settings) -> Result<(), ServeError> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if settings.server.worker_threads > 0 {
        runtime.worker_threads(settings.server.worker_threads);
    }
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|source| ServeError::System { what: "start threads", source })?;
    runtime.block_on(async {
        // Before anybody can see that it runs, and ask it to stop.
        let stop =
            stop_signal().map_err(|source| ServeError::System { what: "watch signals", source })?;
        let server = Server::start(settings)?;
        // Waited for outside the macro, which evaluates nothing when its level is off.
        let signal = stop.await;
        tracing::info!(signal, "stopping");
        server.stop(settings.server.shutdown_timeout.get()).await;
        Ok(())
    })
}

/// A running server.
struct Server {
    hub: Arc<Hub>,
    jobs: mpsc::Sender<Job>,
    store_threads: StoreThreads,
    admission: Arc<Admission>,
    /// Everything that goes on until the server stops: acceptors, links to other servers.
    tasks: Vec<JoinHandle<()>>,
    ticker: JoinHandle<()>,
    /// Told to connections that have not said yet what they speak.
    stopping: watch::Sender<bool>,
}

impl Server {
    fn start(settings: &Settings) -> Result<Self, ServeError> {
        // Listeners first: a busy port is the commonest mistake, and costs nothing to find.
        let listeners = open_listeners(settings)?;
        let mut store = rialto_store::open(map::store(settings))?;
        let snapshot = store.load()?;
        let reader = store.reader()?;
        let gate = Access::new(map::access(settings), signing_key(settings)?);

        let clock = Clock::start();
        let server = identity(settings, &listeners);
        let origin = Uuid::new_v4().as_u64_pair().0;
        let dialects = Dialects { server: server.address.clone() };
        let broker = Broker::new(dialects, map::broker(settings, origin), snapshot, clock.now());
        let (jobs, job_inbox) = mpsc::channel();
        let (reads, read_inbox) = mpsc::channel();
        let inboxes = StoreInboxes { writer: jobs.clone(), reader: reads };
        let close_slow = settings.delivery.slow_consumer == SlowConsumer::Close;
        let hub = Arc::new(Hub::new(broker, gate, clock, inboxes, close_slow));
        let store_threads = StoreThreads::start(&hub, store, reader, job_inbox, read_inbox)
            .map_err(|source| ServeError::System { what: "start threads", source })?;

        let (stopping, _) = watch::channel(false);
        let limits = &settings.limits;
        let admission =
            Admission::new(connections_max(settings), limits.connections_per_address_max);
        let cache = Arc::new(Cache::new(&settings.cache, hub.clone()));
        let reception = Arc::new(Reception {
            hub: hub.clone(),
            cache: cache.clone(),
            status_page: StatusPage::new(hub.clone(), server.clone()),
            limits: map::connection(settings),
            admission: admission.clone(),
            outbox_bytes_max: limits.outbox_bytes_max.as_usize(),
            // J-45: one that says nothing is given no more time than a session that falls silent.
            greeting_timeout: limits
                .authenticate_timeout
                .get()
                .min(settings.session.heartbeat_timeout.get()),
            server,
            replicants: Arc::default(),
            stopping: stopping.subscribe(),
        });
        announce(settings, &listeners);
        let mut tasks = start_links(settings, &reception, origin);
        let accept = |listener: Listener| tokio::spawn(listener.accept_all(reception.clone()));
        tasks.extend(listeners.into_iter().map(accept));
        let ticker = tokio::spawn(tick(hub.clone(), cache));
        Ok(Server { hub, jobs, store_threads, admission, tasks, ticker, stopping })
    }

    /// Stops: no new connections, goodbye to all, everything written, then the store.
    async fn stop(self, within: Duration) {
        let deadline = Instant::now() + within;
        for task in &self.tasks {
            task.abort();
        }
        self.stopping.send_replace(true);
        self.hub.round(|broker| broker.close_all(CloseReason::ShuttingDown));
        while self.admission.open() > 0 && Instant::now() < deadline {
            sleep(DRAIN_POLL).await;
        }
        let left = self.admission.open();
        if left > 0 {
            tracing::warn!(connections = left, "some connections did not end in time");
        }
        self.ticker.abort();
        // The last acknowledgements are still in memory only.
        self.hub.round(Broker::write_all);
        _ = self.jobs.send(Job::Close);
        let store_threads = self.store_threads;
        let joined = tokio::task::spawn_blocking(move || store_threads.join());
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        if tokio::time::timeout(left, joined).await.is_err() {
            tracing::warn!("the store did not finish in time; nothing acknowledged is lost");
            // Threads that hang in the disk must not keep the process.
            std::process::exit(0);
        }
        tracing::info!("stopped");
    }
}

async fn tick(hub: Arc<Hub>, cache: Arc<Cache>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let forgotten = hub.round(|broker| {
            broker.on_tick();
            broker.take_forgotten()
        });
        for client in forgotten {
            tracing::info!(%client, "client removed");
        }
        cache.on_tick();
    }
}

/// Returns what waits for the first signal to stop.
fn stop_signal() -> io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

fn open_listeners(settings: &Settings) -> Result<Vec<Listener>, ServeError> {
    let acceptor = match settings.tls.files() {
        Some((certificate, key)) => {
            Some(greeting::acceptor(certificate, key).map_err(ServeError::Certificate)?)
        }
        None => None,
    };
    let mut listeners = Vec::new();
    for (name, listener) in settings.open_listeners() {
        let failed = |source| ServeError::Listen {
            name: name.to_owned(),
            address: listener.address,
            source,
        };
        let tls = match (listener.tls, &acceptor) {
            (TlsMode::Off, _) | (TlsMode::Allow, None) => Tls::Off,
            (TlsMode::Allow, Some(acceptor)) => Tls::Allowed(acceptor.clone()),
            (TlsMode::Require, Some(acceptor)) => Tls::Required(acceptor.clone()),
            (TlsMode::Require, None) => continue,
        };
        let socket = bind(listener.address).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let room = Room::new(listener.dialect, tls, listener.paced);
        listeners.push(Listener { name: name.to_owned(), address, socket, room });
    }
    if listeners.is_empty() { Err(ServeError::NoListener) } else { Ok(listeners) }
}

/// Says what this server is called: by the configuration, or as the machine is, and with the port
/// on which others find it.
fn identity(settings: &Settings, listeners: &[Listener]) -> Arc<coremq::Server> {
    let configured = &settings.cluster.name;
    let name = if configured.is_empty() {
        gethostname::gethostname().to_string_lossy().to_lowercase()
    } else {
        configured.clone()
    };
    let mut listeners = listeners.iter();
    let coremq = listeners.find(|listener| listener.room.dialect() == Dialect::Coremq);
    let port = coremq.map_or(cluster::PORT, |listener| listener.address.port());
    let address = Arc::from(format!("{name}:{port}"));
    Arc::new(coremq::Server { name, address })
}

/// Starts what keeps the links to the other servers, and what knows who may link to this one.
fn start_links(settings: &Settings, reception: &Reception, origin: u64) -> Vec<JoinHandle<()>> {
    let (cluster, server) = (&settings.cluster, &reception.server);
    let parse = |names: &[String]| names.iter().map(|name| Node::parse(name)).collect::<Vec<_>>();
    let nodes = parse(&cluster.nodes);
    let mut hosts: Vec<String> = parse(&cluster.allowed_replicants)
        .into_iter()
        .chain(nodes.iter().cloned())
        .map(|node| node.host)
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    if hosts.is_empty() {
        return Vec::new();
    }
    let port = server.address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let links = Links {
        hub: reception.hub.clone(),
        limits: reception.limits.clone(),
        credentials: map::credentials(settings),
        server: server.clone(),
        origin,
    };
    let others = nodes.into_iter().filter(|node| !node.is(&server.name, port.unwrap_or(0)));
    reception.replicants.know(&hosts);
    let mut tasks = vec![tokio::spawn(reception.replicants.clone().keep(hosts))];
    tasks.extend(others.map(|node| tokio::spawn(links.clone().keep(node))));
    tasks
}

/// Tells the operator what is open, and to whom.
fn announce(settings: &Settings, listeners: &[Listener]) {
    for Listener { name, address, room, .. } in listeners {
        let (dialect, tls) = (room.dialect().as_str(), room.tls().as_str());
        tracing::info!(listener = name, %address, dialect, tls, "listening");
    }
    if settings.access.mode == AccessMode::Open {
        tracing::info!(
            "open mode: whoever can connect may publish and read everything; \
             set access.mode = \"tokens\" to serve only those who have a token"
        );
    }
}

fn signing_key(settings: &Settings) -> Result<SigningKey, ServeError> {
    let path = settings.server.data_dir.join("token.key");
    if settings.store.kind == StoreKind::Memory && !path.exists() {
        // A broker that keeps nothing has no directory to keep a key in either.
        return SigningKey::random()
            .map_err(|source| ServeError::System { what: "give random bytes", source });
    }
    SigningKey::load_or_create(&path)
        .map_err(|source| ServeError::SigningKey { path: path.display().to_string(), source })
}

/// Allows as many open files as connections need, if the system lets us, and returns how many
/// connections there can be: one refused at a limit is told so, one without a file is not.
fn connections_max(settings: &Settings) -> usize {
    let wanted = settings.limits.connections_max;
    match rlimit::increase_nofile_limit(wanted as u64 + DESCRIPTORS_RESERVED) {
        Ok(files) => {
            let possible = files.saturating_sub(DESCRIPTORS_RESERVED) as usize;
            if possible < wanted {
                tracing::info!(
                    connections = possible,
                    "fewer connections than limits.connections_max: the system's limit of open \
                     files (ulimit -n, LimitNOFILE) allows no more"
                );
            }
            wanted.min(possible)
        }
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            wanted
        }
    }
}
