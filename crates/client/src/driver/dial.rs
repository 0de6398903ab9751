//! How a driver comes by a connection: the first one, and those after a loss.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::error::{ConnectError, Disconnected};
use crate::stranger::Stranger;
use crate::transport::{Stage, Transport, speaks_tls};

use super::{Driver, Turn, now};

/// How long it may take to find out that a port speaks TLS.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

impl Driver {
    /// Connects for the first time, and tells a port that speaks TLS only, which others take for a
    /// connection that is lost.
    pub(crate) async fn establish_first(&mut self) -> Result<Transport, ConnectError> {
        let result = self.establish().await;
        let endpoint = self.options.endpoint.clone();
        let may_be_tls =
            matches!(result, Err(ConnectError::Wordless { .. })) && !endpoint.scheme().has_tls();
        if may_be_tls && timeout(PROBE_TIMEOUT, speaks_tls(&endpoint)).await == Ok(true) {
            return Err(ConnectError::NotJmqt { endpoint, stranger: Stranger::Tls });
        }
        result
    }

    /// Connects and waits until the broker lets the client in.
    async fn establish(&mut self) -> Result<Transport, ConnectError> {
        let limit = self.options.connect_timeout;
        let mut stage = Stage::LookingUp;
        let result = timeout(limit, self.establish_unhurried(&mut stage)).await;
        if !matches!(result, Ok(Ok(_))) {
            self.session.on_close();
        }
        let endpoint = self.options.endpoint.clone();
        result.unwrap_or_else(|_| Err(stage.timed_out(endpoint, limit)))
    }

    async fn establish_unhurried(&mut self, stage: &mut Stage) -> Result<Transport, ConnectError> {
        let mut transport = Transport::dial(&self.options, stage).await?;
        self.session.on_open();
        let endpoint = self.options.endpoint.clone();
        loop {
            if transport.is_idle() {
                transport.send(self.session.take_output());
            }
            transport.exchange_greeting(&endpoint, stage, &mut self.frames).await?;
            match self.take_frames() {
                Ok(Turn::Online) => return Ok(transport),
                Ok(Turn::Refused(refusal)) => {
                    return Err(ConnectError::Refused { endpoint, refusal });
                }
                Ok(Turn::TurnedAway(refusal)) => {
                    return Err(ConnectError::TurnedAway { endpoint, refusal });
                }
                Ok(Turn::Quiet) => {}
                Err(reason) => {
                    return Err(ConnectError::Broken {
                        endpoint,
                        source: io::Error::other(reason),
                    });
                }
            }
        }
    }

    /// Makes a new connection in place of one that ended for `reason`, if that is wanted.
    pub(super) async fn restore(
        &mut self,
        reason: Disconnected,
        online_since: Instant,
    ) -> Result<Transport, Disconnected> {
        let Some(backoff) = self.options.reconnect.filter(|_| reason.is_transient()) else {
            return Err(reason);
        };
        // A connection that ends at once counts as futile: two clients of one id would otherwise
        // take it from each other as fast as they can.
        if backoff.longest <= now() - online_since {
            self.futile_count = 0;
        }
        self.connection.send_replace(Connection::Lost(reason));
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            restored = self.retry(backoff) => {
                restored.map_err(|error| Disconnected::NotRestored(Arc::new(error)))
            }
            () = shared.close_asked.notified() => Err(Disconnected::Closed),
        }
    }

    async fn retry(&mut self, backoff: Backoff) -> Result<Transport, ConnectError> {
        let lost_at = now();
        loop {
            sleep(backoff.wait(self.futile_count, &mut self.dice)).await;
            self.futile_count = self.futile_count.saturating_add(1);
            let error = match self.establish().await {
                Ok(transport) => return Ok(transport),
                Err(error) => error,
            };
            let is_over = backoff.give_up_after.is_some_and(|limit| limit <= now() - lost_at);
            // Without a handle left nobody can want the connection back.
            if is_over || !error.is_transient() || self.commands.is_closed() {
                return Err(error);
            }
        }
    }
}
