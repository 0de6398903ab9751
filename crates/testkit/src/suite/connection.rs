//! One connection of a client to the scripted server: a thread that reads, a thread that writes.

use std::{
    io,
    net::TcpStream,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use rustls::ServerConfig;

use super::{
    arrival::Arrival,
    framing::{Framing, Piece, encode_close},
    link::Link,
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
enum Write {
    Bytes(Vec<u8>),
    Finish,
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
    /// Serves `socket`: the connection, and what comes on it, goes to `arrivals`.
    pub(super) fn serve(
        id: u64,
        socket: TcpStream,
        tls: Option<Arc<ServerConfig>>,
        framing: Framing,
        arrivals: Sender<Arrival>,
    ) -> io::Result<()> {
        let from = socket.peer_addr()?;
        let link = Arc::new(Link::new(socket, tls)?);
        let (writes, to_write) = mpsc::channel();
        let gate = Arc::new(Gate::default());
        let reader =
            Reader { id, link: link.clone(), framing, gate: gate.clone(), writes: writes.clone() };
        // Nobody listens any more once the scenario is over.
        _ = arrivals.send(Arrival::Connected(Connection { id, writes, gate }, from));
        thread::spawn(move || reader.run(&arrivals));
        thread::spawn(move || write(&link, &to_write));
        Ok(())
    }

    /// Sends bytes, each item in a write of its own.
    pub(super) fn send<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) {
        for piece in pieces {
            // A connection that ended takes nothing any more, as it would a moment later.
            _ = self.writes.send(Write::Bytes(piece.to_vec()));
        }
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

struct Reader {
    id: u64,
    link: Arc<Link>,
    framing: Framing,
    gate: Arc<Gate>,
    writes: Sender<Write>,
}

impl Reader {
    fn run(mut self, arrivals: &Sender<Arrival>) {
        let how = self.read_all(arrivals);
        _ = arrivals.send(Arrival::Ended(self.id, how));
        _ = self.writes.send(Write::Finish);
    }

    fn read_all(&mut self, arrivals: &Sender<Arrival>) -> String {
        loop {
            let mut read = Vec::new();
            self.gate.pass();
            let count = self.link.read(&mut read);
            self.gate.pass();
            match count {
                Ok(0) => return "fin".to_owned(),
                Err(error) => return error.to_string(),
                Ok(_) => {}
            }
            for piece in self.framing.push(&read) {
                match piece {
                    Piece::Frame(text) => _ = arrivals.send(Arrival::Frame(self.id, text)),
                    Piece::Answer(bytes) => _ = self.writes.send(Write::Bytes(bytes)),
                    Piece::Close(code) => {
                        _ = self.writes.send(Write::Bytes(encode_close(1000, "")));
                        _ = self.writes.send(Write::Finish);
                        return code.to_string();
                    }
                    Piece::Broken(why) => return format!("broken: {why}"),
                }
            }
        }
    }
}

fn write(link: &Link, writes: &Receiver<Write>) {
    for write in writes {
        match write {
            Write::Bytes(bytes) => {
                if link.write(&bytes).is_err() {
                    return;
                }
            }
            Write::Finish => return link.finish(),
            Write::Reset => return link.reset(),
        }
    }
}
