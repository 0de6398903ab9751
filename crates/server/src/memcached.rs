//! The cache: connections that speak memcached's text protocol, and what is told of their changes.
//!
//! A connection is one task that reads, has [`rialto_cache::Session`] answer, and writes before it
//! reads on: a client that does not read its answers is not listened to, and costs one buffer.

mod processor_time;
mod publish;

use std::{io, sync::Arc, time::Duration};

use rialto_cache::{Progress, Session, Store};
use rialto_net::{Patience, Stream};
use rialto_stopwatch::timeout;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::sleep,
};

use crate::{hub::Hub, memcached::publish::Publisher};

/// Told to a client for which there is no room.
pub(crate) const TOO_MANY: &[u8] = b"ERROR Too many open connections\r\n";
/// Bytes read at a time.
const READ_BYTES: usize = 16 << 10;
/// Room for answers that a connection keeps.
const REPLY_BYTES_KEPT: usize = 64 << 10;
/// How long answers that are under way may take when the server stops.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The cache as all its connections see it.
pub(crate) struct Cache {
    store: Store,
    hub: Arc<Hub>,
    publisher: Publisher,
    /// Silence after which a connection is closed, if there is such a limit.
    idle_max: Option<Duration>,
}

impl Cache {
    pub(crate) fn new(
        settings: &rialto_config::Cache,
        connections_max: usize,
        hub: Arc<Hub>,
    ) -> Self {
        let publisher = Publisher::new(&settings.publish);
        let store_settings = rialto_cache::Settings {
            bytes_max: settings.bytes_max.as_usize() as u64,
            item_bytes_max: settings.item_bytes_max.as_usize(),
            prefixes: publisher.prefixes(),
            connections_max,
            idle_max: settings.idle_timeout.nonzero(),
            processor_time: processor_time::read,
            ..rialto_cache::Settings::default()
        };
        let store = Store::new(store_settings, hub.steady_ms());
        Cache { store, hub, publisher, idle_max: settings.idle_timeout.nonzero() }
    }

    /// Does what is due by itself, such as a flush whose time has come.
    pub(crate) fn on_tick(&self) {
        let now = self.hub.steady_ms();
        self.store.note_wall(now, self.hub.now().unix_ms);
        self.store.on_tick(now);
        self.publish_changes();
    }

    /// Counts a client for which there was no room.
    pub(crate) fn note_refused(&self) {
        self.store.note_refused();
    }

    /// Serves a connection until its client goes, is sent away, or the server stops.
    ///
    /// # Errors
    /// When the connection breaks; `TimedOut` when its client was silent for too long.
    pub(crate) async fn serve(&self, mut stream: Stream, patience: &Patience) -> io::Result<()> {
        let cut = async {
            patience.stop().await;
            sleep(ANSWER_WITHIN).await;
        };
        let ended = tokio::select! {
            ended = self.answer(&mut stream, patience) => ended,
            () = cut => Ok(()),
        };
        let ended = ended.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => patience.late(),
            _ => error,
        });
        stream.part().await;
        ended
    }

    async fn answer(&self, stream: &mut Stream, patience: &Patience) -> io::Result<()> {
        let mut session = Session::new(&self.store);
        let mut buffer = vec![0; READ_BYTES];
        let mut reply = Vec::new();
        loop {
            let came = tokio::select! {
                came = self.within(stream.read(&mut buffer)) => came?,
                () = patience.stop() => 0,
            };
            if came == 0 {
                return Ok(());
            }
            let mut input = &buffer[..came];
            loop {
                let now = self.hub.steady_ms();
                let progress = session.advance(&self.store, now, &mut input, &mut reply);
                self.publish_changes();
                self.within(stream.write_all(&reply)).await?;
                self.within(stream.flush()).await?;
                reply.clear();
                reply.shrink_to(REPLY_BYTES_KEPT);
                match progress {
                    Progress::Full => {}
                    Progress::Hungry => break,
                    Progress::Closed => return Ok(()),
                }
            }
        }
    }

    /// Waits for a client, as long as it may be silent.
    async fn within<T>(&self, awaited: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        match self.idle_max {
            Some(idle_max) => timeout(idle_max, awaited).await?,
            None => awaited.await,
        }
    }

    fn publish_changes(&self) {
        if self.store.has_changes() {
            self.publisher.publish(&self.hub, || self.store.take_changes());
        }
    }
}
