//! The last messages of queues, for whoever asks: the largest answer there is.

use std::borrow::Cow;

use rialto_broker::{Broker, Encoder, Source};
use rialto_domain::{Action, Asked};
use rialto_wire::coremq::{Frame, Request, put_history};

use super::{carrier, delivery::envelope, session::Session};
use crate::{Journal, journal};

/// What a message takes in an answer besides its payload, about.
const AROUND_PAYLOAD_BYTES: usize = 256;

impl Session {
    /// Returns about how many bytes the answer to a frame has where it may be much larger than the
    /// frame is; otherwise 0.
    pub(super) fn answer_bytes_to(
        &self,
        frame: &Frame<'_>,
        broker: &Broker<impl Encoder>,
    ) -> usize {
        match &frame.request {
            Request::History(queues) => {
                let bytes: usize = queues.iter().map(|queue| broker.history_bytes(queue)).sum();
                bytes.min(broker.settings().window_bytes_max)
            }
            Request::More(_) => broker.share_bytes(),
            _ => 0,
        }
    }

    pub(super) fn answer_history(
        &self,
        queues: &[Cow<'_, str>],
        to: &str,
        broker: &mut Broker<impl Encoder>,
        journal: &dyn Journal,
    ) {
        for queue in queues {
            if let Err(reject) = broker.may(self.connection, Action::History, queue) {
                let asked = (Asked::Act(Action::History), Some(&**queue));
                journal::refused(self.connection, asked, &reject, broker, journal);
                return self.reject(&reject, to, broker);
            }
        }
        broker.settle();
        let Some(format) = broker.format_of(self.connection) else { return };
        let (carrier, mut out) = (carrier(format), Vec::new());
        let mut names: Vec<&str> = queues.iter().map(|queue| &**queue).collect();
        names.sort_unstable();
        names.dedup();
        // Room for each alike, so that none keeps another's out.
        let bytes_max = broker.settings().window_bytes_max / names.len().max(1);
        let mut answer_bytes = AROUND_PAYLOAD_BYTES;
        let mut histories = Vec::new();
        for queue in names {
            let mut messages = Vec::new();
            for (source, payload) in latest(broker.history(queue).collect(), bytes_max) {
                answer_bytes += AROUND_PAYLOAD_BYTES + payload.len();
                let envelope = envelope(carrier, &self.server.address, queue, source);
                messages.push((envelope, payload));
            }
            if !messages.is_empty() {
                histories.push((queue, messages));
            }
        }
        // At once: growing would take up to three times as much on the way.
        out.reserve_exact(answer_bytes);
        put_history(&mut out, carrier, to, histories.into_iter());
        broker.send_large(self.connection, out);
    }
}

/// Returns the last messages of a history that fit into so many bytes, oldest first (C-22).
fn latest<'a>(
    mut messages: Vec<(Source<'a>, &'a [u8])>,
    bytes_max: usize,
) -> impl Iterator<Item = (Source<'a>, &'a [u8])> {
    let mut bytes = 0;
    let fitting = messages.iter().rev().take_while(|(_, payload)| {
        bytes += payload.len();
        bytes <= bytes_max
    });
    let first = messages.len() - fitting.count();
    messages.drain(..first);
    messages.into_iter()
}
