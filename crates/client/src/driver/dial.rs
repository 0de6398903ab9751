//! How a driver comes by a connection: the first one, and those after a loss.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::time::{sleep, timeout};

use crate::client::Connection;
use crate::error::{ConnectError, Disconnected};
use crate::options::Backoff;
use crate::transport::Transport;

use super::{Driver, Turn, now};

impl Driver {
    /// Connects and waits until the broker lets the client in.
    pub(crate) async fn establish(&mut self) -> Result<Transport, ConnectError> {
        let limit = self.options.connect_timeout;
        let result = timeout(limit, self.establish_unhurried()).await;
        if !matches!(result, Ok(Ok(_))) {
            self.session.on_close();
        }
        let endpoint = self.options.endpoint.clone();
        result.unwrap_or(Err(ConnectError::TimedOut { endpoint, limit }))
    }

    async fn establish_unhurried(&mut self) -> Result<Transport, ConnectError> {
        let mut transport = Transport::dial(&self.options).await?;
        self.session.on_open();
        loop {
            if transport.is_idle() {
                transport.send(self.session.take_output());
            }
            let exchanged = transport.exchange(true, &mut self.frames).await;
            let taken = match exchanged {
                Ok(()) => self.take_frames().map_err(io::Error::other),
                Err(error) => Err(error),
            };
            let endpoint = || self.options.endpoint.clone();
            match taken {
                Ok(Turn::Online) => return Ok(transport),
                Ok(Turn::Refused(refusal)) => {
                    return Err(ConnectError::Refused { endpoint: endpoint(), refusal });
                }
                Ok(Turn::Quiet) => {}
                Err(source) => return Err(ConnectError::Broken { endpoint: endpoint(), source }),
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
            sleep(backoff.wait(self.futile_count)).await;
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
