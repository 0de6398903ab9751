//! Links to other servers: one task each, which connects, takes their messages in, and connects
//! again, whatever ended the connection before.

mod error;
pub(crate) mod standing;
mod stream;
mod tries;

use std::{io, sync::Arc};

use arc_swap::ArcSwap;
use bytes::BytesMut;
use rialto_config::{Cluster, Node};
use rialto_session::{
    ServerName,
    coremq::{Credentials, Link, LinkEnd},
};
use rialto_stopwatch::timeout;
use rialto_wire::coremq::{FrameSplitter, decode_server};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::sleep,
};

use crate::{connection_limits::ConnectionLimits, hub::Hub};

use self::{
    error::{CONNECT_WITHIN, LinkError},
    standing::{LinkState, Standing},
    tries::Tries,
};

pub(crate) use self::stream::check_certificates;

/// Bytes read at a time.
const READ_BYTES: usize = 256 << 10;
/// Room a frame needs for what is around its payload.
const AROUND_PAYLOAD_CHARS: usize = 64 << 10;

/// What all links share.
#[derive(Clone)]
pub(crate) struct Links {
    pub(crate) hub: Arc<Hub>,
    pub(crate) limits: Arc<ArcSwap<ConnectionLimits>>,
    /// What this server calls itself.
    pub(crate) server: Arc<ServerName>,
    /// This run of it.
    pub(crate) origin: u64,
    pub(crate) credentials: Option<Credentials>,
    /// Where the certificates are for servers that are reached over TLS.
    pub(crate) settings: Arc<Cluster>,
}

impl Links {
    /// Keeps a link up until the task is aborted. Nothing else ends it: a server that cannot be had
    /// now, because it is this one or refuses, may be another or be told otherwise later.
    pub(crate) async fn keep(self, node: Node) {
        let mut link =
            Link::new(self.server.clone(), self.origin, node.port, self.credentials.clone());
        let mut tries = Tries::default();
        let mut standing = Standing::begin(&self.hub.links);
        loop {
            let ended = self.connect_once(&node, &mut link, &mut standing).await;
            let was_attached = standing.is(LinkState::Attached);
            self.hub.round(|broker| link.end(broker));
            standing.set(match ended {
                LinkError::Link(LinkEnd::Itself) => LinkState::Itself,
                _ => LinkState::Trying,
            });
            let pause = tries.after(was_attached, &ended);
            if tries.is_news() {
                self.log(&node, was_attached, &ended);
            }
            sleep(pause).await;
        }
    }

    fn log(&self, node: &Node, was_attached: bool, ended: &LinkError) {
        let (host, port, problem) = (&node.host, node.port, ended);
        match ended {
            LinkError::Link(LinkEnd::Itself) => tracing::info!(
                host,
                port,
                name = &*self.server.address,
                hint = "if it is another, give each a cluster.name of its own",
                "a cluster node is this server itself"
            ),
            _ if was_attached => {
                tracing::warn!(host, port, %problem, "the connection to a cluster node was lost: reconnecting")
            }
            _ => tracing::warn!(host, port, %problem, "a cluster node cannot be reached: retrying"),
        }
    }

    /// Connects and takes messages in until that fails, which it returns.
    async fn connect_once(
        &self,
        node: &Node,
        link: &mut Link,
        standing: &mut Standing,
    ) -> LinkError {
        let mut stream = match stream::connect(node, &self.settings).await {
            Ok(stream) => stream,
            Err(error) => return error,
        };
        link.begin();
        // Every character beyond ASCII is six of these.
        let frame_chars_max =
            3 * self.limits.load().dialects.packet_bytes_max + AROUND_PAYLOAD_CHARS;
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
            if link.is_attached() && !standing.is(LinkState::Attached) {
                standing.set(LinkState::Attached);
                tracing::info!(
                    server = link.peer(),
                    "connected to a cluster node: its messages are received"
                );
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
        let json_depth_max = self.limits.load().json_depth_max;
        // One round for all: the other server sends no more at once than one of its own.
        let result = self.hub.round(|broker| {
            for frame in splitter.push(input) {
                let frame = decode_server(frame?, json_depth_max).map_err(LinkEnd::from)?;
                link.on_frame(frame, broker, &mut out)?;
            }
            Ok(())
        });
        splitter.release();
        result.map(|()| out)
    }
}
