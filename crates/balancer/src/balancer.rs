//! A balancer while it runs: its routes with their listeners and checks, and what a reload changes.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use rialto_config::{ListenAddress, Settings};
use rialto_net::{Certificates, Listener};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    addresses,
    admin::{self, Administered},
    entrance::Entrance,
    error::BalancerError,
    health_check,
    passage::{Reception, Shared},
    route::{Route, RouteTerms},
    terms::{gate, load_certificates, route_terms, trusted},
};

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

/// An address that is listened on, with its routes.
struct Running {
    address: SocketAddr,
    entrance: Arc<Entrance>,
    listeners: Vec<JoinHandle<()>>,
    routes: Vec<Attended>,
}

/// A route with the task that checks its servers.
struct Attended {
    route: Arc<Route>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its listeners close; the connections that it has go on.
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.task.abort();
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
        let mut by_address = BTreeMap::<ListenAddress, Vec<RouteTerms>>::new();
        for terms in route_terms(settings, &self.certificates)? {
            by_address.entry(terms.settings.listen.clone()).or_default().push(terms);
        }
        let mut addresses = BTreeMap::new();
        let listened = by_address.keys().cloned().collect::<Vec<_>>();
        for (listen, terms) in by_address {
            let known = self.running.lock().remove(&listen);
            let running = match known {
                Some(mut running) => {
                    running.routes =
                        attend_routes(terms, running.address, &mut running.routes).await;
                    running.entrance.replace(routes_of(&running.routes));
                    running
                }
                None => {
                    let running = self.open_address(&listen, terms).await?;
                    let labels = running.routes.iter().map(|it| it.route.label.clone());
                    addresses.extend(labels.map(|label| (label, running.address)));
                    running
                }
            };
            self.running.lock().insert(listen, running);
        }
        let mut running = self.running.lock();
        running.retain(|listen, _| listened.contains(listen));
        let all = running.values().flat_map(|it| routes_of(&it.routes)).collect();
        self.administered.take_up(all);
        Ok(addresses)
    }

    /// Listens on an address.
    async fn open_address(
        &self,
        listen: &ListenAddress,
        terms: Vec<RouteTerms>,
    ) -> Result<Running, BalancerError> {
        let first = &terms[0];
        let is_proxied = first.settings.accept_proxy_protocol;
        let sockets = addresses::open(&first.settings.label(), listen)?;
        let address = sockets.first().map(|(address, _)| *address).expect("one was opened");
        let routes = attend_routes(terms, address, &mut Vec::new()).await;
        let entrance = Arc::new(Entrance::new(routes_of(&routes)));
        let accept = |(address, socket): (SocketAddr, TcpListener)| {
            let listener = Listener { number: 0, address, socket, is_proxied };
            let reception = Reception { shared: self.shared.clone(), entrance: entrance.clone() };
            tokio::spawn(async move {
                listener.accept_all(&reception.shared.gate, &reception).await;
            })
        };
        let listeners = sockets.into_iter().map(accept).collect();
        Ok(Running { address, entrance, listeners, routes })
    }
}

fn routes_of(attended: &[Attended]) -> Vec<Arc<Route>> {
    attended.iter().map(|it| it.route.clone()).collect()
}

/// Gives routes of an address their terms: those that are among `known` stay, the others begin once their servers were
/// checked.
async fn attend_routes(
    terms: Vec<RouteTerms>,
    address: SocketAddr,
    known: &mut Vec<Attended>,
) -> Vec<Attended> {
    let mut attended = Vec::with_capacity(terms.len());
    for terms in terms {
        let is_same = |it: &Attended| {
            it.route.terms.load().settings.server_names == terms.settings.server_names
        };
        match known.iter().position(is_same) {
            Some(place) => {
                let it = known.swap_remove(place);
                it.route.terms.store(Arc::new(terms));
                it.route.find_servers().await;
                attended.push(it);
            }
            None => attended.push(begin_route(terms, address).await),
        }
    }
    attended
}

async fn begin_route(terms: RouteTerms, address: SocketAddr) -> Attended {
    let route = Route::new(terms);
    route.find_servers().await;
    if route.is_checked() {
        health_check::check_all(&route).await;
    }
    let terms = route.terms.load_full();
    let settings = &terms.settings;
    tracing::info!(
        route = route.label, %address, policy = %settings.policy,
        servers = ?settings.servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "a route is open"
    );
    Attended { route: route.clone(), task: tokio::spawn(health_check::attend(route.clone())) }
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
