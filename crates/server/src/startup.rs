//! What a server makes of its settings before it serves anybody.

use std::{path::PathBuf, sync::Arc};

use rialto_access::{Revocations, SigningKey};
use rialto_config::{
    AccessMode, BusKind, Dialect, Limits, ListenAddress, NODE_PORT, Node, Settings, StoreKind,
    TlsMode,
};
use rialto_net::{Certificates, OpenFiles, Origins, Tls};
use rialto_session::ServerName;
use tokio::task::JoinHandle;

use crate::{
    acceptor::Acceptor,
    addresses, bus, certificates,
    cluster::{self, Links},
    entrance::Entrance,
    error::ServeError,
    event_channels,
    history::{self, Sources},
    hub::Hub,
    jwks, lasting,
    listener::Listener,
    reloadable::ReloadableServer,
    service::Service,
    settings_map,
    watch_files::{self, Look},
    webhooks::Webhooks,
};

/// Open files that the process itself needs: standard streams, timers, signals.
const PROCESS_FILES: usize = 16;
/// Open files of the store, with some that SQLite opens for a moment.
const STORE_FILES: usize = 16;
/// Connections to webhooks, for the keys of JWTs and files that are read anew, at the same time.
const OUTGOING_FILES: usize = 16;
/// Said where the system does not allow as many connections as the settings do.
const FEWER: &str = "fewer connections than limits.connections_max are possible: the system's limit of \
                     open files (ulimit -n, LimitNOFILE) allows no more";
/// Connections that must be possible for a server to be of use.
const CONNECTIONS_MIN: usize = 16;

/// The way in: listeners, and what is shared by all connections before it is known what they speak.
pub(crate) struct Entry {
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) origins: Arc<Origins>,
    pub(crate) listeners: Vec<Listener>,
}

impl Entry {
    /// Reads certificates and opens all listeners; connections wait in them until they are accepted.
    pub(crate) fn open(settings: &Settings) -> Result<Self, ServeError> {
        let certificates = certificates::load(&settings.tls).map_err(ServeError::Certificate)?;
        cluster::check_certificates(&settings.cluster).map_err(ServeError::Certificate)?;
        let (certificates, origins) = (Arc::new(certificates), Arc::<Origins>::default());
        origins.replace(settings.access.websocket_origins.clone());
        let listeners = open_listeners(settings, &certificates, &origins)?;
        Ok(Entry { certificates, origins, listeners })
    }
}

fn open_listeners(
    settings: &Settings,
    certificates: &Arc<Certificates>,
    origins: &Arc<Origins>,
) -> Result<Vec<Listener>, ServeError> {
    let has_certificate = certificates.acceptor().is_some();
    let mut listeners = Vec::new();
    for (number, (name, listener)) in settings.open_listeners().enumerate() {
        let tls = match listener.tls {
            TlsMode::Off => Tls::Off,
            TlsMode::Allow => Tls::Allowed(certificates.clone()),
            TlsMode::Require if has_certificate => Tls::Required(certificates.clone()),
            TlsMode::Require => continue,
        };
        let dialect = listener.dialect.as_str();
        let entrance = Entrance::new(name, dialect);
        for (address, socket) in addresses::open(settings, name, listener)? {
            let service =
                Service::new(listener.dialect, tls.clone(), listener.paced, origins.clone());
            listeners.push(Listener {
                entrance: entrance.clone(),
                service,
                socket: rialto_net::Listener {
                    number,
                    address,
                    socket,
                    is_proxied: listener.proxy_protocol,
                },
            });
        }
    }
    if listeners.is_empty() { Err(ServeError::NoListener) } else { Ok(listeners) }
}

