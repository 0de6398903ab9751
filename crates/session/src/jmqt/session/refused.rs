//! What is refused without being acted on: packets that are malformed, or come before the session they need.

use rialto_broker::{Broker, Encoder};
use rialto_domain::{Action, Asked, Reject};
use rialto_wire::jmqt::{AckKind, ClientPacket, Malformed, Publish, status};

use super::Session;
use crate::{
    Journal,
    jmqt::reply::{Answer, code},
    journal,
};

/// The control channel that is asked without a session to learn whether a broker answers at all.
const HEALTH_CHECK: &str = "$time";

impl Session {
    pub(super) fn on_too_early(
        &self,
        packet: &ClientPacket<'_>,
        broker: &mut Broker<impl Encoder>,
        journal: &dyn Journal,
    ) {
        let (ack, channel) = match packet {
            ClientPacket::Sub { channel, .. } => {
                journal::too_early(Asked::Act(Action::Subscribe), Some(channel), journal);
                (AckKind::Sub, &**channel)
            }
            ClientPacket::Unsub { channel } => {
                journal::too_early(Asked::Unsubscribe, Some(channel), journal);
                (AckKind::Unsub, &**channel)
            }
            ClientPacket::Pub(Publish { id, channel, .. }) => {
                let request = Request { ack: AckKind::Pub, id: id.as_deref(), channel: "" };
                // A health check such as `rialto ping` asks for the time, to be answered at all: nobody was
                // refused anything that he wanted, so neither log nor counters tell of it.
                if **channel == *HEALTH_CHECK {
                    return self.answer_too_early(request, broker);
                }
                journal::too_early(journal::publishing(channel), Some(channel), journal);
                broker.note_publish_refused();
                return self.refuse_too_early(request, broker);
            }
            _ => return,
        };
        self.refuse_too_early(Request { ack, id: None, channel }, broker);
    }

    pub(super) fn on_malformed(
        &self,
        malformed: &Malformed<'_>,
        broker: &mut Broker<impl Encoder>,
    ) {
        broker.stats_mut().malformed += 1;
        let Malformed::Invalid { ack, id, channel } = malformed else { return };
        let channel = channel.as_deref().unwrap_or_default();
        let request = Request { ack: *ack, id: id.as_deref(), channel };
        let needs_session = !matches!(ack, AckKind::Auth | AckKind::Conn);
        if needs_session && broker.client_of(self.connection).is_none() {
            return self.refuse_too_early(request, broker);
        }
        let reject = Reject::InvalidPacket;
        self.answer(broker, &request.refused(code(&reject), &reject.to_string()));
    }

    /// Answers a request that came before a session and was not acted on (J-40).
    fn refuse_too_early(&self, request: Request<'_>, broker: &mut Broker<impl Encoder>) {
        broker.stats_mut().rejected += 1;
        self.answer_too_early(request, broker);
    }

    fn answer_too_early(&self, request: Request<'_>, broker: &mut Broker<impl Encoder>) {
        if request.ack == AckKind::Pub && request.id.is_none() {
            return;
        }
        self.answer(
            broker,
            &request.refused(status::NOT_ALLOWED, "open a session with conn first"),
        );
    }
}

/// What a refusal repeats of the request it answers.
struct Request<'a> {
    ack: AckKind,
    id: Option<&'a str>,
    channel: &'a str,
}

impl<'a> Request<'a> {
    fn refused(self, st: u8, why: &'a str) -> Answer<'a> {
        let Request { ack, id, channel: cn } = self;
        let mg = Some(why.to_owned());
        match ack {
            AckKind::Auth => Answer::Auth { st, at: None, cl: None, mg: Some(why) },
            AckKind::Conn => Answer::Conn { st, ts: None, resumed: None, rs: None, mg },
            AckKind::Sub => Answer::Sub { st, cn, mg },
            AckKind::Unsub => Answer::Unsub { st, cn, mg },
            AckKind::Pub => Answer::Pub { st, id, dt: None, mg },
        }
    }
}
