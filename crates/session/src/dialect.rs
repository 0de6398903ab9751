//! What a dialect is: all that the server needs of one, in one trait.

use std::{fmt, sync::Arc, time::Duration};

use rialto_application::{AuthorizationRequest, Event, Protocol};
use rialto_broker::{
    Broker, CommandAnswer, ConnectionKey, ConnectionProfile, Encoder, Format, Mark, Remembered,
    SessionOpened, Source,
};
use rialto_domain::{Admission, ChannelName, ClientId, CloseReason, PacketId};

use crate::{Journal, Requester, Verdict};

/// How the bytes of a stream become frames.
pub trait Framer: Send {
    /// Takes what was read; gives the frames that are whole by now. After an error, which is why the
    /// connection ends, there are no more.
    fn push<'a>(
        &'a mut self,
        input: &'a [u8],
    ) -> impl Iterator<Item = Result<&'a [u8], CloseReason>>;

    /// Lets go of the memory of frames that were given.
    fn release(&mut self);
}

/// How deliveries and answers become a dialect's bytes. The functions are given only formats of the
/// dialect.
pub trait Deliveries {
    /// What all messages of one source to one channel share, rendered once, and which of them is next.
    type Envelope: fmt::Debug;

    /// What is kept of what one connection was sent, where deliveries are
    /// [made out](Self::address) to it; nothing in most dialects.
    type Outgoing: Default + fmt::Debug;

    /// Says whether a format is one of the dialect's.
    fn has(format: Format) -> bool;

    /// Renders what the deliveries of `source` to `channel` share; `server` is what this server calls
    /// itself.
    fn envelope(
        server: &str,
        format: Format,
        channel: &ChannelName,
        source: Source<'_>,
    ) -> Self::Envelope;

    /// Appends the next delivery of an envelope, with all that the carrier needs around it.
    fn delivery(envelope: &mut Self::Envelope, payload: &[u8], mark: Mark, out: &mut Vec<u8>);

    /// Makes of deliveries, as all receivers share them, those that one connection gets: for connections
    /// whose profile says that they are addressed.
    fn address(_: Format, _: &mut Self::Outgoing, shared: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(shared);
    }

    /// Returns the delivery that a connection acknowledges by a name that it has there; `None` where
    /// nothing has it any more.
    fn resolve(_: Format, _: &mut Self::Outgoing, _name: &str) -> Option<PacketId> {
        None
    }

    /// Appends what a client is told of its new session; nothing where sessions tell it themselves.
    fn session_opened(_format: Format, _session: SessionOpened, _out: &mut Vec<u8>) {}

    /// Appends what asks a silent client whether it is there; nothing where its profile does not say
    /// that it answers.
    fn ping(_format: Format, _out: &mut Vec<u8>) {}

    /// Appends the answer to a command; nothing where sessions answer commands themselves.
    fn command_answer(_format: Format, _answer: &CommandAnswer<'_>, _out: &mut Vec<u8>) {}
}

/// Returns what a peer is told whose first bytes are another protocol's; `None` of all others.
pub type WordForStrangers = fn(&[u8]) -> Option<&'static [u8]>;

/// A dialect; a value of it is the session of one connection.
///
/// The server is generic over it. Sessions are generic over the broker's encoder, so that they can be
/// tested in any company.
pub trait Dialect: Deliveries + Sized + Send + 'static {
    /// Cuts what is read off a stream into frames.
    type Framer: Framer;

    /// What a frame says, or what is wrong with it.
    type Packet<'a>;

    /// Whether the server speaks first: then its connections have an id from the beginning, and may
    /// have a session before their peers say anything.
    const SPEAKS_FIRST: bool = false;

    /// How long its clients are known: what is stored about one has to be known before its session
    /// [opens](Broker::connect).
    const REMEMBERED: Remembered = Remembered::Session;

    /// Whether an empty text message of a WebSocket is a packet.
    const TAKES_EMPTY_TEXT: bool = true;

    /// What peers of other protocols are told before they are let go, where nothing else tells them.
    const WORD_FOR_STRANGERS: Option<WordForStrangers> = None;

    /// How frames are written to a peer that is paced.
    const UNITS: Units;

    /// Returns what a connection speaks, in the application's words.
    fn protocol(is_websocket: bool) -> Protocol;

    /// Returns how the dialect's peers behave, as far as delivery depends on it.
    fn profile(settings: &DialectSettings, is_websocket: bool) -> ConnectionProfile;

    /// Makes what cuts a stream into frames.
    fn framer(settings: &DialectSettings) -> Self::Framer;

