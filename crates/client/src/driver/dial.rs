//! How a driver comes by a connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::core::{Attempt, Greeting};
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::error::{ConnectError, Disconnected};
use crate::transport::{Stage, Transport};

use super::Driver;

/// How long the application may take to give credentials (K-11).
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(10);

impl Driver {
    /// Connects, and waits until the broker lets the client in; tells the core if that fails.
    pub(super) async fn attempt(&mut self, attempt: Attempt) -> Option<Transport> {
        let shared = Arc::clone(&self.shared);
        let ended = async {
            while shared.drive(|core, _| core.ended().is_none()) {
                let late = shared.drive(|core, _| core.question_deadline());
                tokio::select! {
                    () = shared.driver.notified() => {}
                    () = super::at(late) => shared.drive(|core, now| core.on_questions_late(now)),
                }
            }
        };
        let result = tokio::select! {
            result = self.establish(&attempt) => result,
            () = ended => return None,
        };
        match self.look_closer(&attempt, result).await {
            Ok(transport) => Some(transport),
            Err(error) => {
                self.frames.clear();
                self.shared.drive(|core, now| core.on_failed(now, error));
                None
            }
        }
    }

    async fn establish(&mut self, attempt: &Attempt) -> Result<Transport, ConnectError> {
        let credentials = credentials(attempt).await?;
        let limit = self.options.connect_timeout;
        let mut stage = Stage::LookingUp;
        let endpoint = &attempt.endpoint;
        let greeted = self.greet(endpoint, &credentials, &mut stage);
        let result = timeout(limit, greeted).await;
        result.unwrap_or_else(|_| Err(stage.timed_out(endpoint.clone(), limit)))
    }

    async fn greet(
        &mut self,
        endpoint: &Endpoint,
        credentials: &Credentials,
        stage: &mut Stage,
    ) -> Result<Transport, ConnectError> {
        let mut transport = Transport::dial(endpoint, &self.options.tls, stage).await?;
        self.shared.drive(|core, _| core.on_open(credentials));
        loop {
            if transport.is_idle() {
                let spare = transport.take_spare();
                transport.send(self.shared.drive(|core, now| core.take_output(now, spare)));
            }
            transport.exchange_greeting(endpoint, stage, &mut self.read).await?;
            self.frames.extend(self.read.drain(..));
            if self.is_welcome(endpoint)? {
                return Ok(transport);
            }
        }
    }

    /// Gives the core the first frames, until it knows what the broker thinks of the client.
    fn is_welcome(&mut self, endpoint: &Endpoint) -> Result<bool, ConnectError> {
        let frames = &mut self.frames;
        let endpoint = || endpoint.clone();
        self.shared.drive(|core, now| {
            while matches!(core.greeting(), Greeting::Open)
                && let Some(frame) = frames.pop_front()
            {
                core.on_incoming(now, frame);
            }
            if let Some(reason) = core.ended() {
                return Err(ConnectError::Ended(reason.clone()));
            }
            match core.greeting() {
                Greeting::Open => Ok(false),
                Greeting::Welcome => Ok(true),
                Greeting::Refused(refusal) => {
                    Err(ConnectError::Refused { endpoint: endpoint(), refusal: refusal.clone() })
                }
                Greeting::TurnedAway(reason, refusal) => Err(ConnectError::TurnedAway {
                    endpoint: endpoint(),
                    reason: *reason,
                    refusal: refusal.clone(),
                }),
            }
        })
    }

    /// Tells a port that speaks TLS only, which others take for a connection that breaks.
    async fn look_closer(
        &self,
        attempt: &Attempt,
        result: Result<Transport, ConnectError>,
    ) -> Result<Transport, ConnectError> {
        let is_wordless = matches!(result, Err(ConnectError::Wordless { .. }));
        #[cfg(feature = "tls")]
        if attempt.is_first
            && is_wordless
            && crate::transport::is_tls_expected(&attempt.endpoint).await
        {
            let (endpoint, stranger) = (attempt.endpoint.clone(), crate::stranger::Stranger::Tls);
            return Err(ConnectError::NotJmqt { endpoint, stranger });
        }
        // Without TLS of its own a client cannot ask for it.
        let _ = (attempt.is_first, is_wordless);
        result
    }
}

/// Asks the application for credentials, if it wants to be asked.
async fn credentials(attempt: &Attempt) -> Result<Credentials, ConnectError> {
    let Credentials::Provider(provider) = &attempt.credentials else {
        return Ok(attempt.credentials.clone());
    };
    match timeout(CREDENTIALS_TIMEOUT, provider.provide(attempt.why)).await {
        // A provider of providers would never end.
        Ok(Ok(Credentials::Provider(_))) => {
            let error = Disconnected::from(io::Error::other("a provider gave a provider"));
            Err(ConnectError::Ended(error))
        }
        Ok(credentials) => Ok(credentials?),
        Err(_) => Err(ConnectError::CredentialsLate(CREDENTIALS_TIMEOUT)),
    }
}
