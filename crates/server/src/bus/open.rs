//! The bus that settings name.

use std::{fs, time::Duration};

use rialto_bus::{
    Bus, BusError, BusReceiver as _, BusSender as _, Event, Line, NatsBus, RedisBus, Subjects,
    Topology,
};
use rialto_config::{BusKind, Settings};
use tokio::{sync::mpsc, time::timeout};

use crate::error::ServeError;

/// How long a look at a bus may take.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// A bus, whichever it is.
pub(super) enum AnyBus {
    Redis(RedisBus),
    Nats(NatsBus),
}

impl AnyBus {
    /// Makes what connects to the bus of the settings; `None` if they name none.
    pub(super) fn open(settings: &Settings) -> Result<Option<Self>, ServeError> {
        if settings.bus.kind == BusKind::None {
            return Ok(None);
        }
        let urls = urls(settings)?;
        let urls: Vec<&str> =
            urls.split(',').map(str::trim).filter(|url| !url.is_empty()).collect();
        let inbox_bytes_max = settings.bus.queue_bytes_max.as_usize();
        let bus = match settings.bus.kind {
            BusKind::Nats => NatsBus::new(&urls).map(AnyBus::Nats),
            BusKind::None | BusKind::Redis => {
                RedisBus::new(&urls, topology(settings), inbox_bytes_max).map(AnyBus::Redis)
            }
        };
        bus.map(Some).map_err(|error| ServeError::Bus(error.to_string()))
    }

    /// Keeps a line up over it.
    pub(super) async fn run(self, line: &Line, events: mpsc::Sender<Event>) {
        match self {
            AnyBus::Redis(bus) => line.run(bus, events).await,
            AnyBus::Nats(bus) => line.run(bus, events).await,
        }
    }

    /// Connects, subscribes, and hears itself, as far as that is possible.
    pub(super) async fn look(self, subjects: &Subjects) -> Result<(), ServeError> {
        let looked = match self {
            AnyBus::Redis(bus) => timeout(LOOK_WITHIN, look(bus, subjects)).await,
            AnyBus::Nats(bus) => timeout(LOOK_WITHIN, look(bus, subjects)).await,
        };
        let late = BusError::Silent(LOOK_WITHIN.as_secs());
        looked.unwrap_or(Err(late)).map_err(|error| ServeError::Bus(error.to_string()))
    }
}

async fn look<B: Bus>(mut bus: B, subjects: &Subjects) -> Result<(), BusError> {
    let (mut sender, mut receiver) = bus.connect().await?;
    let asking = async {
        sender.subscribe(&[subjects.all()]).await?;
        sender.check().await
    };
    let failing = async {
        loop {
            if let Err(error) = receiver.next().await {
                return error;
            }
        }
    };
    tokio::select! {
        asked = asking => asked,
        error = failing => Err(error),
    }
}

/// Makes the subjects of the settings.
pub(super) fn subjects(settings: &Settings) -> Subjects {
    let bus = &settings.bus;
    match bus.cluster {
        true => Subjects::partitioned(&bus.prefix, bus.partitions),
        false => Subjects::new(&bus.prefix),
    }
}

fn topology(settings: &Settings) -> Topology {
    let bus = &settings.bus;
    match (bus.cluster, bus.sentinel.as_str()) {
        (true, _) => Topology::Cluster,
        (false, "") => Topology::Single,
        (false, name) => Topology::Sentinel(name.to_owned()),
    }
}

fn urls(settings: &Settings) -> Result<String, ServeError> {
    let Some(path) = settings.bus.url_file.get() else {
        return Ok(settings.bus.urls.expose().to_owned());
    };
    fs::read_to_string(path)
        .map_err(|error| ServeError::Bus(format!("bus.url_file, {}: {error}", path.display())))
}
