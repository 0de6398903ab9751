//! A route while it runs: its settings, its servers, and what is counted.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rialto_config::{BalancedDialect, BalancingPolicy, HealthCheck};
use rialto_net::Tls;
use rialto_stopwatch::Moment;

use crate::{
    access_list::AccessList,
    addresses::{self, Servers},
    chance::Chance,
    counts::Counts,
    pool::{Pool, Terms},
    relay::Silence,
    upstream::Manner,
};

/// What a route is held to; replaced as a whole by a reload.
#[derive(Clone)]
pub(crate) struct RouteTerms {
    pub(crate) settings: rialto_config::Route,
    pub(crate) tls: Tls,
    pub(crate) manner: Manner,
    /// The authorities that sign the certificates of servers (PEM), if they are named.
    pub(crate) authority: Option<Arc<[u8]>>,
    pub(crate) access: AccessList,
    pub(crate) pool: Terms,
    pub(crate) tries_max: usize,
    pub(crate) connect_timeout: Duration,
    /// How long a client may take for what comes before its bytes are passed on.
    pub(crate) handshake_timeout: Duration,
    pub(crate) silence: Silence,
    pub(crate) check_interval: Duration,
    pub(crate) check_timeout: Duration,
    /// Most new connections a second over all routes; 0 for no limit.
    pub(crate) per_second_max: usize,
}

/// A route while it runs.
pub(crate) struct Route {
    /// What logs and metrics call it.
    pub(crate) label: String,
    pub(crate) terms: ArcSwap<RouteTerms>,
    pub(crate) counts: Counts,
    pool: Mutex<Pool>,
    hosts: ArcSwap<HashMap<SocketAddr, String>>,
    chance: Chance,
}

/// A connection's hold on the server that was chosen for it; given back when dropped.
pub(crate) struct Chosen {
    route: Arc<Route>,
    pub(crate) server: SocketAddr,
}

impl Route {
    /// Begins a route whose servers are not looked up yet.
    pub(crate) fn new(terms: RouteTerms) -> Arc<Self> {
        Arc::new(Route {
            label: terms.settings.label(),
            counts: Counts::default(),
            pool: Mutex::new(Pool::new(terms.pool, &[])),
            hosts: ArcSwap::default(),
            chance: Chance::default(),
            terms: ArcSwap::from_pointee(terms),
        })
    }

    /// Looks the servers up, and takes up where they are now. A name that cannot be looked up leaves the servers as
    /// they are: names fail more often than servers do.
    pub(crate) async fn find_servers(&self) {
        let terms = self.terms.load_full();
        let Servers { mut specs, mut hosts, unknown } =
            addresses::find(&terms.settings.servers).await;
        if !unknown.is_empty() {
            tracing::warn!(route = self.label, ?unknown, "servers have no address");
            let known = self.hosts.load();
            let lost = |host: &String| {
                terms
                    .settings
                    .servers
                    .iter()
                    .any(|it| it.host == *host && unknown.contains(&it.to_string()))
            };
            for (spec, ..) in self.pool.lock().servers(Moment::now()) {
                let Some(host) = known.get(&spec.address).filter(|host| lost(host)) else {
                    continue;
                };
                if hosts.insert(spec.address, host.clone()).is_none() {
                    specs.push(spec);
                }
            }
        }
        self.hosts.store(Arc::new(hosts));
        self.pool.lock().replace(terms.pool, &specs);
    }

    /// Chooses the server for a connection, besides those that were tried for it; `None` if there is none.
    pub(crate) fn choose(self: &Arc<Self>, key: u64, tried: &[SocketAddr]) -> Option<Chosen> {
        let drawn = (key, self.chance.draw());
        let server = self.pool.lock().choose(Moment::now(), drawn, tried)?;
        Some(Chosen { route: self.clone(), server })
    }

    /// Returns the name by which a server was found.
    pub(crate) fn host(&self, server: SocketAddr) -> String {
        self.hosts.load().get(&server).cloned().unwrap_or_else(|| server.ip().to_string())
    }

    /// Notes that a server took a connection.
    pub(crate) fn note_success(&self, server: SocketAddr) {
        self.pool.lock().succeeded(server);
    }

    /// Notes that a server failed a connection or a check, and how.
    pub(crate) fn note_failure(&self, server: SocketAddr, error: &dyn std::fmt::Display) {
        let is_ejected = self.pool.lock().failed(server, Moment::now());
        self.counts.server_failed(is_ejected);
        if is_ejected {
            tracing::warn!(
                route = self.label, %server, %error,
                "the server failed too often: it gets no new connections for a time"
            );
        } else {
            tracing::debug!(route = self.label, %server, %error, "the server failed");
        }
    }

    /// Notes that a check of a server went well.
    pub(crate) fn note_check(&self, server: SocketAddr) {
        if self.pool.lock().checked(server, Moment::now()) {
            tracing::info!(route = self.label, %server, "the server is back");
        }
    }

    /// Looks at the servers, or changes what is known of them.
    pub(crate) fn with_pool<T>(&self, act: impl FnOnce(&mut Pool) -> T) -> T {
        act(&mut self.pool.lock())
    }

    pub(crate) fn dialect(&self) -> BalancedDialect {
        self.terms.load().settings.dialect
    }

    pub(crate) fn hashes_clients(&self) -> bool {
        self.terms.load().settings.policy == BalancingPolicy::HashClient
    }

    /// Says whether it is for clients whatever name they ask for.
    pub(crate) fn is_for_all_names(&self) -> bool {
        self.terms.load().settings.server_names.is_empty()
    }

    pub(crate) fn is_checked(&self) -> bool {
        self.terms.load().settings.check != HealthCheck::Off
    }
}

impl Drop for Chosen {
    fn drop(&mut self) {
        self.route.pool.lock().closed(self.server);
    }
}
