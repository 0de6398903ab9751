//! One connection, from the name lookup to its greeting.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use tokio::time::timeout;

use crate::error::ConnectError;
use crate::stranger::{Stranger, Verdict, judge};
use crate::transport::{Opening, Stage, open};

use super::address::Dialect;
#[cfg(feature = "websocket")]
use super::carrier::websocket_halves;
use super::carrier::{Reader, Writer, halves};
use super::codec::Decode;
use super::coremq::CoremqEncoder;
use super::demand::{Greeting, Received};
use super::options::Options;
use super::pick::decoder;
use super::pubsubx::put_connect;

/// A connection with a session.
pub(super) struct Connection {
    pub(super) greeting: Greeting,
    pub(super) incoming: Incoming,
    pub(super) writer: Writer,
}

/// What a server says.
pub(super) struct Incoming {
    reader: Reader,
    decoder: Box<dyn Decode>,
    waiting: VecDeque<Received>,
}

impl Incoming {
    /// Returns the next thing that the server says. Cancel-safe.
    pub(super) async fn next(&mut self) -> io::Result<Received> {
        let mut received = Vec::new();
        loop {
            if let Some(next) = self.waiting.pop_front() {
                return Ok(next);
            }
            let bytes = self.reader.read().await?;
            let taken = self.decoder.take(bytes, &mut received);
            self.waiting.extend(received.drain(..));
            // What came before nonsense still counts.
            if self.waiting.is_empty() {
                taken?;
            }
        }
    }
}

impl Connection {
    /// Connects, and opens a session.
    pub(super) async fn open(options: &Options) -> Result<Self, ConnectError> {
        let limit = options.connect_timeout;
        let mut stage = Stage::LookingUp;
        let opened = timeout(limit, open_unhurried(options, &mut stage)).await;
        let endpoint = options.address.endpoint();
        opened.unwrap_or_else(|_| Err(stage.timed_out(endpoint.clone(), limit)))
    }
}

async fn open_unhurried(options: &Options, stage: &mut Stage) -> Result<Connection, ConnectError> {
    let endpoint = options.address.endpoint();
    let (stream, opening) = open(endpoint, &options.tls, stage).await?;
    let broken = |error| failed(options, &opening, error);
    let (reader, mut writer) = if options.address.is_websocket() {
        #[cfg(feature = "websocket")]
        {
            *stage = Stage::Upgrading;
            let upgraded = crate::transport::upgrade(stream, endpoint).await;
            websocket_halves(
                upgraded.map_err(|error| opening.instead_of_websocket(error, endpoint))?,
            )
        }
        #[cfg(not(feature = "websocket"))]
        {
            let (endpoint, missing) = (endpoint.clone(), "websocket");
            return Err(ConnectError::Unsupported { endpoint, missing });
        }
    } else {
        halves(stream)
    };
    *stage = Stage::Greeting;
    let decoder = decoder(&options.address);
    let mut incoming = Incoming { reader, decoder, waiting: VecDeque::new() };
    if let Some(first) = first_words(options)? {
        writer.write(first).await.map_err(broken)?;
    }
    let greeting = if options.address.is_websocket() {
        Greeting::New { id: None }
    } else {
        greeting(&mut incoming, options).await.map_err(|error| error.unwrap_or_else(broken))?
    };
    *stage = Stage::Answered;
    if let Some(proof) = proof(options) {
        writer.write(proof).await.map_err(broken)?;
        accepted(&mut incoming, options).await.map_err(|error| error.unwrap_or_else(broken))?;
    }
    Ok(Connection { greeting, incoming, writer })
}

/// What a wait ends with: an error that is known, or one of the connection.
enum Ended {
    Known(Box<ConnectError>),
    Broken(io::Error),
}

impl Ended {
    fn unwrap_or_else(self, broken: impl FnOnce(io::Error) -> ConnectError) -> ConnectError {
        match self {
            Ended::Known(error) => *error,
            Ended::Broken(error) => broken(error),
        }
    }
}

fn declined(options: &Options, words: String) -> Ended {
    let endpoint = options.address.endpoint().clone();
    Ended::Known(Box::new(ConnectError::Declined { endpoint, words }))
}

async fn greeting(incoming: &mut Incoming, options: &Options) -> Result<Greeting, Ended> {
    loop {
        match incoming.next().await.map_err(Ended::Broken)? {
            Received::Greeting(Ok(greeting)) => return Ok(greeting),
            Received::Greeting(Err(words)) => return Err(declined(options, words)),
            // A server in trouble may say so instead of a welcome.
            Received::Answer(Err(words)) => return Err(declined(options, words)),
            Received::Answer(Ok(_)) | Received::Message(_) => {}
        }
    }
}

/// Waits for the consent to a token.
async fn accepted(incoming: &mut Incoming, options: &Options) -> Result<(), Ended> {
    loop {
        match incoming.next().await.map_err(Ended::Broken)? {
            Received::Answer(Ok(_)) => return Ok(()),
            Received::Answer(Err(words)) => return Err(declined(options, words)),
            Received::Greeting(_) | Received::Message(_) => {}
        }
    }
}

/// Returns what is said before the server says anything.
fn first_words(options: &Options) -> Result<Option<Vec<u8>>, ConnectError> {
    if options.address.dialect() == Dialect::Coremq {
        return Ok(None);
    }
    let mut words = Vec::new();
    let client = options.client.as_deref().unwrap_or_default();
    put_connect(client, options.token.as_deref(), &mut words).map_err(|problem| {
        let endpoint = options.address.endpoint().clone();
        ConnectError::Declined { endpoint, words: problem }
    })?;
    Ok(Some(words))
}

/// Returns what proves the name in CoreMQ.
fn proof(options: &Options) -> Option<Vec<u8>> {
    if options.address.dialect() != Dialect::Coremq {
        return None;
    }
    let (client, token) = options.client.as_deref().zip(options.token.as_deref())?;
    let mut words = Vec::new();
    CoremqEncoder::new(options.address.is_websocket()).put_token(client, token, &mut words);
    Some(words)
}

/// Says why there is no session.
fn failed(options: &Options, opening: &Opening, error: io::Error) -> ConnectError {
    let endpoint = options.address.endpoint().clone();
    if opening.is_empty() && error.kind() == io::ErrorKind::UnexpectedEof {
        return ConnectError::Wordless { endpoint };
    }
    // Something of ours that says that the words are none of the dialect.
    if error.kind() == io::ErrorKind::Other {
        let stranger = match judge(&opening.said(), true) {
            Verdict::Stranger(stranger) => stranger,
            Verdict::Packet | Verdict::Open => Stranger::Unknown(error.to_string()),
        };
        return ConnectError::NotJmqt { endpoint, stranger };
    }
    ConnectError::Broken { endpoint, source: Arc::new(error) }
}
