//! A dialect of lines.
//!
//! A line is a packet: `hello NAME`, `want CHANNEL`, `say CHANNEL JSON`, `got NUMBER`, `bye`. Answers are
//! `ok` and `no WHY`, and a message is `NUMBER CHANNEL JSON`, its number being that of the receiver.

use rialto_application::{AuthorizationRequest, Event, Protocol};
use rialto_broker::{
    Answer, Broker, Command, Connect, ConnectionKey, ConnectionProfile, Encoder, Format, Issuer,
    Mark, Publish, Source,
};
use rialto_domain::{ChannelName, ClientId, CloseReason, PacketId, Qos};
use rialto_session::{
    Deliveries, Dialect, DialectSettings, Framer, Journal, Opening, Requester, Units, Verdict,
};

use super::numbers::{self, Numbers};

const LINES: Format = Format(8);

pub(crate) struct Toy(ConnectionKey);

/// Keeps the line whose end has not come yet, and how many bytes the lines before it have.
#[derive(Default)]
pub(crate) struct Lines(Vec<u8>, usize);

impl Framer for Lines {
    fn push<'a>(
        &'a mut self,
        input: &'a [u8],
    ) -> impl Iterator<Item = Result<&'a [u8], CloseReason>> {
        self.0.extend_from_slice(input);
        self.1 = self.0.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        self.0[..self.1].split_inclusive(|&byte| byte == b'\n').map(|it| Ok(&it[..it.len() - 1]))
    }

    fn release(&mut self) {
        self.0.drain(..std::mem::take(&mut self.1));
    }
}

impl Deliveries for Toy {
    type Envelope = String;
    type Outgoing = Numbers;

    fn has(format: Format) -> bool {
        format == LINES
    }

    fn envelope(_: &str, _: Format, channel: &ChannelName, _: Source<'_>) -> String {
        channel.as_str().to_owned()
    }

    fn delivery(channel: &mut String, payload: &[u8], mark: Mark, out: &mut Vec<u8>) {
        let id = match mark {
            Mark::Acknowledged(id) => Some(id),
            Mark::Plain | Mark::Retained => None,
        };
        let text = format!("{channel} {}", String::from_utf8_lossy(payload));
        out.extend_from_slice(numbers::shared(&text, id).as_bytes());
    }

    fn address(_: Format, numbers: &mut Numbers, shared: &[u8], out: &mut Vec<u8>) {
        out.extend(numbers.address(std::str::from_utf8(shared).unwrap()).into_bytes());
    }

    fn resolve(_: Format, numbers: &mut Numbers, number: &str) -> Option<PacketId> {
        numbers.resolve(number)
    }
}

impl Dialect for Toy {
    type Framer = Lines;
    type Packet<'a> = (&'a str, &'a str);

    const UNITS: Units = Units {
        first_frame_bytes: |frames| {
            frames.iter().position(|&byte| byte == b'\n').map(|end| end + 1)
        },
        is_each_alone: false,
        blocks: None,
    };

    fn protocol(_: bool) -> Protocol {
        Protocol::Pubsubx
    }

    fn profile(_: &DialectSettings, _: bool) -> ConnectionProfile {
        ConnectionProfile {
            is_addressed: true,
            acknowledges: true,
            ..ConnectionProfile::plain(LINES)
        }
    }

    fn framer(_: &DialectSettings) -> Lines {
        Lines::default()
    }

    fn refusal(reason: CloseReason) -> Option<Vec<u8>> {
        Some(format!("no {reason}\n").into_bytes())
    }

    fn begin(opening: Opening<'_>) -> Self {
        Toy(opening.connection)
    }

    fn decode(frame: &[u8], _: usize) -> (&str, &str) {
        let line = std::str::from_utf8(frame).unwrap_or_default();
        line.split_once(' ').unwrap_or((line, ""))
    }

    fn event(&(verb, _): &(&str, &str)) -> Option<Event> {
        match verb {
            "hello" => Some(Event::Connect),
            "want" => Some(Event::Subscribe),
            "say" => Some(Event::Publish),
            _ => None,
        }
    }

    fn request(
        &self,
        &(verb, rest): &(&str, &str),
        requester: Requester<'_, impl Encoder>,
    ) -> Option<AuthorizationRequest> {
        match (verb, rest.split_once(' ')) {
            ("hello", _) => Some(requester.connect(rest, "")),
            ("want", _) => requester.subscribe(&[rest], false),
            ("say", Some((to, json))) => {
                requester.publish(to.into(), json, (Qos::AtMostOnce, false))
            }
            _ => None,
        }
    }

    fn on_packet(
        &mut self,
        (verb, rest): (&str, &str),
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        _: &dyn Journal,
    ) {
        if verb == "got" {
            return broker.acknowledge_addressed(self.0, rest);
        }
        let issuer = Issuer::Client(self.0);
        let result = match (verb, rest.split_once(' '), verdict.permit()) {
            ("hello", _, _) => {
                verdict.admission().cloned().map_err(Clone::clone).and_then(|admission| {
                    let client = ClientId::from(rest);
                    broker.connect(self.0, &Connect::transient(&client, &admission)).map(drop)
                })
            }
            (_, _, Err(reject)) => Err(reject.clone()),
            ("want", _, Ok(_)) => {
                let subscribe = Command::Subscribe { channel: rest, persistent: false };
                broker.command(issuer, &subscribe, Answer::None).map(drop)
            }
            ("say", Some((channel, json)), Ok(_)) => {
                let (payload, qos) = (json.as_bytes(), Qos::AtMostOnce);
                let publish = Publish { channel, payload, qos, retain: false };
                broker.command(issuer, &Command::Publish(&publish), Answer::None).map(drop)
            }
            _ => return broker.close(self.0, CloseReason::Asked),
        };
        let answer = result.map_or_else(|reject| format!("no {reject}\n"), |()| "ok\n".to_owned());
        broker.send(self.0, |_, out| out.extend_from_slice(answer.as_bytes()));
    }

    fn close_packet(&self, reason: CloseReason) -> Option<Vec<u8>> {
        Self::refusal(reason)
    }
}
