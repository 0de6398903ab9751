//! A client to which the broker may die at any moment.

use std::{
    fmt::Display,
    io::{self, Error, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use rialto_testkit::PATIENCE;
use serde_json::Value;

use super::frames;

/// A session over TCP.
///
/// Unlike a `Peer` it gives back as an error whatever the broker's death or stop can cause, half a
/// frame and the packet that tells of a stop included, and it can wait a little without failing.
pub(crate) struct Wire {
    socket: TcpStream,
    received: Vec<u8>,
    /// Bytes of `received` that were taken already.
    taken: usize,
}

impl Wire {
    /// Opens a session. Leaves unread what follows the `connAck`.
    pub(crate) fn online(address: SocketAddr, client: &str) -> io::Result<Self> {
        match Wire::try_online(address, client, PATIENCE) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                panic!("{client} may connect: {error}")
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                panic!("nothing came within {PATIENCE:?}")
            }
            result => result,
        }
    }

    /// Does the same if the broker lets it, and answers in time.
    pub(crate) fn try_online(
        address: SocketAddr,
        client: &str,
        patience: Duration,
    ) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&address, patience)?;
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(patience))?;
        let mut wire = Wire { socket, received: Vec::new(), taken: 0 };

        let answer =
            wire.ask(format!(r#"{{"auth":{{"dt":{{"client_name":"{client}"}}}}}}"#), patience)?;
        let token = &answer["authAck"]["at"];
        let answer =
            wire.ask(format!(r#"{{"conn":{{"at":{token},"cl":"{client}"}}}}"#), patience)?;
        match answer["connAck"]["st"] == 1 {
            true => Ok(wire),
            false => Err(Error::new(ErrorKind::PermissionDenied, answer.to_string())),
        }
    }

    fn ask(&mut self, packet: impl Display, patience: Duration) -> io::Result<Value> {
        self.send(packet)?;
        self.next_within(patience)?.ok_or(ErrorKind::TimedOut.into())
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(crate) fn send(&mut self, packet: impl Display) -> io::Result<()> {
        self.send_all(&frames([packet.to_string()]))
    }

    pub(crate) fn send_all(&mut self, frames: &[u8]) -> io::Result<()> {
        self.socket.write_all(frames)
    }

    /// Returns the next packet.
    pub(crate) fn next(&mut self) -> io::Result<Value> {
        let nothing = || panic!("nothing came within {PATIENCE:?}");
        Ok(self.next_within(PATIENCE)?.unwrap_or_else(nothing))
    }

    /// Returns the next packet, or `None` if none has come in time.
    pub(crate) fn next_within(&mut self, patience: Duration) -> io::Result<Option<Value>> {
        loop {
            if let Some(packet) = self.take() {
                return match packet["connAck"]["rs"] == "shutting-down" {
                    true => Err(Error::from(ErrorKind::ConnectionAborted)),
                    false => Ok(Some(packet)),
                };
            }
            self.socket.set_read_timeout(Some(patience))?;
            let mut chunk = [0; 16 << 10];
            match self.socket.read(&mut chunk) {
                Ok(0) => return Err(Error::from(ErrorKind::UnexpectedEof)),
                Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Subscribes and returns when that is certain; the retained message, if any, comes next.
    pub(crate) fn subscribe(&mut self, channel: &str) -> io::Result<()> {
        self.send(format!(r#"{{"sub":{{"cn":"{channel}"}}}}"#))?;
        let answer = self.next()?;
        assert_eq!(answer["subAck"]["st"], 1, "{channel} can be subscribed to: {answer}");
        Ok(())
    }

    fn take(&mut self) -> Option<Value> {
        let rest = &self.received[self.taken..];
        let Some(length) = rest.iter().position(|&byte| byte == 0) else {
            self.received.drain(..self.taken);
            self.taken = 0;
            return None;
        };
        let packet = serde_json::from_slice(&rest[..length]).expect("the broker sends JSON");
        self.taken += length + 1;
        Some(packet)
    }
}