    /// Returns the packet that tells a peer why it is not let in, before it has said anything.
    fn refusal(reason: CloseReason) -> Option<Vec<u8>>;

    /// Begins the session of a connection that the broker knows.
    fn begin(opening: Opening<'_>) -> Self;

    /// Speaks first, where the [dialect has it so](Self::SPEAKS_FIRST), and opens the client's session
    /// if the verdict admits it without a word.
    fn speak_first(&self, _broker: &mut Broker<impl Encoder>, _verdict: &Verdict) {}

    /// Decodes a frame of a stream.
    fn decode(frame: &[u8], json_depth_max: usize) -> Self::Packet<'_>;

    /// Decodes a text message of a WebSocket.
    #[inline]
    fn decode_text(text: &str, json_depth_max: usize) -> Self::Packet<'_> {
        Self::decode(text.as_bytes(), json_depth_max)
    }

    /// Says at which event somebody has to decide on a packet, if it needs a decision; known without
    /// looking anything up.
    fn event(packet: &Self::Packet<'_>) -> Option<Event>;

    /// Returns what is to be decided before a packet is given to [`on_packet`](Self::on_packet), with
    /// the verdict; `None` where the packet leads to nothing or is refused anyway.
    fn request(
        &self,
        packet: &Self::Packet<'_>,
        requester: Requester<'_, impl Encoder>,
    ) -> Option<AuthorizationRequest>;

    /// Returns about how many bytes the answer to a packet has where it may be much larger than the
    /// packet is; otherwise 0.
    fn answer_bytes(&self, _packet: &Self::Packet<'_>, _broker: &Broker<impl Encoder>) -> usize {
        0
    }

    /// Takes one packet, with what was decided on it.
    fn on_packet(
        &mut self,
        packet: Self::Packet<'_>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    );

    /// Returns the packet that tells the peer on a stream why its connection ends, where there is one.
    fn close_packet(&self, reason: CloseReason) -> Option<Vec<u8>>;

    /// Returns the client whose session may be taken up again, now that its connection has ended, if
    /// the operator is to hear of that.
    fn lost_client(&self, _broker: &Broker<impl Encoder>) -> Option<ClientId> {
        None
    }
}

/// What a session begins with.
#[derive(Debug)]
pub struct Opening<'a> {
    /// The connection.
    pub connection: ConnectionKey,
    /// Its format, that of its [profile](Dialect::profile).
    pub format: Format,
    /// The connection's id, a new random UUID; empty unless the [server speaks
    /// first](Dialect::SPEAKS_FIRST).
    pub id: &'a str,
    /// What this server calls itself.
    pub server: &'a Arc<ServerName>,
    /// There if the peer's address is that of a configured host, and the server speaks first: what
    /// opens its session if it asks to be a replicant without one.
    pub listed: Option<Admission>,
    /// What the settings say.
    pub settings: &'a DialectSettings,
}

/// What a server calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerName {
    /// Its name, without a port.
    pub name: String,
    /// Its name and the port of its CoreMQ listener, by which other servers know it.
    pub address: Arc<str>,
}

/// What the settings say of dialects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DialectSettings {
    /// Most bytes, or characters, of a frame.
    pub packet_bytes_max: usize,
    /// How long a lost client of JMQT may take to come back.
    pub jmqt_resume_for: Duration,
    /// How long a lost client of PubSubX may take to come back.
    pub pubsubx_resume_for: Duration,
    /// Most bytes of a command of PubSubX.
    pub pubsubx_request_bytes_max: usize,
    /// Whether the journal has each message of PubSubX, as the original prints them.
    pub pubsubx_notes_messages: bool,
}

/// How frames are written to a peer that loses what comes faster than it reads.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    /// Returns the bytes of the first of some whole frames, if there is more than one.
    pub first_frame_bytes: fn(&[u8]) -> Option<usize>,
    /// Whether each frame is written by itself, whatever its size.
    pub is_each_alone: bool,
    /// There where peers read blocks of a fixed size, which frames have to fill.
    pub blocks: Option<Blocks>,
}

/// How frames, each ended by a NUL, fill blocks, and how their receipt is seen.
#[derive(Debug, Clone, Copy)]
pub struct Blocks {
    /// Says whether a connection that begins with these bytes may be one of such a peer, as far as
    /// they go.
    pub may_open: fn(&[u8]) -> bool,
    /// Says whether what was read first of a connection is such a peer's.
    pub opens: fn(&[u8]) -> bool,
    /// Says whether a frame of the peer acknowledges one that it got.
    pub is_acknowledgement: fn(&[u8]) -> bool,
    /// Says whether a frame of the server is to be acknowledged.
    pub is_owed: fn(&[u8]) -> bool,
}
