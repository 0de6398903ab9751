//! Connections that would not have been let in without a certificate: they end with it, whatever is
//! spoken on them and whoever they say they are.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use rialto_domain::{Certificate, CloseReason};
use rialto_session::Dialect;
use tokio::time::sleep;

use crate::{connection::Connection, hub::Hub};

/// How often it is looked at whether the authority of a certificate is still trusted.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Serves a connection that is none of the broker's, as long as the certificate counts that it
/// needs, if it needs one.
pub(crate) async fn serve(
    hub: &Hub,
    required: Option<Arc<dyn Certificate>>,
    serving: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let Some(required) = required else { return serving.await };
    tokio::select! {
        ended = serving => ended,
        () = end_of(&*required, hub) => Ok(()),
    }
}

/// Runs a connection to the broker likewise; it is told why it ends.
pub(crate) async fn run<D: Dialect>(
    connection: Box<Connection<D>>,
    early: Vec<u8>,
    required: &dyn Certificate,
) {
    let (hub, key) = (connection.hub.clone(), connection.key);
    let mut running = pin!(connection.run(early));
    tokio::select! {
        () = &mut running => return,
        () = end_of(required, &hub) => {}
    }
    hub.round(|broker| broker.close(key, CloseReason::Withdrawn));
    running.await;
}

/// Waits until a certificate counts no more.
async fn end_of(certificate: &dyn Certificate, hub: &Hub) {
    loop {
        let now = hub.now().unix_ms;
        let Some(until) = certificate.counts_until(now) else { return };
        sleep(Duration::from_millis(until.saturating_sub(now)).min(LOOK_EVERY)).await;
    }
}
