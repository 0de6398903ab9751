//! Stands between a store and its database, and breaks the connection at a given moment.

use std::{
    io::{Read, Result, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

/// Reads one message of a server, and whether it says that a transaction is under way.
pub type Take = fn(&mut UnixStream) -> Result<(Vec<u8>, Option<bool>)>;

/// When the connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Not at all.
    Nothing,
    /// Once a transaction is under way, before its end is sent.
    BeforeCommit,
    /// Once the server has committed, before the client hears of it.
    BehindCommit,
    /// The same, but the connection stays, and says nothing any more.
    NoAnswer,
}

/// Stands between a client and a database server that is reached through a socket.
pub struct CuttingProxy {
    address: SocketAddr,
    cut: Arc<Mutex<Cut>>,
}

impl CuttingProxy {
    /// Begins to listen, on this machine, for clients of the server behind `socket`, whose messages `take` reads.
    ///
    /// # Panics
    /// When it cannot listen.
    pub fn start(socket: PathBuf, take: Take) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(Mutex::new(Cut::Nothing));
        let for_all = cut.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                // One that is killed takes no connections.
                let Ok(server) = UnixStream::connect(&socket) else { continue };
                serve(client.unwrap(), server, take, for_all.clone());
            }
        });
        CuttingProxy { address, cut }
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has the next transaction of any connection cut so.
    pub fn cut(&self, cut: Cut) {
        *self.cut.lock().unwrap() = cut;
    }
}

fn serve(client: TcpStream, server: UnixStream, take: Take, cut: Arc<Mutex<Cut>>) {
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        _ = std::io::copy(&mut from_client, &mut to_server);
        _ = to_server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        _ = pass_answers(server.try_clone().unwrap(), client.try_clone().unwrap(), take, &cut);
        _ = server.shutdown(Shutdown::Both);
        _ = client.shutdown(Shutdown::Both);
    });
}

/// Passes the server's messages on, one by one, until the connection is to break.
fn pass_answers(
    mut server: UnixStream,
    mut client: TcpStream,
    take: Take,
    cut: &Mutex<Cut>,
) -> Result<()> {
    let mut was_in_transaction = false;
    loop {
        let (message, is_in_transaction) = take(&mut server)?;
        let is_in_transaction = is_in_transaction.unwrap_or(was_in_transaction);
        let begins = is_in_transaction && !was_in_transaction;
        let ends = was_in_transaction && !is_in_transaction;
        was_in_transaction = is_in_transaction;
        let mut cut = cut.lock().unwrap();
        match *cut {
            Cut::BeforeCommit if begins => {
                *cut = Cut::Nothing;
                return Ok(());
            }
            Cut::BehindCommit if ends => {
                *cut = Cut::Nothing;
                return Ok(());
            }
            Cut::NoAnswer if ends => {
                *cut = Cut::Nothing;
                drop(cut);
                // Until the client has had enough.
                return server.read_to_end(&mut Vec::new()).map(drop);
            }
            _ => drop(cut),
        }
        client.write_all(&message)?;
    }
}
