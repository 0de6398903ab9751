//! PubSubX as the server sees it.

use std::time::Duration;

use rialto_application::{AuthorizationRequest, Event, Protocol};
use rialto_broker::{Broker, ConnectionProfile, Encoder, Format, Mark, Source};
use rialto_domain::{ChannelName, ClientId, CloseReason};
use rialto_wire::pubsubx::{self, Command, Envelope, FrameSplitter, put_message};

use super::{Session, TCP};
use crate::{
    Deliveries, Dialect, DialectSettings, Framer, Journal, Opening, Requester, Units, Verdict,
    WordForStrangers,
};

/// How long one that is back waits for what it missed: its first answer must be alone in its
/// segment (P-38).
const RESUME_PAUSE: Duration = Duration::from_millis(50);

impl Framer for FrameSplitter {
    #[inline]
    fn push<'a>(
        &'a mut self,
        input: &'a [u8],
    ) -> impl Iterator<Item = Result<&'a [u8], CloseReason>> {
        FrameSplitter::push(self, input).map(Ok)
    }

    fn release(&mut self) {
        FrameSplitter::release(self);
    }
}

impl Deliveries for Session {
    type Envelope = Envelope;
    type Outgoing = ();

    fn has(format: Format) -> bool {
        format == TCP
    }

    fn envelope(
        _server: &str,
        _format: Format,
        channel: &ChannelName,
        _source: Source<'_>,
    ) -> Envelope {
        Envelope::new(channel.as_str())
    }

    fn delivery(envelope: &mut Envelope, payload: &[u8], _mark: Mark, out: &mut Vec<u8>) {
        put_message(out, envelope, payload);
    }
}

impl Dialect for Session {
    type Framer = FrameSplitter;
    type Packet<'a> = Command<'a>;

    const WORD_FOR_STRANGERS: Option<WordForStrangers> = Some(word_for_stranger);

    const UNITS: Units =
        Units { first_frame_bytes: pubsubx::first_frame_bytes, is_each_alone: false, blocks: None };

    fn protocol(_is_websocket: bool) -> Protocol {
        Protocol::Pubsubx
    }

    fn profile(settings: &DialectSettings, _is_websocket: bool) -> ConnectionProfile {
        ConnectionProfile {
            echo: Some(true),
            resume_for: settings.pubsubx_resume_for,
            resume_pause: RESUME_PAUSE,
            ..ConnectionProfile::plain(TCP)
        }
    }

    fn framer(settings: &DialectSettings) -> FrameSplitter {
        let bytes_max = settings.pubsubx_request_bytes_max.min(settings.packet_bytes_max);
        FrameSplitter::new(bytes_max)
    }

    /// Its clients know no word for it.
    fn refusal(_reason: CloseReason) -> Option<Vec<u8>> {
        None
    }

    fn begin(opening: Opening<'_>) -> Self {
        Session::new(opening.connection, opening.settings.pubsubx_notes_messages)
    }

    #[inline]
    fn decode(frame: &[u8], _json_depth_max: usize) -> Command<'_> {
        pubsubx::decode(frame)
    }

    #[inline]
    fn event(command: &Command<'_>) -> Option<Event> {
        Session::event_of(command)
    }

    fn request(
        &self,
        command: &Command<'_>,
        requester: Requester<'_, impl Encoder>,
    ) -> Option<AuthorizationRequest> {
        self.request_of(command, &requester)
    }

    #[inline]
    fn answer_bytes(&self, command: &Command<'_>, broker: &Broker<impl Encoder>) -> usize {
        self.answer_bytes_to(command, broker)
    }

    #[inline]
    fn on_packet(
        &mut self,
        command: Command<'_>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        self.take(command, broker, verdict, journal);
    }

    fn close_packet(&self, _reason: CloseReason) -> Option<Vec<u8>> {
        None
    }

    fn lost_client(&self, broker: &Broker<impl Encoder>) -> Option<ClientId> {
        self.client().filter(|client| broker.is_lost(client.as_str())).cloned()
    }
}

/// Beginnings of a request of HTTP that no command of PubSubX has.
const HTTP: [&[u8]; 7] =
    [b"GET /", b"HEAD /", b"POST /", b"PUT /", b"PATCH /", b"DELETE /", b"OPTIONS "];

/// Returns what a peer is told that begins as one of JMQT, or of CoreMQ over WebSocket, or of HTTP.
///
/// # Spec
/// P-50. Other strangers are closed without a word, as P-13 has it.
fn word_for_stranger(first: &[u8]) -> Option<&'static [u8]> {
    match first {
        [b'{' | b'[', ..] => Some(
            b"ERROR: This port speaks PubSubX: begin with CONNECT and a name, or use another port\n\nx",
        ),
        _ if HTTP.iter().any(|begin| first.starts_with(begin)) => Some(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 56\r\n\
              Connection: close\r\n\r\nThis port speaks PubSubX and no HTTP: use another port.\n",
        ),
        _ => None,
    }
}
