//! The first words of a connection: whoever is no broker is found out.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use crate::endpoint::Endpoint;
use crate::error::ConnectError;
use crate::incoming::Incoming;
use crate::stranger::sender_of;

#[cfg(feature = "websocket")]
use super::failure;
use super::{Carrier, Stage, Transport};

/// How long somebody may be silent who is perhaps no broker and waits for the end of a line.
const NUDGE_AFTER: Duration = Duration::from_secs(1);
/// A line end that means nothing to a broker: JSON allows blanks in front of a packet.
const NUDGE: &[u8] = b"\r\n";

impl Transport {
    /// As [`exchange`](Self::exchange), until a session is open; may return without having got on.
    ///
    /// # Errors
    /// Why the connection comes to nothing.
    pub(crate) async fn exchange_greeting(
        &mut self,
        endpoint: &Endpoint,
        stage: &mut Stage,
        frames: &mut Vec<Incoming>,
    ) -> Result<(), ConnectError> {
        let Ok(exchanged) = timeout(NUDGE_AFTER, self.exchange(true, frames)).await else {
            self.nudge();
            return Ok(());
        };
        exchanged.map_err(|source| self.failure(source, endpoint))?;
        if let Some(first) = frames.first() {
            *stage = Stage::Answered;
            if let Incoming::Frame(frame) = first
                && let Some(stranger) = sender_of(frame)
            {
                return Err(ConnectError::NotJmqt { endpoint: endpoint.clone(), stranger });
            }
        }
        Ok(())
    }

    fn nudge(&mut self) {
        let is_socket = matches!(self.carrier, Carrier::Socket(_));
        if is_socket && self.is_flushed && !self.is_nudged && self.opening.is_empty() {
            self.is_nudged = true;
            self.send(NUDGE.to_vec());
        }
    }

    /// Says why a connection that ended with `source` did not come as far as a session.
    fn failure(&self, source: io::Error, endpoint: &Endpoint) -> ConnectError {
        match &self.carrier {
            Carrier::Socket(_) => self.opening.instead_of_jmqt(source, endpoint),
            #[cfg(feature = "websocket")]
            Carrier::WebSocket(_) => failure::of_websocket(source, endpoint),
        }
    }
}
