//! One accepted connection as bytes, plain or inside TLS, read and written by different threads.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::net::sockopt;
use rustls::{ServerConfig, ServerConnection};

/// How much is read at once.
const PIECE_BYTES: usize = 64 << 10;

/// A connection's bytes.
#[derive(Debug)]
pub(super) struct Link {
    socket: TcpStream,
    tls: Option<Mutex<ServerConnection>>,
}

impl Link {
    /// Takes a socket, and speaks TLS over it if there is a configuration.
    pub(super) fn new(socket: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let tls = tls.map(|config| {
            let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
            session.set_buffer_limit(None);
            io::Result::Ok(Mutex::new(session))
        });
        Ok(Link { socket, tls: tls.transpose()? })
    }

    /// Writes all of `bytes`; waits as long as the peer does not read.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let Some(mut session) = self.session() else { return (&self.socket).write_all(bytes) };
        session.writer().write_all(bytes)?;
        flush(&mut session, &self.socket)
    }

    /// Appends what comes next to `read`; returns how much that is, 0 at the end.
    pub(super) fn read(&self, read: &mut Vec<u8>) -> io::Result<usize> {
        let before = read.len();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = (&self.socket).read(&mut piece)?;
            if count == 0 {
                return Ok(0);
            }
            let Some(mut session) = self.session() else {
                read.extend_from_slice(&piece[..count]);
                return Ok(count);
            };
            let is_over = take_in(&mut session, &piece[..count], read)?;
            flush(&mut session, &self.socket)?;
            if is_over || before < read.len() {
                return Ok(read.len() - before);
            }
        }
    }

    /// Ends the stream as a program does that closes its socket; what was written arrives.
    pub(super) fn finish(&self) {
        if let Some(mut session) = self.session() {
            session.send_close_notify();
            _ = flush(&mut session, &self.socket);
        }
        _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Has the connection reset as soon as nobody holds it any more, and wakes who reads it.
    pub(super) fn reset(&self) {
        _ = sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO));
        _ = self.socket.shutdown(Shutdown::Read);
    }

    fn session(&self) -> Option<MutexGuard<'_, ServerConnection>> {
        self.tls.as_ref().map(|tls| tls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Appends what `bytes` hold to `read`; says whether the peer said that it sends no more.
fn take_in(session: &mut ServerConnection, bytes: &[u8], read: &mut Vec<u8>) -> io::Result<bool> {
    let mut rest = bytes;
    while !rest.is_empty() {
        session.read_tls(&mut rest)?;
        let state = session.process_new_packets().map_err(io::Error::other)?;
        let from = read.len();
        read.resize(from + state.plaintext_bytes_to_read(), 0);
        session.reader().read_exact(&mut read[from..])?;
        if state.peer_has_closed() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn flush(session: &mut ServerConnection, mut socket: &TcpStream) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(&mut socket)?;
    }
    Ok(())
}
