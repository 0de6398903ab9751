//! The hub, the threads of its store and what goes on beside them: all of a server but its way in.

use std::{
    sync::{Arc, mpsc},
    time::Instant,
};

use rialto_access::{Access, Throttle};
use rialto_broker::Broker;
use rialto_config::{Settings, SlowConsumer, StoreKind};
use rialto_domain::{Change, Load};
use rialto_session::ServerName;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    asked::Asked,
    authorizer::Authorizer,
    bus::BusLink,
    census::Census,
    clock::Clock,
    control::Controls,
    dialects::Dialects,
    entrance::Entrance,
    error::ServeError,
    handle::Handle,
    hub::Hub,
    lasting,
    lease::Lease,
    listener::Listener,
    memory::Memory,
    opening,
    pulse::Pulse,
    reloadable::ReloadableServer,
    repeats::Repeats,
    service::Service,
    session_events::{SessionEvents, Workers},
    settings_map,
    sign_ins::SignIns,
    startup,
    store::{self, CommitWatch, StoreThreads},
    store_jobs::{Job, StoreInboxes},
    tickets::Tickets,
    webhooks::Webhooks,
};

/// The hub, and the threads of its store.
pub(crate) struct Engine {
    pub(crate) hub: Arc<Hub>,
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) store_threads: StoreThreads,
    pub(crate) commit_watch: Arc<CommitWatch>,
    /// What each tick of the broker shows.
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) workers: Workers,
    /// What writes the trace of refusals.
    pub(crate) trace: JoinHandle<()>,
}

impl Engine {
    pub(crate) fn start(
        settings: &Settings,
        controls: Controls,
        is_taken: bool,
        dialects: Dialects,
        origin: u64,
    ) -> Result<(Self, Webhooks), ServeError> {
        let mut store = opening::open(settings)?;
        // What is in memory anyway need not be asked for.
        let load = match settings.store.kind {
            StoreKind::Memory => Load::All,
            StoreKind::Sqlite | StoreKind::Mysql | StoreKind::Postgres => Load::Heads,
        };
        // First: what other nodes commit from now on is told.
        let membership = store.membership()?;
        let snapshot = store.load(load)?;
        let (reader, archive) = (store.reader()?, store.reader()?);
        let clock = Clock::start();
        let authorizer = Arc::new(authorizer(settings, controls, clock)?);
        let webhooks = startup::webhooks(settings, is_taken);
        let application = webhooks.make(&settings.webhook).map_err(ServeError::Access)?;
        webhooks.take_up(application, &authorizer);

        let reports_session_ends = is_taken || authorizer.application().is_some();
        let broker_settings = settings_map::broker(settings, origin, reports_session_ends);
        let broker = Broker::new(dialects, broker_settings, snapshot, clock.now());
        // A store without room takes it later, with the first that it has room for.
        if let Err(error) = store.commit(&[Change::NoteClock(broker.first_clock())]) {
            tracing::debug!(%error, "the clocks could not be written to the store");
        }
        let (jobs, job_inbox) = mpsc::channel();
        let (lookups, lookup_inbox) = mpsc::channel();
        let (wishes, wish_inbox) = mpsc::channel();
        let lease = membership.as_ref().map(|_| Arc::new(Lease::new()));
        let (writer, reader_inbox) = (jobs.clone(), lookups);
        let inboxes = StoreInboxes {
            writer,
            reader: reader_inbox,
            archive,
            member: wishes,
            lease: lease.clone(),
            bus: BusLink::open(settings, origin)?,
        };
        let close_slow = settings.delivery.slow_consumer == SlowConsumer::Close;
        let (session_events, ends) = SessionEvents::new();
        let memory = Memory::new(settings_map::waiting_bytes_max(settings));
        let bounds = (memory, close_slow);
        let hub = Arc::new(Hub::new(broker, authorizer, session_events, clock, inboxes, bounds));
        let commit_watch = Arc::new(CommitWatch::telling(hub.audit.clone()));
        let watch = commit_watch.clone();
        let store_threads = StoreThreads::start(
            &hub,
            store,
            reader,
            job_inbox,
            lookup_inbox,
            watch,
            opening::retry_time(settings),
        )
        .map_err(|source| ServeError::System { what: "start threads", source })?;
        if let Some((mut member, lease)) = membership.zip(lease) {
            // Before anybody is served: loading may have taken long.
            let asked = Instant::now();
            member.renew()?;
            lease.prolong(asked);
            store::start_member(&hub, member, lease, wish_inbox)
                .map_err(|source| ServeError::System { what: "start threads", source })?;
        }
        let workers = ends.start(&hub.authorizer);
        hub.audit.events.want(&settings.events.publish);
        let audit = hub.audit.clone();
        let trace = lasting::spawn("audit", move || audit.clone().keep());
        let pulse = Arc::default();
        Ok((Engine { hub, jobs, store_threads, commit_watch, pulse, workers, trace }, webhooks))
    }

    /// Makes what the HTTP listeners ask.
    pub(crate) fn asked(
        &self,
        reloadable: &Arc<ReloadableServer>,
        server: &Arc<ServerName>,
        listeners: &[Listener],
        (connections_max, stopping): (usize, watch::Receiver<bool>),
    ) -> Asked {
        Asked {
            handle: Handle::of_api(reloadable.clone()),
            census: Census::new(&self.hub),
            server: server.clone(),
            listeners: listeners.iter().map(|listener| listener.status()).collect(),
            entrances: entrances(listeners),
            commit_watch: self.commit_watch.clone(),
            pulse: self.pulse.clone(),
            connections_max,
            history: Arc::default(),
            tail_places: Arc::default(),
            guests: Arc::default(),
            tickets: Tickets::default(),
            repeats: Repeats::default(),
            sign_ins: SignIns::open(&reloadable.settings(), self.hub.now().unix_ms),
            stopping,
        }
    }
}

/// Returns each listener whose connections are clients of the broker.
fn entrances(listeners: &[Listener]) -> Vec<Arc<Entrance>> {
    let brokers = listeners.iter().filter(|it| matches!(it.service, Service::Broker(_)));
    let mut entrances: Vec<_> = brokers.map(|listener| listener.entrance.clone()).collect();
    // Sockets of one listener stand beside each other.
    entrances.dedup_by(|one, other| Arc::ptr_eq(one, other));
    entrances
}

fn authorizer(
    settings: &Settings,
    controls: Controls,
    clock: Clock,
) -> Result<Authorizer, ServeError> {
    let access_settings = settings_map::access(settings).map_err(ServeError::Access)?;
    let (key, revocations) = (startup::signing_key(settings)?, startup::revocations(settings)?);
    let access = Access::new(access_settings, key, revocations)
        .map_err(|error| ServeError::Access(error.to_string()))?;
    let throttle = Throttle::new(settings_map::throttle(settings));
    Ok(Authorizer::new(access, throttle, controls, clock))
}
