//! What can be looked at and changed while the balancer runs.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use arc_swap::ArcSwap;
use rialto_domain::AUDIT_TARGET;
use rialto_net::ConnectionLimiter;
use rialto_stopwatch::Moment;
use serde::Serialize;

use crate::{
    pool::{Spec, State},
    route::Route,
};

/// What can be looked at and changed while the balancer runs.
pub(crate) struct Administered {
    pub(super) started: SystemTime,
    pub(super) limiter: Arc<ConnectionLimiter>,
    pub(super) routes: ArcSwap<Vec<Arc<Route>>>,
    is_stopping: AtomicBool,
}

/// A server as it is told of.
#[derive(Debug, Serialize)]
pub(super) struct Server {
    pub(super) route: String,
    pub(super) server: SocketAddr,
    pub(super) host: String,
    pub(super) state: &'static str,
    pub(super) weight: u32,
    pub(super) backup: bool,
    pub(super) connections: u32,
}

impl Administered {
    pub(crate) fn new(started: SystemTime, limiter: Arc<ConnectionLimiter>) -> Self {
        Administered {
            started,
            limiter,
            routes: ArcSwap::default(),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// Takes up the routes that there are now.
    pub(crate) fn take_up(&self, routes: Vec<Arc<Route>>) {
        self.routes.store(Arc::new(routes));
    }

    /// Is not ready any more.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Returns why the balancer is not ready: it stops, or a route has no server.
    pub(super) fn trouble(&self) -> Option<String> {
        if self.is_stopping.load(Ordering::Relaxed) {
            return Some("stopping".to_owned());
        }
        let now = Moment::now();
        let routes = self.routes.load();
        let without = routes.iter().find(|route| !route.with_pool(|pool| pool.is_ready(now)));
        without.map(|route| format!("the route {} has no server", route.label))
    }

    pub(super) fn servers(&self) -> Vec<Server> {
        let now = Moment::now();
        let of_route = |route: &Arc<Route>| {
            let server = |(spec, state, open): (Spec, State, u32)| Server {
                route: route.label.clone(),
                server: spec.address,
                host: route.host(spec.address),
                state: state.word(),
                weight: spec.weight,
                backup: spec.is_backup,
                connections: open,
            };
            route.with_pool(|pool| pool.servers(now).map(server).collect::<Vec<_>>())
        };
        self.routes.load().iter().flat_map(of_route).collect()
    }

    /// Gives the servers at an address, of a name or of an IP address without a port no new connections, or does
    /// again. Returns how many there are.
    pub(super) fn drain(&self, named: &str, is_draining: bool) -> usize {
        let is_meant = |server: &Server| {
            let Server { server, host, .. } = server;
            named == server.to_string()
                || named.parse::<IpAddr>().is_ok_and(|ip| ip == server.ip())
                || named == host
                || named == format!("{host}:{}", server.port())
        };
        let meant: Vec<Server> = self.servers().into_iter().filter(is_meant).collect();
        let now = Moment::now();
        for route in self.routes.load().iter() {
            for Server { server, .. } in meant.iter().filter(|it| it.route == route.label) {
                route.with_pool(|pool| pool.drain(*server, is_draining, now));
                let event = if is_draining { "server-drained" } else { "server-resumed" };
                tracing::info!(target: AUDIT_TARGET, event, route = route.label, %server);
            }
        }
        meant.len()
    }
}
