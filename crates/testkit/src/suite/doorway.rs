//! A port that somebody listens on, or nobody, as the scenario says.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::port::Port;

/// What happens with each connection.
type Each = dyn Fn(TcpStream) + Send + Sync;

/// A listener that can be closed and opened again.
pub(super) struct Doorway {
    port: Port,
    each: Arc<Each>,
    open: Option<Open>,
}

struct Open {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Doorway {
    /// Listens on a free port; `each` takes the connections.
    pub(super) fn open(each: impl Fn(TcpStream) + Send + Sync + 'static) -> io::Result<Self> {
        let mut doorway = Doorway { port: Port::reserve()?, each: Arc::new(each), open: None };
        doorway.accept()?;
        Ok(doorway)
    }

    /// Returns where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.port.address
    }

    /// Listens, if nobody does.
    pub(super) fn accept(&mut self) -> io::Result<()> {
        if self.open.is_some() {
            return Ok(());
        }
        let listener = TcpListener::bind(self.port.address)?;
        let (is_over, each) = (Arc::new(AtomicBool::new(false)), self.each.clone());
        let told = is_over.clone();
        let thread = thread::spawn(move || {
            for socket in listener.incoming() {
                if told.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(socket) = socket {
                    each(socket);
                }
            }
        });
        self.open = Some(Open { is_over, thread });
        Ok(())
    }

    /// Listens no more: who connects is refused.
    pub(super) fn refuse(&mut self) {
        let Some(open) = self.open.take() else { return };
        open.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread, which lets go of the listener.
        drop(TcpStream::connect(self.port.address));
        _ = open.thread.join();
    }
}

impl Drop for Doorway {
    fn drop(&mut self) {
        self.refuse();
    }
}

impl fmt::Debug for Doorway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doorway").field("port", &self.port).finish_non_exhaustive()
    }
}
