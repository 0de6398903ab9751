//! A balancer while it runs: its routes with their listeners and checks, and what a reload changes.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use rialto_config::{ListenAddress, RouteTls, Settings};
use rialto_net::{
    Certificates, ConnectionLimiter, Gate, Listener, OpenFiles, Proxies, Tls, TrustedProxies,
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    access_list::AccessList,
    addresses,
    admin::{self, Administered},
    error::BalancerError,
    health_check,
    passage::{Reception, Shared},
    pool::Terms,
    relay::Silence,
    route::{Route, RouteTerms},
    upstream::Manner,
};

/// Files that are open besides those of connections.
const OTHER_FILES: usize = 64;
/// Files that a connection takes: its client's socket and its server's.
const FILES_EACH: usize = 2;

/// A balancer while it runs. Dropped, it goes on; [`stop`](Self::stop) ends it.
pub struct Balancer {
    shared: Arc<Shared>,
    stopping: watch::Sender<bool>,
    /// Ends once no connection is left.
    connections: mpsc::Receiver<()>,
    certificates: Arc<Certificates>,
    running: Mutex<BTreeMap<ListenAddress, Running>>,
    administered: Arc<Administered>,
    admin: JoinHandle<()>,
    addresses: BTreeMap<String, SocketAddr>,
    drain_time: Duration,
}

/// A route that listens.
struct Running {
    route: Arc<Route>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its listeners close; the connections that it has go on.
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Balancer {
    /// Opens the routes of these settings. Servers are checked once before clients are let in.
    ///
    /// # Errors
    /// [`BalancerError`] when there is no route, when one cannot listen, and when certificates cannot be used.
    pub async fn start(settings: &Settings) -> Result<Self, BalancerError> {
        if settings.balancer.routes.is_empty() {
            return Err(BalancerError::NoRoutes);
        }
        let certificates = Arc::new(load_certificates(settings)?);
        let (stopping, is_stopping) = watch::channel(false);
        let (open, connections) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            gate: gate(settings)?,
            storm: Mutex::default(),
            stopping: is_stopping,
            open,
        });
        let administered =
            Arc::new(Administered::new(SystemTime::now(), shared.gate.limiter.clone()));
        let mut balancer = Balancer {
            admin: open_admin(settings, &administered)?,
            addresses: BTreeMap::new(),
            drain_time: settings.server.shutdown_timeout.get(),
            running: Mutex::default(),
            shared,
            stopping,
            connections,
            certificates,
            administered,
        };
        balancer.addresses = balancer.open_routes(settings).await?;
        Ok(balancer)
    }

    /// Returns where each route listens, by its name.
    pub fn addresses(&self) -> &BTreeMap<String, SocketAddr> {
        &self.addresses
    }

    /// Takes up other settings: routes come and go, servers and policies change, and no connection that is open
    /// ends for it. The limits of connections, `balancer.admin`, `server` and `log` stay as they are.
    ///
    /// # Errors
    /// When the settings cannot be used; then all stays as it is, save what was opened already.
    pub async fn reload(&self, settings: &Settings) -> Result<(), BalancerError> {
        if settings.balancer.routes.is_empty() {
            return Err(BalancerError::NoRoutes);
        }
        self.certificates.replace(&load_certificates(settings)?);
        self.shared.gate.proxies.replace(trusted(settings));
        self.open_routes(settings).await?;
        Ok(())
    }

    /// Stops: no new connections, and those that are open have `server.shutdown_timeout` to end.
    pub async fn stop(mut self) {
        self.administered.stop();
        self.running.lock().clear();
        self.stopping.send_replace(true);
        drop(self.shared);
        if timeout(self.drain_time, self.connections.recv()).await.is_err() {
            tracing::info!("connections are open still: they are cut");
        }
        self.admin.abort();
    }

    /// Opens routes that are new, gives those that stay their terms, and closes those that are gone.
    async fn open_routes(
        &self,
        settings: &Settings,
    ) -> Result<BTreeMap<String, SocketAddr>, BalancerError> {
        let terms = route_terms(settings, &self.certificates)?;
        let mut addresses = BTreeMap::new();
        let mut routes = Vec::new();
        for terms in terms {
            let listen = terms.settings.listen.clone();
            let known = self.running.lock().get(&listen).map(|it| it.route.clone());
            let route = match known {
                Some(route) => {
                    route.terms.store(Arc::new(terms));
                    route.find_servers().await;
                    route
                }
                None => {
                    let (route, address, running) = self.open_route(terms).await?;
                    addresses.insert(route.label.clone(), address);
                    self.running.lock().insert(listen.clone(), running);
                    route
                }
            };
            routes.push((listen, route));
        }
        self.running.lock().retain(|listen, _| routes.iter().any(|(it, _)| it == listen));
        self.administered.take_up(routes.into_iter().map(|(_, route)| route).collect());
        Ok(addresses)
    }

    async fn open_route(
        &self,
        terms: RouteTerms,
    ) -> Result<(Arc<Route>, SocketAddr, Running), BalancerError> {
        let is_proxied = terms.settings.accept_proxy_protocol;
        let route = Route::new(terms.clone());
        let sockets = addresses::open(&route.label, &terms.settings.listen)?;
        let address = sockets.first().map(|(address, _)| *address).expect("one was opened");
        route.find_servers().await;
        if route.is_checked() {
            health_check::check_all(&route).await;
        }
        let accept = |(address, socket): (SocketAddr, TcpListener)| {
            let listener = Listener { number: 0, address, socket, is_proxied };
            let reception = Reception { shared: self.shared.clone(), route: route.clone() };
            tokio::spawn(async move {
                listener.accept_all(&reception.shared.gate, &reception).await;
            })
        };
        let mut tasks: Vec<_> = sockets.into_iter().map(accept).collect();
        tasks.push(tokio::spawn(health_check::attend(route.clone())));
        tracing::info!(
            route = route.label, %address, policy = %terms.settings.policy,
            servers = ?terms.settings.servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "a route is open"
        );
        Ok((route.clone(), address, Running { route, tasks }))
    }
}