/// Says what this server is called: by the configuration, or as the machine is, and with the port
/// on which others find it.
pub(crate) fn identity(settings: &Settings, listeners: &[Listener]) -> Arc<ServerName> {
    let configured = &settings.cluster.name;
    let name = if configured.is_empty() {
        gethostname::gethostname().to_string_lossy().to_lowercase()
    } else {
        configured.clone()
    };
    let mut listeners = listeners.iter();
    let coremq = listeners.find(|listener| listener.entrance.dialect == Dialect::Coremq.as_str());
    let port = coremq.map_or(NODE_PORT, |listener| listener.address().port());
    let address = Arc::from(format!("{name}:{port}"));
    Arc::new(ServerName { name, address })
}

/// Starts what keeps the links to the other servers, and what knows who may link to this one.
pub(crate) fn start_links(
    settings: &Settings,
    acceptor: &Acceptor,
    origin: u64,
) -> Vec<JoinHandle<()>> {
    let (cluster, server) = (&settings.cluster, &acceptor.server);
    let parse =
        |names: &[String]| names.iter().flat_map(|name| name.parse()).collect::<Vec<Node>>();
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
    let links = Links {
        hub: acceptor.hub.clone(),
        limits: acceptor.limits.clone(),
        credentials: settings_map::credentials(settings),
        server: server.clone(),
        origin,
        settings: Arc::new(cluster.clone()),
    };
    // One that has this very name is this server. Any other that is finds out by asking (C-33): a
    // name without its domain may be that of another.
    let others = nodes.into_iter().filter(|node| {
        !format!("{}:{}", node.host, node.port).eq_ignore_ascii_case(&server.address)
    });
    acceptor.replicants.know(&hosts);
    let replicants = acceptor.replicants.clone();
    let look_up = lasting::spawn("hosts", move || replicants.clone().keep(hosts.clone()));
    let keep = |node: Node| {
        let links = links.clone();
        lasting::spawn("link", move || links.clone().keep(node.clone()))
    };
    std::iter::once(look_up).chain(others.map(keep)).collect()
}

/// Starts what tells on channels what happens, and what keeps figures of it.
pub(crate) fn start_reports(acceptor: &Acceptor) -> [JoinHandle<()>; 2] {
    let (hub, server) = (acceptor.hub.clone(), acceptor.server.address.clone());
    let asked = acceptor.http.asked();
    let history = asked.history.clone();
    let sources = Arc::new(Sources {
        hub: hub.clone(),
        entrances: asked.entrances.clone(),
        commit_watch: asked.commit_watch.clone(),
    });
    [
        lasting::spawn("events", move || event_channels::keep(hub.clone(), server.clone())),
        lasting::spawn("history", move || history::keep(history.clone(), sources.clone())),
    ]
}

/// Starts what keeps the bus between nodes up, if there is one.
pub(crate) fn start_bus(hub: &Arc<Hub>) -> Option<JoinHandle<()>> {
    let (link, hub) = (hub.bus.clone()?, hub.clone());
    Some(lasting::spawn("bus", move || bus::keep(link.clone(), hub.clone())))
}

/// Starts what sees to it that changes are taken up: of files, those since they were looked at.
pub(crate) fn start_watches(
    reloadable: &Arc<ReloadableServer>,
    looked_at: Look,
) -> [JoinHandle<()>; 2] {
    let (files, keys) = (reloadable.clone(), reloadable.clone());
    [
        lasting::spawn("files", move || watch_files::keep(files.clone(), looked_at.clone())),
        lasting::spawn("keys", move || jwks::keep(keys.clone())),
    ]
}

/// Returns all listeners with the addresses they are bound to, for the line that tells of the start:
/// by name and address, neither of which has a blank.
pub(crate) fn name(listeners: &[Listener]) -> String {
    for it in listeners {
        let (listener, dialect, address) =
            (&it.entrance.listener, it.entrance.dialect, it.address());
        let tls = it.service.tls().as_str();
        tracing::debug!(listener, %address, dialect, tls, "listening");
    }
    let named = |it: &Listener| format!("{}={}", it.entrance.listener, it.address());
    listeners.iter().map(named).collect::<Vec<_>>().join(" ")
}

