//! The cache: connections that speak memcached's text protocol, and what is told of their changes.
//!
//! A connection is one task that reads, has [`rialto_cache::Session`] answer, and writes before it
//! reads on: a client that does not read its answers is not listened to, and costs one buffer.

mod publish;

use std::{io, sync::Arc, time::Duration};

use rialto_cache::{Progress, Session, Store};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use crate::{hub::Hub, memcached::publish::Publisher};

/// Told to a client for which there is no room.
pub(crate) const TOO_MANY: &[u8] = b"ERROR Too many open connections\r\n";
/// Bytes read at a time.
const READ_BYTES: usize = 16 << 10;
/// Room for answers that a connection keeps.
const REPLY_BYTES_KEPT: usize = 64 << 10;
/// How long a connection that was closed is read on, so that its last answer is not lost to a reset.
const LINGER: Duration = Duration::from_secs(1);

/// The cache as all its connections see it.
pub(crate) struct Cache {
    store: Store,
    hub: Arc<Hub>,
    publisher: Publisher,
}

impl Cache {
    pub(crate) fn new(settings: &rialto_config::Cache, hub: Arc<Hub>) -> Self {
        let publisher = Publisher::new(&settings.publish);
        let store_settings = rialto_cache::Settings {
            bytes_max: settings.bytes_max.as_usize() as u64,
            item_bytes_max: settings.item_bytes_max.as_usize(),
            prefixes: publisher.prefixes(),
        };
        let store = Store::new(store_settings, hub.now().unix_ms);
        Cache { store, hub, publisher }
    }

    /// Does what is due by itself: a flush whose time has come.
    pub(crate) fn on_tick(&self) {
        self.store.flush_if_due(self.hub.now().unix_ms);
        self.publish_changes();
    }

    /// Serves a connection until its client goes, or is sent away.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn serve(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let mut session = Session::new(&self.store);
        let mut buffer = vec![0; READ_BYTES];
        let mut reply = Vec::new();
        loop {
            let came = stream.read(&mut buffer).await?;
            if came == 0 {
                return Ok(());
            }
            let mut input = &buffer[..came];
            loop {
                let now = self.hub.now().unix_ms;
                let progress = session.advance(&self.store, now, &mut input, &mut reply);
                self.publish_changes();
                stream.write_all(&reply).await?;
                stream.flush().await?;
                reply.clear();
                reply.shrink_to(REPLY_BYTES_KEPT);
                match progress {
                    Progress::Full => {}
                    Progress::Hungry => break,
                    Progress::Closed => return part(stream, &mut buffer).await,
                }
            }
        }
    }

    fn publish_changes(&self) {
        if self.store.has_changes() {
            self.publisher.publish(&self.hub, || self.store.take_changes());
        }
    }
}

/// Ends a connection whose client may still be sending.
async fn part(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    buffer: &mut [u8],
) -> io::Result<()> {
    stream.shutdown().await?;
    let rest = async { while stream.read(buffer).await.is_ok_and(|came| came > 0) {} };
    _ = timeout(LINGER, rest).await;
    Ok(())
}
