//! The one place that puts everything together, runs it, and takes it apart again.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use rialto_broker::Broker;
use rialto_config::Settings;
use rialto_domain::CloseReason;
use rialto_net::{ConnectionLimiter, Gate, Proxies};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    acceptor::Acceptor,
    authorizer::ApplicationSlot,
    dialects::Dialects,
    drain,
    engine::Engine,
    error::ServeError,
    handle::Handle,
    http::HttpService,
    lasting,
    listener::Listener,
    memcached::Cache,
    parts::ServerParts,
    reloadable::{Parts, ReloadableServer},
    settings_map,
    startup::{self, Entry},
    store::CommitWatch,
    store_jobs::Job,
    ticker::Ticker,
    watch_files::Look,
};

/// How often a stop looks whether all connections have ended.
const DRAIN_POLL: Duration = Duration::from_millis(10);

/// A running server.
///
/// Made by [`ServerBuilder::start`](crate::ServerBuilder::start). Dropped without
/// [`stop`](Self::stop), it goes on until its runtime ends.
pub struct Server {
    reloadable: Arc<ReloadableServer>,
    addresses: BTreeMap<String, SocketAddr>,
    engine: Engine,
    limiter: Arc<ConnectionLimiter>,
    acceptor: Arc<Acceptor>,
    /// Each listener, and what accepts its connections.
    listeners: Vec<(JoinHandle<()>, Arc<Listener>)>,
    /// What goes on until the server stops: links to other servers, watches.
    tasks: Vec<JoinHandle<()>>,
    /// What keeps the bus up, which takes the last words too.
    bus: Option<JoinHandle<()>>,
    ticker: Ticker,
    /// Told to connections that are not the broker's, or not yet.
    stopping: watch::Sender<bool>,
}

impl Server {
    pub(crate) fn start(settings: &Settings, parts: ServerParts) -> Result<Self, ServeError> {
        let connections_max = startup::connections_max(settings)?;
        let looked_at = Look::at(settings);
        // First: a busy port is the commonest mistake, and costs nothing to find.
        let Entry { certificates, origins, listeners } = Entry::open(settings)?;
        let server = startup::identity(settings, &listeners);
        let origin = Uuid::new_v4().as_u64_pair().0;
        let dialects = Dialects::new(server.address.clone());
        let ServerParts { application, controls } = parts;
        let is_taken = application.is_some();
        let (engine, webhooks) = Engine::start(settings, controls, is_taken, dialects, origin)?;
        let hub = engine.hub.clone();

        let (stopping, _) = watch::channel(false);
        let limits = &settings.limits;
        let limiter = limiter(settings, connections_max);
        let proxies = Arc::new(Proxies::new(settings_map::trusted_proxies(&settings.access)));
        let cache = Arc::new(Cache::new(&settings.cache, connections_max, hub.clone()));
        let connection_limits = Arc::new(ArcSwap::from_pointee(settings_map::connection(settings)));
        let reloadable = Arc::new(ReloadableServer::new(
            settings.clone(),
            Parts {
                hub: hub.clone(),
                limits: connection_limits.clone(),
                certificates,
                origins,
                proxies: proxies.clone(),
                webhooks,
            },
        ));
        if let Some(make) = application {
            let slot = ApplicationSlot::new(make(Handle::new(reloadable.clone())));
            hub.authorizer.replace_application(Some(slot));
        }
        // Of sessions that a crash ended.
        hub.round(|_| ());
        let bounds = (connections_max, stopping.subscribe());
        let asked = engine.asked(&reloadable, &server, &listeners, bounds);
        let acceptor = Arc::new(Acceptor {
            hub: hub.clone(),
            cache: cache.clone(),
            http: HttpService::new(asked, proxies.clone()),
            limits: connection_limits,
            gate: Gate { limiter: limiter.clone(), proxies },
            outbox_bytes_max: limits.outbox_bytes_max.as_usize(),
            server,
            replicants: Arc::default(),
            stopping: stopping.subscribe(),
        });
        let address =
            |listener: &Listener| (listener.entrance.listener.clone(), listener.address());
        // Of a listener with several addresses the first is told.
        let addresses = listeners.iter().rev().map(address).collect();
        let named = startup::name(&listeners);
        let mut tasks = startup::start_links(settings, &acceptor, origin);
        tasks.extend(startup::start_reports(&acceptor));
        let bus = startup::start_bus(&hub);
        let listeners = listeners.into_iter().map(|it| accept(it, &acceptor)).collect();
        tasks.extend(startup::start_watches(&reloadable, looked_at));
        let ticker = Ticker::start(hub, cache, engine.commit_watch.clone(), engine.pulse.clone());
        startup::announce(settings, &named);
        Ok(Server {
            reloadable,
            addresses,
            engine,
            limiter,
            acceptor,
            listeners,
            tasks,
            bus,
            ticker,
            stopping,
        })
    }