fn gate(settings: &Settings) -> Result<Gate, BalancerError> {
    let limits = &settings.limits;
    let files = OpenFiles::allow(limits.connections_max * FILES_EACH, OTHER_FILES)
        .map_err(|source| BalancerError::System { what: "allow more open files", source })?;
    let possible = files.connections() / FILES_EACH;
    if possible < limits.connections_max {
        tracing::warn!(
            limit = possible,
            wanted = limits.connections_max,
            "the system's limit of open files allows fewer connections than limits.connections_max"
        );
    }
    let limiter = ConnectionLimiter::new(
        limits.connections_max.min(possible),
        limits.connections_per_address_max,
        &[0],
    );
    Ok(Gate { limiter, proxies: Arc::new(Proxies::new(trusted(settings))) })
}

fn trusted(settings: &Settings) -> TrustedProxies {
    TrustedProxies {
        networks: settings.access.trusted_proxies.iter().map(|&it| it.into()).collect(),
        header: hyper::header::FORWARDED,
    }
}

fn load_certificates(settings: &Settings) -> Result<Certificates, BalancerError> {
    let files = settings.tls.files().map(|(certificate, key)| rialto_net::CertificateFiles {
        certificate,
        key,
        clients: None,
    });
    Certificates::load(files).map_err(|error| {
        let paths = error.files.iter().map(|(_, path)| path.display().to_string());
        BalancerError::Tls(format!("{}: {}", paths.collect::<Vec<_>>().join(" with "), error.cause))
    })
}

/// Returns what each route is held to.
fn route_terms(
    settings: &Settings,
    certificates: &Arc<Certificates>,
) -> Result<Vec<RouteTerms>, BalancerError> {
    let balancer = &settings.balancer;
    let authority = balancer.server_authority.get().map(|path| {
        std::fs::read(path)
            .map(Arc::from)
            .map_err(|error| BalancerError::Tls(format!("{}: {error}", path.display())))
    });
    let authority: Option<Arc<[u8]>> = authority.transpose()?;
    let connector = match balancer.routes.iter().any(|route| route.server_tls) {
        true => {
            let config = rialto_http::client_config(authority.as_deref())
                .map_err(|error| BalancerError::Tls(error.to_string()))?;
            Some(Arc::new(tokio_rustls::TlsConnector::from(Arc::new(config))))
        }
        false => None,
    };
    let of_route = |route: &rialto_config::Route| RouteTerms {
        settings: route.clone(),
        tls: match route.tls {
            RouteTls::Pass => Tls::Off,
            RouteTls::End => Tls::Required(certificates.clone()),
        },
        manner: Manner {
            tls: connector.clone().filter(|_| route.server_tls),
            sends_proxy_head: route.send_proxy_protocol,
        },
        authority: authority.clone(),
        access: AccessList { allow: balancer.allow.clone(), deny: balancer.deny.clone() },
        pool: Terms {
            policy: route.policy,
            failures_max: balancer.failures_max,
            eject_time: balancer.eject_time.get(),
            eject_time_max: balancer.eject_time_max.get(),
            slow_start: balancer.slow_start.get(),
        },
        tries_max: balancer.tries_max,
        connect_timeout: balancer.connect_timeout.get(),
        handshake_timeout: settings.limits.authenticate_timeout.get(),
        silence: Silence {
            idle_max: balancer.idle_timeout.get(),
            half_open_max: balancer.half_open_timeout.get(),
        },
        check_interval: balancer.check_interval.get(),
        check_timeout: balancer.check_timeout.get(),
        per_second_max: balancer.connections_per_second_max,
    };
    Ok(balancer.routes.iter().map(of_route).collect())
}

fn open_admin(
    settings: &Settings,
    administered: &Arc<Administered>,
) -> Result<JoinHandle<()>, BalancerError> {
    let listen = &settings.balancer.admin;
    let mut sockets = addresses::open("balancer.admin", listen)?;
    let (address, socket) = sockets.swap_remove(0);
    tracing::info!(%address, "the administration of the balancer listens");
    Ok(tokio::spawn(admin::serve(socket, administered.clone())))
}
