//! Stands between a store and its database, and breaks the connection at a given moment.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

/// When the connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Nothing,
    /// Once a transaction is under way, before its end is sent.
    BeforeCommit,
    /// Once the server has committed, before the client hears of it.
    BehindCommit,
    /// The same, but the connection stays, and says nothing any more.
    NoAnswer,
}

pub(super) struct Proxy {
    address: SocketAddr,
    cut: Arc<Mutex<Cut>>,
}

impl Proxy {
    pub(super) fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(Mutex::new(Cut::Nothing));
        let for_all = cut.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                serve(client.unwrap(), UnixStream::connect(&socket).unwrap(), for_all.clone());
            }
        });
        Proxy { address, cut }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has the next transaction of any connection cut so.
    pub(super) fn cut(&self, cut: Cut) {
        *self.cut.lock().unwrap() = cut;
    }
}

fn serve(client: TcpStream, server: UnixStream, cut: Arc<Mutex<Cut>>) {
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        _ = std::io::copy(&mut from_client, &mut to_server);
        _ = to_server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        _ = pass_answers(server.try_clone().unwrap(), client.try_clone().unwrap(), &cut);
        _ = server.shutdown(Shutdown::Both);
        _ = client.shutdown(Shutdown::Both);
    });
}

/// Passes the server's messages on, one by one, until the connection is to break.
fn pass_answers(
    mut server: UnixStream,
    mut client: TcpStream,
    cut: &Mutex<Cut>,
) -> std::io::Result<()> {
    let mut is_in_transaction = false;
    loop {
        let mut message = vec![0; 5];
        server.read_exact(&mut message)?;
        let length = u32::from_be_bytes(message[1..].try_into().unwrap()) as usize;
        message.resize(1 + length, 0);
        server.read_exact(&mut message[5..])?;
        // Ready for the next question, idle or within a transaction.
        let begins = message[0] == b'Z' && message[5] == b'T';
        let ends = is_in_transaction && message[0] == b'Z' && message[5] == b'I';
        is_in_transaction = (is_in_transaction || begins) && !ends;
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
