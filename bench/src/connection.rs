//! One connection: its socket, its dialect and the bytes between them.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use mio::net::TcpStream;

use crate::websocket::{self, Unwrapper};
use crate::wire::{Dialect, Event};

/// How a connection reaches a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    WebSocket,
}

/// Where a server listens for one transport.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) transport: Transport,
}

/// Buffers that all connections share, each for as long as one read or one write takes.
#[derive(Debug)]
pub(crate) struct Scratch {
    raw: Vec<u8>,
    stream: Vec<u8>,
    plain: Vec<u8>,
}

/// The most that one read takes.
const READ_BYTES: usize = 256 * 1024;

impl Scratch {
    pub(crate) fn new() -> Self {
        Scratch { raw: vec![0; READ_BYTES], stream: Vec::new(), plain: Vec::new() }
    }
}

/// Whether a socket holds more than was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Drained,
    Unfinished,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    Upgrading,
    Open,
}

/// A connection and its session.
#[derive(Debug)]
pub(crate) struct Connection<D> {
    pub(crate) socket: TcpStream,
    dialect: D,
    endpoint: Endpoint,
    phase: Phase,
    unwrapper: Unwrapper,
    /// Read, but not yet a whole frame: as it came from the socket.
    raw_rest: Vec<u8>,
    /// The same behind WebSocket: unwrapped, but not yet a whole frame of the dialect.
    stream_rest: Vec<u8>,
    outgoing: Vec<u8>,
    written: usize,
}

impl<D: Dialect> Connection<D> {
    /// Starts to connect; [`on_writable`](Self::on_writable) goes on.
    pub(crate) fn start(endpoint: Endpoint, dialect: D) -> Result<Self> {
        Ok(Connection {
            socket: TcpStream::connect(endpoint.address)?,
            dialect,
            endpoint,
            phase: Phase::Connecting,
            unwrapper: Unwrapper::default(),
            raw_rest: Vec::new(),
            stream_rest: Vec::new(),
            outgoing: Vec::new(),
            written: 0,
        })
    }

    /// The session has begun to speak its dialect.
    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Nothing waits for the server to read.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// Goes on after the socket became writable.
    pub(crate) fn on_writable(&mut self, scratch: &mut Scratch) -> Result<()> {
        if self.phase == Phase::Connecting {
            if let Some(error) = self.socket.take_error()? {
                bail!("cannot connect to {}: {error}", self.endpoint.address);
            }
            self.socket.set_nodelay(true)?;
            match self.endpoint.transport {
                Transport::Tcp => self.open(scratch),
                Transport::WebSocket => {
                    let request = websocket::request(&self.endpoint.address.to_string());
                    self.outgoing.extend_from_slice(request.as_bytes());
                    self.phase = Phase::Upgrading;
                }
            }
        }
        self.flush()
    }

    fn open(&mut self, scratch: &mut Scratch) {
        self.phase = Phase::Open;
        scratch.plain.clear();
        self.dialect.open(&mut scratch.plain);
        self.enqueue(&scratch.plain);
    }

    /// Reads once, and hands what came to `on_event` with a place for its answers.
    pub(crate) fn read(
        &mut self,
        scratch: &mut Scratch,
        on_event: impl FnMut(Event<'_>, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Reading> {
        let kept = self.raw_rest.len();
        ensure!(kept < READ_BYTES, "a frame of more than {READ_BYTES} bytes");
        scratch.raw[..kept].copy_from_slice(&self.raw_rest);
        let count = match self.socket.read(&mut scratch.raw[kept..]) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Reading::Drained),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Reading::Unfinished),
            Err(error) => return Err(error.into()),
        };
        let filled = kept + count;
        let used = self.consume(filled, scratch, on_event)?;
        self.raw_rest.clear();
        self.raw_rest.extend_from_slice(&scratch.raw[used..filled]);
        self.flush()?;
        // A read that did not fill the buffer emptied the socket (epoll(7), questions and answers).
        Ok(if filled < READ_BYTES { Reading::Drained } else { Reading::Unfinished })
    }

    /// Uses the first `filled` bytes of the raw buffer as far as possible.
    fn consume(
        &mut self,
        filled: usize,
        scratch: &mut Scratch,
        on_event: impl FnMut(Event<'_>, &mut Vec<u8>) -> Result<()>,
    ) -> Result<usize> {
        if self.endpoint.transport == Transport::Tcp {
            let raw = &scratch.raw[..filled];
            return parse(&mut self.dialect, raw, &mut self.outgoing, on_event);
        }
        let mut used = 0;
        if self.phase == Phase::Upgrading {
            match websocket::response_bytes(&scratch.raw[..filled])? {
                None => return Ok(0),
                Some(length) => used = length,
            }
            self.open(scratch);
        }
        let Scratch { raw, stream, plain } = scratch;
        stream.clear();
        stream.append(&mut self.stream_rest);
        used +=
            self.unwrapper.unwrap(D::CARRIAGE, &raw[used..filled], stream, &mut self.outgoing)?;
        plain.clear();
        let parsed = parse(&mut self.dialect, stream, plain, on_event)?;
        self.stream_rest.extend_from_slice(&stream[parsed..]);
        websocket::wrap(D::CARRIAGE, plain, &mut self.outgoing);
        Ok(used)
    }

    /// Lets `fill` append frames and writes as much of them as the socket takes.
    pub(crate) fn send(
        &mut self,
        scratch: &mut Scratch,
        fill: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        match self.endpoint.transport {
            Transport::Tcp => fill(&mut self.outgoing),
            Transport::WebSocket => {
                scratch.plain.clear();
                fill(&mut scratch.plain);
                websocket::wrap(D::CARRIAGE, &scratch.plain, &mut self.outgoing);
            }
        }
        self.flush()
    }

    /// Reads the dialect, for what depends on the session.
    pub(crate) fn dialect(&self) -> &D {
        &self.dialect
    }

    fn enqueue(&mut self, plain: &[u8]) {
        match self.endpoint.transport {
            Transport::Tcp => self.outgoing.extend_from_slice(plain),
            Transport::WebSocket => websocket::wrap(D::CARRIAGE, plain, &mut self.outgoing),
        }
    }

    fn flush(&mut self) -> Result<()> {
        while self.written < self.outgoing.len() {
            match self.socket.write(&self.outgoing[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.outgoing.clear();
        self.written = 0;
        Ok(())
    }
}

fn parse<D: Dialect>(
    dialect: &mut D,
    bytes: &[u8],
    out: &mut Vec<u8>,
    mut on_event: impl FnMut(Event<'_>, &mut Vec<u8>) -> Result<()>,
) -> Result<usize> {
    let mut used = 0;
    while let Some((length, event)) = dialect.next(&bytes[used..], out)? {
        on_event(event, out)?;
        used += length;
    }
    Ok(used)
}
