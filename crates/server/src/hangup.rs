//! Whether a peer is still there that is not read for the moment.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::ioctl_fionread,
};
use tokio::{
    net::TcpStream,
    time::{Sleep, sleep},
};

use crate::{connection_writer::ConnectionWriter, transport::Transport};

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Bytes of the alert with which TLS ends a stream, in whatever cipher: no message is so short.
const TLS_GOODBYE_BYTES_MAX: u64 = 31;

/// Looks now and then whether a peer has ended its side and has left nothing to be read.
#[derive(Default)]
pub(crate) struct HangUp {
    look: Option<Pin<Box<Sleep>>>,
}

impl HangUp {
    /// Ready when the peer has gone.
    pub(crate) fn poll(
        &mut self,
        transport: &Transport,
        writer: &ConnectionWriter,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            let look = self.look.get_or_insert_with(|| Box::pin(sleep(LOOK_EVERY)));
            ready!(look.as_mut().poll(context));
            self.look = None;
            let (socket, is_tls) = transport.socket(writer);
            let unread_bytes_max = if is_tls { TLS_GOODBYE_BYTES_MAX } else { 0 };
            if socket.is_none_or(|socket| has_ended(socket, unread_bytes_max)) {
                return Poll::Ready(());
            }
        }
    }
}

/// Asks the system, not the runtime: there, asking would use up that something is to be read.
fn has_ended(socket: &TcpStream, unread_bytes_max: u64) -> bool {
    let mut asked = [PollFd::new(socket, PollFlags::RDHUP)];
    let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
    let is_known = poll(&mut asked, Some(&now)).is_ok();
    let ends = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    let has_ended = is_known && asked[0].revents().intersects(ends);
    // What it sent before it went may have to be done.
    has_ended && ioctl_fionread(socket).is_ok_and(|unread| unread <= unread_bytes_max)
}
