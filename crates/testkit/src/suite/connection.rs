//! The server's end of a client's connection, for the thread that plays a scenario.

use std::sync::{
    Arc, Condvar, Mutex, PoisonError,
    mpsc::{self, Receiver, Sender},
};

/// The server's end of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// Its number, in the order of connections.
    pub(super) id: u64,
    writes: Sender<Write>,
    gate: Arc<Gate>,
}

/// What is to be written.
pub(super) enum Write {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes and the end: nothing else follows them, not even an answer to what the client says to them.
    Last(Vec<u8>),
    /// The end, as a program writes that closes its socket.
    Finish,
    /// A reset.
    Reset,
}

/// What stops a thread for a while.
#[derive(Debug, Default)]
pub(super) struct Gate {
    is_shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// Shuts or opens it.
    pub(super) fn shut(&self, is_shut: bool) {
        *self.is_shut.lock().unwrap_or_else(PoisonError::into_inner) = is_shut;
        self.opened.notify_all();
    }

    /// Waits until it is open.
    pub(super) fn pass(&self) {
        let is_shut = self.is_shut.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.opened.wait_while(is_shut, |is_shut| *is_shut));
    }
}

impl Connection {
    /// Makes the end of the connection of that number; what is to be written comes to the second value.
    pub(super) fn new(id: u64) -> (Self, Sender<Write>, Receiver<Write>) {
        let (writes, to_write) = mpsc::channel();
        let connection = Connection { id, writes: writes.clone(), gate: Arc::default() };
        (connection, writes, to_write)
    }

    /// Returns what stops its reader.
    pub(super) fn gate(&self) -> Arc<Gate> {
        self.gate.clone()
    }

    /// Sends bytes, each item in a write of its own.
    pub(super) fn send<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) {
        for piece in pieces {
            // A connection that ended takes nothing any more, as it would a moment later.
            _ = self.writes.send(Write::Bytes(piece.to_vec()));
        }
    }

    /// Ends it with these bytes, behind what was sent.
    pub(super) fn finish_with(&self, bytes: Vec<u8>) {
        _ = self.writes.send(Write::Last(bytes));
    }

    /// Ends it behind what was sent.
    pub(super) fn finish(&self) {
        _ = self.writes.send(Write::Finish);
    }

    /// Resets it.
    pub(super) fn reset(&self) {
        self.gate.shut(false);
        _ = self.writes.send(Write::Reset);
    }

    /// Reads no more, or again.
    pub(super) fn stall(&self, does: bool) {
        self.gate.shut(does);
    }
}
