//! What nodes tell each other over the bus, as bytes.
//!
//! The first byte is the version of the form, the second says what it is; numbers are big-endian, texts have their length in two bytes before
//! them and are UTF-8, and payloads are one text sequence (RFC 7464) with its length in four bytes. Nothing may stand behind the
//! last member, and nothing may be missing. `docs/cluster.md` has the members of each kind.
//!
//! A node takes nothing of another version: it is as if the bus had lost it.

mod error;
mod members;

use bytes::{BufMut, Bytes, BytesMut};
use rialto_domain::{
    ChannelName, LogId, MessageId, Payloads,
    bus::{Direct, Doorbell, DoorbellPage, Place, Run},
};

pub use error::DecodeError;
use members::Members;

/// The version of the form.
pub const VERSION: u8 = 1;

const RUN: u8 = 1;
const DOORBELL: u8 = 2;
const DIRECT: u8 = 3;
const ANSWER: u8 = 4;
const LOOK: u8 = 5;

/// Of a run: whether receivers acknowledge its messages.
const ACKNOWLEDGED: u8 = 1;
/// Of a run: whether its publisher speaks for somebody.
const ON_BEHALF: u8 = 2;
/// Of a doorbell: whether a page comes with it.
const PAGED: u8 = 1;

/// A message between nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Messages that are nowhere else.
    Run(Run),
    /// That a page was committed.
    Doorbell(Doorbell),
    /// A message for one client, for the node that serves it.
    Direct(Direct),
    /// What became of a direct message.
    Answer(Answer),
    /// That something is in the database which is to be looked at now.
    Look {
        /// Which node says so.
        node: u64,
    },
}

/// What became of a direct message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What the asker knows it by.
    pub ticket: u64,
    /// Whether it was handed to the client.
    pub is_heard: bool,
}

impl Message {
    /// Returns the bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(128 + self.payload_bytes());
        out.put_u8(VERSION);
        match self {
            Message::Run(run) => encode_run(run, &mut out),
            Message::Doorbell(doorbell) => encode_doorbell(doorbell, &mut out),
            Message::Direct(direct) => encode_direct(direct, &mut out),
            Message::Answer(Answer { ticket, is_heard }) => {
                out.put_u8(ANSWER);
                out.put_u64(*ticket);
                out.put_u8(u8::from(*is_heard));
            }
            Message::Look { node } => {
                out.put_u8(LOOK);
                out.put_u64(*node);
            }
        }
        out.freeze()
    }

    /// Reads what [`encode`](Self::encode) made. Payloads are slices of the bytes.
    ///
    /// # Errors
    /// When it is of another version, or not exactly in the form.
    pub fn decode(bytes: &Bytes) -> Result<Self, DecodeError> {
        let mut members = Members::new(bytes);
        let version = members.u8()?;
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let message = match members.u8()? {
            RUN => Message::Run(decode_run(&mut members)?),
            DOORBELL => Message::Doorbell(decode_doorbell(&mut members)?),
            DIRECT => Message::Direct(decode_direct(&mut members)?),
            ANSWER => {
                let ticket = members.u64()?;
                Message::Answer(Answer { ticket, is_heard: members.flags(1)? == 1 })
            }
            LOOK => Message::Look { node: members.u64()? },
            _ => return Err(members.malformed()),
        };
        members.end().map(|()| message)
    }

    fn payload_bytes(&self) -> usize {
        match self {
            Message::Run(run) => run.payloads.as_bytes().len() + run.channel.as_str().len(),
            Message::Doorbell(Doorbell { page, .. }) => {
                page.as_ref().map_or(0, |page| page.payloads.as_bytes().len())
            }
            Message::Direct(direct) => direct.payload.as_bytes().len(),
            Message::Answer(_) | Message::Look { .. } => 0,
        }
    }
}

