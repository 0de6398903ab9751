//! A socket below everything that is spoken on it.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rialto_testkit::PATIENCE;

/// The name that [`Launch`](rialto_testkit::Launch) gives the listener of JMQT.
pub(crate) const JMQT: &str = "listen-1";

/// A connection. What reads waits for a while, and panics then.
pub(crate) struct Raw(TcpStream);

impl Raw {
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Raw::on(TcpStream::connect(address).unwrap())
    }

    #[track_caller]
    pub(crate) fn on(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Raw(socket)
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends to a peer that may have gone.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).is_ok()
    }

    /// Reads up to an end mark, and returns what stood before it.
    #[track_caller]
    pub(crate) fn read_until(&mut self, mark: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(mark.as_bytes()) {
            let mut byte = [0];
            let count = self.0.read(&mut byte).unwrap();
            assert!(count == 1, "the end came behind {:?}", String::from_utf8_lossy(&read));
            read.extend(byte);
        }
        read.truncate(read.len() - mark.len());
        String::from_utf8(read).unwrap()
    }

    /// Reads so many bytes.
    #[track_caller]
    pub(crate) fn read_exactly(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Returns all that comes until the end of the connection, which must not be a reset.
    #[track_caller]
    pub(crate) fn read_to_end(&mut self) -> String {
        let mut read = Vec::new();
        if let Err(error) = self.0.read_to_end(&mut read) {
            panic!("{error} behind {:?}", String::from_utf8_lossy(&read));
        }
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Sends a byte every now and then until the peer answers or ends the connection.
    #[track_caller]
    pub(crate) fn trickle(&mut self, byte: u8) {
        let started = Instant::now();
        self.0.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        while self.try_send([byte]) && self.is_silent() {
            assert!(started.elapsed() < PATIENCE, "it may go on for ever");
        }
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    fn is_silent(&self) -> bool {
        let peeked = self.0.peek(&mut [0]);
        peeked.is_err_and(|it| matches!(it.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }
}
