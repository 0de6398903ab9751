//! Links to other servers: one task each, which connects, takes their messages in, and connects
//! again.

use std::{io, sync::Arc, time::Duration};

use bytes::BytesMut;
use rialto_session::coremq::{Credentials, Link, LinkEnd, Server};
use rialto_wire::coremq::{FrameError, FrameSplitter, decode_server};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{connection::ConnectionLimits, hub::Hub};

/// Port of a server whose port is not given.
pub(crate) const PORT: u16 = 6747;
/// How long a server may take to answer a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Pause before the second attempt; it doubles with each further one.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Silence after which the system asks whether the server is still there, and how often.
const KEEPALIVE: Duration = Duration::from_secs(5);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(2);
const KEEPALIVE_COUNT: u32 = 3;
/// How long it may take to acknowledge what was sent to it, during which the system does not ask.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(11);
/// Bytes read at a time.
const READ_BYTES: usize = 256 << 10;
/// Room a frame needs for what is around its payload.
const AROUND_PAYLOAD_CHARS: usize = 64 << 10;

/// Another server, as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// What all links share.
#[derive(Clone)]
pub(crate) struct Links {
    pub(crate) hub: Arc<Hub>,
    pub(crate) limits: Arc<ConnectionLimits>,
    /// What this server calls itself.
    pub(crate) server: Arc<Server>,
    /// This run of it.
    pub(crate) origin: u64,
    pub(crate) credentials: Option<Credentials>,
}

/// Why a connection to another server ended.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it did not answer within {CONNECT_WITHIN:?}")]
    NoAnswer,
    #[error("it does not speak CoreMQ: {0}")]
    Framing(#[from] FrameError),
    #[error(transparent)]
    Link(#[from] LinkEnd),
}

impl Node {
    /// Reads `host`, `host:port` or `[address]:port`.
    pub(crate) fn parse(text: &str) -> Self {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().unwrap_or(PORT))
            }
            _ => (text, PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Node { host, port }
    }

    /// Says whether it is the server of this name and port. Names are compared without domain and
    /// case, as the original does.
    pub(crate) fn is(&self, name: &str, port: u16) -> bool {
        let short = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
        let is_address = self.host.parse::<std::net::IpAddr>().is_ok();
        let is_same = if is_address { self.host == name } else { short(&self.host) == short(name) };
        is_same && self.port == port
    }
}

impl Links {
    /// Keeps a link up until the task is aborted, or the other server turns out to be this one.
    pub(crate) async fn keep(self, node: Node) {
        let mut link =
            Link::new(self.server.clone(), self.origin, node.port, self.credentials.clone());
        let mut pause = PAUSE_MIN;
        let mut last_problem = String::new();
        loop {
            let mut was_attached = false;
            let ended = self.connect_once(&node, &mut link, &mut was_attached).await;
            self.hub.round(|broker| link.end(broker));
            if matches!(ended, LinkError::Link(LinkEnd::Itself)) {
                tracing::info!(
                    host = node.host,
                    port = node.port,
                    name = &*self.server.address,
                    hint = "if it is another, give each a cluster.name of its own",
                    "that server is this one"
                );
                return;
            }
            let problem = ended.to_string();
            if was_attached {
                tracing::warn!(host = node.host, port = node.port, %problem, "a server was lost");
                pause = PAUSE_MIN;
            } else if problem != last_problem {
                tracing::warn!(
                    host = node.host,
                    port = node.port,
                    %problem,
                    "a server cannot be reached; trying again"
                );
            }
            last_problem = problem;
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Connects and takes messages in until that fails, which it returns.
    async fn connect_once(
        &self,
        node: &Node,
        link: &mut Link,
        was_attached: &mut bool,
    ) -> LinkError {
        let connecting = TcpStream::connect((node.host.as_str(), node.port));
        let mut stream = match timeout(CONNECT_WITHIN, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return error.into(),
            Err(_) => return LinkError::NoAnswer,
        };
        if let Err(error) = prepare(&stream) {
            return error.into();
        }
        link.begin();
        // Every character beyond ASCII is six of these.
        let frame_chars_max = 3 * self.limits.packet_bytes_max + AROUND_PAYLOAD_CHARS;
        let mut splitter = FrameSplitter::new(frame_chars_max);
        let mut input = BytesMut::new();
        loop {
            input.reserve(READ_BYTES);
            let reading = stream.read_buf(&mut input);
            let read = if link.is_attached() {
                reading.await
            } else {
                match timeout(CONNECT_WITHIN, reading).await {
                    Ok(read) => read,
                    Err(_) => return LinkError::NoAnswer,
                }
            };
            match read {
                Ok(0) => return io::Error::from(io::ErrorKind::UnexpectedEof).into(),
                Ok(_) => {}
                Err(error) => return error.into(),
            }
            let answers = self.take(&mut splitter, &input, link);
            input.clear();
            if link.is_attached() && !std::mem::replace(was_attached, true) {
                tracing::info!(server = link.peer(), "messages of a server come in");
            }
            match answers {
                Ok(answers) => {
                    if let Err(error) = stream.write_all(&answers).await {
                        return error.into();
                    }
                }
                Err(error) => return error,
            }
        }
    }

    /// Gives the broker what was read; returns what is to be answered.
    fn take(
        &self,
        splitter: &mut FrameSplitter,
        input: &[u8],
        link: &mut Link,
    ) -> Result<Vec<u8>, LinkError> {
        let mut out = Vec::new();
        // One round for all: the other server sends no more at once than one of its own.
        let result = self.hub.round(|broker| {
            for frame in splitter.push(input) {
                let frame =
                    decode_server(frame?, self.limits.json_depth_max).map_err(LinkEnd::from)?;
                link.on_frame(frame, broker, &mut out)?;
            }
            Ok(())
        });
        splitter.release();
        result.map(|()| out)
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_COUNT);
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(ACKNOWLEDGE_WITHIN))
}

#[cfg(test)]
mod tests;