fn encode_run(run: &Run, out: &mut BytesMut) {
    out.put_u8(RUN);
    let on_behalf = if run.on_behalf_of.is_some() { ON_BEHALF } else { 0 };
    let acknowledged = if run.is_acknowledged { ACKNOWLEDGED } else { 0 };
    out.put_u8(on_behalf | acknowledged);
    put_text(out, run.channel.as_str());
    put_text(out, run.publisher.as_str());
    run.on_behalf_of.iter().for_each(|client| put_text(out, client));
    let MessageId { origin, sequence } = run.first;
    for number in [run.at, run.logical, origin, sequence, run.place.since, run.place.before] {
        out.put_u64(number);
    }
    put_payloads(out, run.count, &run.payloads);
}

fn decode_run(members: &mut Members<'_>) -> Result<Run, DecodeError> {
    let flags = members.flags(ACKNOWLEDGED | ON_BEHALF)?;
    let (channel, publisher) = (ChannelName::from(members.text()?), members.text()?.into());
    let is_on_behalf = flags & ON_BEHALF != 0;
    let on_behalf_of = is_on_behalf.then(|| members.text()).transpose()?.map(str::to_owned);
    let (at, logical) = (members.u64()?, members.u64()?);
    let first = MessageId { origin: members.u64()?, sequence: members.u64()? };
    let place = Place { since: members.u64()?, before: members.u64()? };
    let is_acknowledged = flags & ACKNOWLEDGED != 0;
    let (count, payloads) = members.payloads()?;
    Ok(Run {
        channel,
        publisher,
        on_behalf_of,
        at,
        logical,
        first,
        place,
        is_acknowledged,
        count,
        payloads,
    })
}

fn encode_doorbell(doorbell: &Doorbell, out: &mut BytesMut) {
    out.put_u8(DOORBELL);
    out.put_u8(if doorbell.page.is_some() { PAGED } else { 0 });
    put_text(out, doorbell.channel.as_str());
    for number in [doorbell.origin, doorbell.log.0, doorbell.first, doorbell.sent] {
        out.put_u64(number);
    }
    match &doorbell.page {
        Some(DoorbellPage { publisher, at, payloads }) => {
            put_text(out, publisher.as_str());
            out.put_u64(*at);
            put_payloads(out, doorbell.count, payloads);
        }
        None => out.put_u32(doorbell.count),
    }
}

fn decode_doorbell(members: &mut Members<'_>) -> Result<Doorbell, DecodeError> {
    let is_paged = members.flags(PAGED)? == PAGED;
    let channel = ChannelName::from(members.text()?);
    let (origin, log) = (members.u64()?, LogId(members.u64()?));
    let (first, sent) = (members.u64()?, members.u64()?);
    if !is_paged {
        let count = members.count()?;
        return Ok(Doorbell { origin, channel, log, first, count, sent, page: None });
    }
    let (publisher, at) = (members.text()?.into(), members.u64()?);
    let (count, payloads) = members.payloads()?;
    let page = Some(DoorbellPage { publisher, at, payloads });
    Ok(Doorbell { origin, channel, log, first, count, sent, page })
}

fn encode_direct(direct: &Direct, out: &mut BytesMut) {
    out.put_u8(DIRECT);
    put_text(out, direct.client.as_str());
    put_text(out, direct.publisher.as_str());
    [direct.node, direct.ticket, direct.at].into_iter().for_each(|number| out.put_u64(number));
    put_payloads(out, 1, &direct.payload);
}

fn decode_direct(members: &mut Members<'_>) -> Result<Direct, DecodeError> {
    let (client, publisher) = (members.text()?.into(), members.text()?.into());
    let (node, ticket, at) = (members.u64()?, members.u64()?, members.u64()?);
    match members.payloads()? {
        (1, payload) => Ok(Direct { node, ticket, client, publisher, at, payload }),
        _ => Err(members.malformed()),
    }
}

fn put_text(out: &mut BytesMut, text: &str) {
    // Names are far shorter: limits.channel_name_bytes_max and the like see to that.
    let length = u16::try_from(text.len()).unwrap_or_default();
    out.put_u16(length);
    out.put_slice(&text.as_bytes()[..usize::from(length)]);
}

fn put_payloads(out: &mut BytesMut, count: u32, payloads: &Payloads) {
    let bytes = payloads.as_bytes();
    out.put_u32(count);
    out.put_u32(u32::try_from(bytes.len()).unwrap_or_default());
    out.put_slice(bytes);
}

#[cfg(test)]
mod tests;