/// Tells the operator in one line what runs, and that it does.
pub(crate) fn announce(settings: &Settings, listeners: &str) {
    if settings.store.shared && settings.bus.kind == BusKind::None {
        tracing::warn!(
            "other nodes may share the database: messages with QoS 0, those of CoreMQ and PubSubX among them, reach \
             clients of this node only, since there is no bus (docs/cluster.md)"
        );
    }
    let is_open = settings.access.mode == AccessMode::Open;
    let hint = is_open.then_some(
        "whoever can connect may publish and read everything; access.mode = \"tokens\" serves only \
         those who have a token",
    );
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        data_dir = %settings.server.data_dir.display(),
        store = settings.store.kind.as_str(),
        mode = settings.access.mode.as_str(),
        listeners,
        hint,
        "ready"
    );
}

/// Returns where the key is that tokens are signed with.
pub(crate) fn signing_key_file(settings: &Settings) -> PathBuf {
    settings.server.data_dir.join("token.key")
}

pub(crate) fn signing_key(settings: &Settings) -> Result<SigningKey, ServeError> {
    let path = signing_key_file(settings);
    if settings.store.kind == StoreKind::Memory && !path.exists() {
        // A broker that keeps nothing has no directory to keep a key in either.
        return SigningKey::random()
            .map_err(|source| ServeError::System { what: "give random bytes", source });
    }
    // A store in a file has made it by now, one in a database has not.
    rialto_access::make_private_directory(&settings.server.data_dir)
        .and_then(|()| SigningKey::load_or_create(&path))
        .map_err(|source| ServeError::SigningKey { path: path.display().to_string(), source })
}

/// Opens the list of those who are banned and of tokens that were taken back.
pub(crate) fn revocations(settings: &Settings) -> Result<Revocations, ServeError> {
    if settings.store.kind == StoreKind::Memory {
        return Ok(Revocations::in_memory());
    }
    let path = settings.server.data_dir.join("revocations.json");
    Revocations::open(&path).map_err(|error| ServeError::Access(error.to_string()))
}

/// Makes what keeps the application that the settings name, and what it was not told of.
pub(crate) fn webhooks(settings: &Settings, is_taken: bool) -> Webhooks {
    let directory = &settings.server.data_dir;
    let undelivered = directory.is_dir().then(|| directory.join("undelivered-events.jsonl"));
    Webhooks::new(is_taken, undelivered, tokio::runtime::Handle::current())
}

/// Allows as many open files as connections need, if the system lets us, and returns how many
/// connections there can be: one refused at a limit is told so, one without a file is not.
///
/// # Errors
/// When the system allows so few that hardly anybody could connect.
pub(crate) fn connections_max(settings: &Settings) -> Result<usize, ServeError> {
    let wanted = settings.limits.connections_max;
    // A host name has two addresses as a rule.
    let sockets = |listener: &rialto_config::Listener| match listener.address {
        ListenAddress::Socket(_) => 1,
        ListenAddress::Name { .. } => 2,
    };
    let listeners = settings.open_listeners().map(|(_, listener)| sockets(listener)).sum();
    let others =
        PROCESS_FILES + STORE_FILES + OUTGOING_FILES + listeners + settings.cluster.nodes.len();
    let files = match OpenFiles::allow(wanted, others) {
        Ok(files) => files,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            return Ok(wanted);
        }
    };
    let possible = files.connections();
    let least = wanted.min(CONNECTIONS_MIN);
    if possible < least {
        return Err(ServeError::OpenFiles {
            allowed: files.allowed,
            needed: files.others + least,
            listeners,
            least,
        });
    }
    if possible < wanted {
        let connections = possible;
        if wanted == Limits::default().connections_max {
            tracing::debug!(connections, "{FEWER}");
        } else {
            tracing::warn!(connections, wanted, "{FEWER}");
        }
    }
    Ok(wanted.min(possible))
}
