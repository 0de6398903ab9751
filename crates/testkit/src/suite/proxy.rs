//! What stands between a client and a real broker: bytes pass, until the scenario cuts or stalls them.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use rustix::net::sockopt;

use super::{connection::Gate, doorway::Doorway};

/// Passes bytes between clients and one broker.
#[derive(Debug)]
pub(super) struct Proxy {
    doorway: Doorway,
    passages: Arc<Mutex<Vec<Passage>>>,
    gate: Arc<Gate>,
}

/// One connection through it.
#[derive(Debug)]
struct Passage {
    client: TcpStream,
    broker: TcpStream,
}

impl Proxy {
    /// Passes to the broker at `broker`.
    pub(super) fn to(broker: SocketAddr) -> io::Result<Self> {
        let (passages, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Gate::default()));
        let (of_doorway, for_threads) = (passages.clone(), gate.clone());
        let doorway = Doorway::open(move |client| {
            // Without a broker the client's connection ends at once.
            if let Ok(passage) = pass(client, broker, &for_threads) {
                lock(&of_doorway).push(passage);
            }
        })?;
        Ok(Proxy { doorway, passages, gate })
    }

    /// Returns where it takes clients.
    pub(super) fn doorway(&mut self) -> &mut Doorway {
        &mut self.doorway
    }

    /// Passes nothing any more, or again.
    pub(super) fn stall(&self, does: bool) {
        self.gate.shut(does);
    }

    /// Ends all connections through it, with a reset or in an orderly way.
    pub(super) fn cut(&self, is_reset: bool) {
        for Passage { client, broker } in lock(&self.passages).drain(..) {
            for socket in [&client, &broker] {
                if is_reset {
                    _ = sockopt::set_socket_linger(socket, Some(Duration::ZERO));
                }
                _ = socket.shutdown(if is_reset { Shutdown::Read } else { Shutdown::Both });
            }
        }
        self.gate.shut(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.doorway.refuse();
        self.cut(true);
    }
}

fn lock(passages: &Mutex<Vec<Passage>>) -> MutexGuard<'_, Vec<Passage>> {
    passages.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pass(client: TcpStream, broker: SocketAddr, gate: &Arc<Gate>) -> io::Result<Passage> {
    let broker = TcpStream::connect(broker)?;
    for (from, to) in [(&client, &broker), (&broker, &client)] {
        from.set_nodelay(true)?;
        let (mut from, mut to, gate) = (from.try_clone()?, to.try_clone()?, gate.clone());
        thread::spawn(move || {
            let mut piece = vec![0; 64 << 10];
            while let Ok(count @ 1..) = from.read(&mut piece) {
                gate.pass();
                if to.write_all(&piece[..count]).is_err() {
                    break;
                }
            }
            _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(Passage { client, broker })
}
