//! A publisher that is no part of what is measured: it feeds a subscriber as fast as that one reads.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::kind::Kind;
use crate::session::{Acknowledged, Role, Session};
use crate::wire::{Dialect, Event, jmqt::Jmqt, nats::Nats};

/// Messages written at once, at most.
const BATCH_COUNT_MAX: u64 = 256;
/// How long to wait for the subscriber before looking again.
const LOOK_EVERY: Duration = Duration::from_micros(50);
/// A subscriber that gets no further for so long has failed.
const STALLED_AFTER: Duration = Duration::from_secs(10);

/// What to publish, and how far ahead of the subscriber.
#[derive(Debug, Clone, Copy)]
pub struct Feed<'a> {
    /// The channel, or subject.
    pub channel: &'a str,
    /// How many messages in all.
    pub messages: u64,
    /// How many messages may be under way.
    pub window: u64,
}

impl Feed<'_> {
    /// Publishes to the server of this kind at `address`; `received` is how far the subscriber is.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or the subscriber gets no further for ten seconds.
    pub fn run(self, kind: Kind, address: SocketAddr, received: &AtomicU64) -> Result<()> {
        match kind {
            Kind::Rialto | Kind::RialtoJmqt | Kind::RialtoPostgres | Kind::RialtoMariadb => {
                self.publish::<Jmqt>(address, received)
            }
            Kind::Nats | Kind::JetStream | Kind::JetStreamSynced => {
                self.publish::<Nats>(address, received)
            }
        }
    }

    fn publish<D: Dialect>(self, address: SocketAddr, received: &AtomicU64) -> Result<()> {
        let role =
            Role::Publisher { channel: self.channel.to_owned(), acknowledged: Acknowledged::No };
        let mut dialect = D::new(Session { name: "bench-feed".to_owned(), role });
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        open(&mut dialect, &mut socket)?;
        let mut template = dialect.template(0);
        let mut out = Vec::new();
        let mut moved_at = (0, Instant::now());
        while template.next_number() < self.messages {
            let done = received.load(Ordering::Relaxed);
            if done != moved_at.0 {
                moved_at = (done, Instant::now());
            }
            let end = self.messages.min(done + self.window);
            let count = (end - template.next_number()).min(BATCH_COUNT_MAX);
            if count == 0 {
                ensure!(moved_at.1.elapsed() < STALLED_AFTER, "nobody took more than {done}");
                thread::sleep(LOOK_EVERY);
                continue;
            }
            out.clear();
            (0..count).for_each(|_| template.write_next(&mut out));
            socket.write_all(&out)?;
        }
        Ok(())
    }
}

/// Speaks with the server until the session stands.
fn open<D: Dialect>(dialect: &mut D, socket: &mut TcpStream) -> Result<()> {
    let (mut out, mut bytes) = (Vec::new(), Vec::new());
    dialect.open(&mut out);
    loop {
        socket.write_all(&out)?;
        out.clear();
        let mut read = [0; 4_096];
        match socket.read(&mut read) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(count) => bytes.extend_from_slice(&read[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        while let Some((length, event)) = dialect.next(&bytes, &mut out)? {
            let is_ready = event == Event::Ready;
            bytes.drain(..length);
            if is_ready {
                return Ok(socket.write_all(&out)?);
            }
        }
    }
}
