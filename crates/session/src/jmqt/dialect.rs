//! JMQT as the server sees it.

use rialto_application::{AuthorizationRequest, Event, Protocol};
use rialto_broker::{
    Broker, CommandAnswer, ConnectionProfile, Encoder, Format, Mark, Remembered, SessionOpened,
    Source,
};
use rialto_domain::{ChannelName, CloseReason};
use rialto_wire::{
    jmqt::{
        self, Carrier, ClientPacket, DecodeLimits, FrameSplitter, Malformed, PushEnvelope, original,
    },
    websocket::put_ping_frame,
};

use super::{
    Session, TCP, WEBSOCKET, carrier,
    reply::{close_packet, put_command_answer, put_delivery, put_session_opened},
};
use crate::{
    Blocks, Deliveries, Dialect, DialectSettings, Framer, Journal, Opening, Requester, Units,
    Verdict,
};

impl Framer for FrameSplitter {
    #[inline]
    fn push<'a>(
        &'a mut self,
        input: &'a [u8],
    ) -> impl Iterator<Item = Result<&'a [u8], CloseReason>> {
        let frames = FrameSplitter::push(self, input);
        frames
            .map(|frame| frame.map_err(|error| CloseReason::PacketTooLarge { limit: error.limit }))
    }

    fn release(&mut self) {
        FrameSplitter::release(self);
    }
}

impl Deliveries for Session {
    type Envelope = (Carrier, PushEnvelope);
    type Outgoing = ();

    fn has(format: Format) -> bool {
        matches!(format, TCP | WEBSOCKET)
    }

    fn envelope(
        _server: &str,
        format: Format,
        channel: &ChannelName,
        source: Source<'_>,
    ) -> Self::Envelope {
        (carrier(format), PushEnvelope::new(channel.as_str(), source.publisher.as_str()))
    }

    fn delivery(envelope: &mut Self::Envelope, payload: &[u8], mark: Mark, out: &mut Vec<u8>) {
        let (carrier, envelope) = envelope;
        put_delivery(*carrier, envelope, payload, mark, out);
    }

    fn session_opened(format: Format, session: SessionOpened, out: &mut Vec<u8>) {
        put_session_opened(carrier(format), session, out);
    }

    fn ping(format: Format, out: &mut Vec<u8>) {
        if format == WEBSOCKET {
            put_ping_frame(out);
        }
    }

    fn command_answer(format: Format, answer: &CommandAnswer<'_>, out: &mut Vec<u8>) {
        put_command_answer(carrier(format), answer, out);
    }
}

impl Dialect for Session {
    type Framer = FrameSplitter;
    type Packet<'a> = Result<ClientPacket<'a>, Malformed<'a>>;

    const REMEMBERED: Remembered = Remembered::Stored;

    const TAKES_EMPTY_TEXT: bool = false;

    const UNITS: Units = Units {
        first_frame_bytes: |frames| frames.iter().position(|&byte| byte == 0).map(|end| end + 1),
        is_each_alone: false,
        blocks: Some(Blocks {
            may_open: original::may_open,
            opens: original::opens,
            is_acknowledgement: original::is_push_ack,
            is_owed: original::is_owed_push,
        }),
    };

    fn protocol(is_websocket: bool) -> Protocol {
        if is_websocket { Protocol::JmqtWebsocket } else { Protocol::Jmqt }
    }

    fn profile(settings: &DialectSettings, is_websocket: bool) -> ConnectionProfile {
        let format = if is_websocket { WEBSOCKET } else { TCP };
        ConnectionProfile {
            resume_for: settings.jmqt_resume_for,
            answers_pings: is_websocket,
            ..ConnectionProfile::new(format)
        }
    }

    fn framer(settings: &DialectSettings) -> FrameSplitter {
        FrameSplitter::new(settings.packet_bytes_max)
    }

    fn refusal(reason: CloseReason) -> Option<Vec<u8>> {
        close_packet(reason)
    }

    fn begin(opening: Opening<'_>) -> Self {
        Session::new(opening.connection)
    }

    #[inline]
    fn decode(frame: &[u8], json_depth_max: usize) -> Self::Packet<'_> {
        jmqt::decode(frame, DecodeLimits { json_depth_max })
    }

    #[inline]
    fn event(packet: &Self::Packet<'_>) -> Option<Event> {
        Session::event_of(packet.as_ref().ok()?)
    }

    fn request(
        &self,
        packet: &Self::Packet<'_>,
        requester: Requester<'_, impl Encoder>,
    ) -> Option<AuthorizationRequest> {
        self.request_of(packet.as_ref().ok()?, &requester)
    }

    #[inline]
    fn answer_bytes(&self, packet: &Self::Packet<'_>, broker: &Broker<impl Encoder>) -> usize {
        packet.as_ref().map_or(0, |packet| self.answer_bytes_to(packet, broker))
    }

    #[inline]
    fn on_packet(
        &mut self,
        packet: Self::Packet<'_>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        self.take(packet, broker, verdict, journal);
    }

    fn close_packet(&self, reason: CloseReason) -> Option<Vec<u8>> {
        close_packet(reason)
    }
}
