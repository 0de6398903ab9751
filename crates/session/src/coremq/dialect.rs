//! CoreMQ as the server sees it.

use rialto_application::{AuthorizationRequest, Event, Protocol};
use rialto_broker::{Broker, ConnectionProfile, Encoder, Format, Mark, Source};
use rialto_domain::{ChannelName, CloseReason};
use rialto_wire::coremq::{
    self, Answer, Carrier, Frame, FrameError, FrameSplitter, Malformed, put_answer,
};

use super::{Delivery, LINK, Session, TCP, WEBSOCKET};
use crate::{
    Deliveries, Dialect, DialectSettings, Framer, Journal, Opening, Requester, Units, Verdict,
};

impl Framer for FrameSplitter {
    #[inline]
    fn push<'a>(
        &'a mut self,
        input: &'a [u8],
    ) -> impl Iterator<Item = Result<&'a [u8], CloseReason>> {
        FrameSplitter::push(self, input).map(|frame| frame.map_err(unframed))
    }

    fn release(&mut self) {
        FrameSplitter::release(self);
    }
}

fn unframed(error: FrameError) -> CloseReason {
    match error {
        FrameError::TooLong { limit } => CloseReason::PacketTooLarge { limit },
        FrameError::Header => CloseReason::FramingLost,
    }
}

impl Deliveries for Session {
    type Envelope = Delivery;
    type Outgoing = ();

    fn has(format: Format) -> bool {
        matches!(format, TCP | WEBSOCKET | LINK)
    }

    fn envelope(
        server: &str,
        format: Format,
        channel: &ChannelName,
        source: Source<'_>,
    ) -> Delivery {
        Delivery::new(format, server, channel, source)
    }

    fn delivery(envelope: &mut Delivery, payload: &[u8], _mark: Mark, out: &mut Vec<u8>) {
        envelope.put(payload, out);
    }
}

impl Dialect for Session {
    type Framer = FrameSplitter;
    type Packet<'a> = Result<Frame<'a>, Malformed>;

    const SPEAKS_FIRST: bool = true;

    const UNITS: Units = Units {
        first_frame_bytes: coremq::first_frame_bytes,
        // The asyncio client reads one frame a segment (C-5).
        is_each_alone: true,
        blocks: None,
    };

    fn protocol(is_websocket: bool) -> Protocol {
        if is_websocket { Protocol::CoremqWebsocket } else { Protocol::Coremq }
    }

    fn profile(_settings: &DialectSettings, is_websocket: bool) -> ConnectionProfile {
        ConnectionProfile::plain(if is_websocket { WEBSOCKET } else { TCP })
    }

    fn framer(settings: &DialectSettings) -> FrameSplitter {
        FrameSplitter::new(settings.packet_bytes_max)
    }

    fn refusal(reason: CloseReason) -> Option<Vec<u8>> {
        close_frame(reason, "-")
    }

    fn begin(opening: Opening<'_>) -> Self {
        Session::new(opening)
    }

    fn speak_first(&self, broker: &mut Broker<impl Encoder>, verdict: &Verdict) {
        self.greet(broker, verdict);
    }

    #[inline]
    fn decode(frame: &[u8], json_depth_max: usize) -> Self::Packet<'_> {
        coremq::decode(frame, json_depth_max)
    }

    #[inline]
    fn decode_text(text: &str, json_depth_max: usize) -> Self::Packet<'_> {
        coremq::decode_text(text, json_depth_max)
    }

    #[inline]
    fn event(frame: &Self::Packet<'_>) -> Option<Event> {
        Session::event_of(frame.as_ref().ok()?)
    }

    fn request(
        &self,
        frame: &Self::Packet<'_>,
        requester: Requester<'_, impl Encoder>,
    ) -> Option<AuthorizationRequest> {
        self.request_of(frame.as_ref().ok()?, &requester)
    }

    #[inline]
    fn answer_bytes(&self, frame: &Self::Packet<'_>, broker: &Broker<impl Encoder>) -> usize {
        frame.as_ref().map_or(0, |frame| self.answer_bytes_to(frame, broker))
    }

    #[inline]
    fn on_packet(
        &mut self,
        frame: Self::Packet<'_>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        self.take(frame, broker, verdict, journal);
    }

    fn close_packet(&self, reason: CloseReason) -> Option<Vec<u8>> {
        close_frame(reason, self.id())
    }
}

/// Returns the frame that says why a connection ends, where a client could not tell by itself.
fn close_frame(reason: CloseReason, queue: &str) -> Option<Vec<u8>> {
    if matches!(
        reason,
        CloseReason::Asked | CloseReason::Ended | CloseReason::ShuttingDown | CloseReason::Draining
    ) {
        return None;
    }
    let response = format!("ERROR: {reason}");
    let mut out = Vec::new();
    put_answer(&mut out, Carrier::Tcp, queue, &Answer::Response { response: &response });
    Some(out)
}