    /// Returns what the program does with it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.reloadable.clone())
    }

    /// Returns where each listener listens, by its name in the settings.
    #[must_use]
    pub fn addresses(&self) -> &BTreeMap<String, SocketAddr> {
        &self.addresses
    }

    /// Returns what the broker's ticks show.
    pub(crate) fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    /// Returns what watches the commits to the store.
    pub(crate) fn commit_watch(&self) -> Arc<CommitWatch> {
        self.engine.commit_watch.clone()
    }

    /// Lets clients go a few at a time, over `server.drain_time`, and takes no more connections: what comes
    /// before a [`stop`](Self::stop) that others should hardly notice. Ends before its time if `hurry` does.
    pub async fn drain(&mut self, hurry: impl Future<Output = ()>) {
        self.stop_accepting().await;
        let settings = self.reloadable.settings();
        let time = settings.server.drain_time.get(settings.store.shared);
        drain::over(time, &self.engine.hub, hurry).await;
    }

    /// Says from now on that it is not ready, and closes all listeners.
    async fn stop_accepting(&mut self) {
        self.stopping.send_replace(true);
        for (accepting, listener) in self.listeners.drain(..) {
            accepting.abort();
            _ = accepting.await;
            listener.part_from_waiting(&self.acceptor);
        }
    }

    /// Returns how long a stop may take, with what goes before it.
    pub(crate) fn stop_time(&self) -> Duration {
        let settings = self.reloadable.settings();
        let drain_time = settings.server.drain_time.get(settings.store.shared);
        drain_time + settings.server.shutdown_timeout.get()
    }

    /// Stops: no new connections, goodbye to all, everything written, then the store. Takes as long
    /// as `server.shutdown_timeout` at most, or a little longer where the disk hangs: then it ends
    /// the process.
    pub async fn stop(mut self) {
        self.stop_accepting().await;
        let deadline = Instant::now() + self.reloadable.settings().server.shutdown_timeout.get();
        let left = || deadline.saturating_duration_since(Instant::now());
        let Engine { hub, jobs, store_threads, workers, trace, .. } = self.engine;
        for task in &self.tasks {
            task.abort();
        }
        hub.round(|broker| broker.close_all(CloseReason::ShuttingDown));
        while self.limiter.open() > 0 && !left().is_zero() {
            sleep(DRAIN_POLL).await;
        }
        let open = self.limiter.open();
        if open > 0 {
            tracing::warn!(
                connections = open,
                "some connections were still open at the end of server.shutdown_timeout"
            );
        }
        self.ticker.end();
        trace.abort();
        // What was refused at the very end, and what the window has left out by now.
        hub.audit.end_window();
        hub.end_session_events();
        workers.finish(left()).await;
        self.reloadable.webhooks().finish(left()).await;
        // It may hold a handle, and each would keep the other in memory.
        hub.authorizer.replace_application(None);
        // The last acknowledgements are still in memory only.
        hub.round(Broker::write_all);
        if let Some(bus) = &hub.bus {
            bus.finish().await;
        }
        self.bus.iter().for_each(JoinHandle::abort);
        hub.end_membership();
        _ = jobs.send(Job::Close);
        let joined = tokio::task::spawn_blocking(move || store_threads.join());
        if tokio::time::timeout(left().max(Duration::from_secs(1)), joined).await.is_err() {
            tracing::warn!(
                "the store did not close in time: the process exits; nothing acknowledged is lost"
            );
            // Threads that hang in the disk must not keep the process.
            std::process::exit(0);
        }
        tracing::info!("stopped");
    }
}

/// Makes what counts connections against the limits of the settings.
fn limiter(settings: &Settings, connections_max: usize) -> Arc<ConnectionLimiter> {
    let listeners_max: Vec<_> =
        settings.open_listeners().map(|(_, listener)| listener.connections_max).collect();
    let per_address_max = settings.limits.connections_per_address_max;
    ConnectionLimiter::new(connections_max, per_address_max, &listeners_max)
}

/// Begins to accept a listener's connections.
fn accept(listener: Listener, acceptor: &Arc<Acceptor>) -> (JoinHandle<()>, Arc<Listener>) {
    let (listener, acceptor) = (Arc::new(listener), acceptor.clone());
    let accepting = (listener.clone(), acceptor);
    let task = lasting::spawn("accept", move || {
        let (listener, acceptor) = accepting.clone();
        listener.accept_all(acceptor)
    });
    (task, listener)
}

#[cfg(test)]
mod tests;
