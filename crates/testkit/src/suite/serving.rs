//! Serves one connection of a client to the scripted server: a thread that reads, a thread that writes.

use std::{
    io,
    net::TcpStream,
    sync::{
        Arc,
        mpsc::{Receiver, Sender},
    },
    thread,
};

use rustls::ServerConfig;

use super::{
    arrival::Arrival,
    connection::{Connection, Gate, Write},
    framing::{Framing, Piece, encode_close},
    link::Link,
};

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
    let (connection, writes, to_write) = Connection::new(id);
    let reader = Reader { id, link: link.clone(), framing, gate: connection.gate(), writes };
    // Nobody listens any more once the scenario is over.
    _ = arrivals.send(Arrival::Connected(connection, from));
    thread::spawn(move || reader.run(&arrivals));
    thread::spawn(move || write(&link, &to_write));
    Ok(())
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
                        _ = self.writes.send(Write::Last(encode_close(1000, "")));
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
            Write::Last(bytes) => {
                _ = link.write(&bytes);
                return link.finish();
            }
            Write::Finish => return link.finish(),
            Write::Reset => return link.reset(),
        }
    }
}
