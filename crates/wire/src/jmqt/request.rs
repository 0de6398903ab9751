//! How a client writes what it says.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    encode::{Carrier, encode_packet, put_frame, put_string},
    packet::{ClientPacket, Publish, status},
};

impl ClientPacket<'_> {
    /// Appends this packet as a client sends it.
    ///
    /// `Auth` and `Pub` payloads must be valid JSON; they are written as they stand.
    pub fn encode(&self, out: &mut Vec<u8>, carrier: Carrier) {
        let packet = match self {
            // Nearly all that clients say, and so written without a detour.
            ClientPacket::Pub(publish) => return put_publish(out, carrier, publish),
            ClientPacket::PushAck { id, accepted } => {
                return put_push_ack(out, carrier, id, *accepted);
            }
            ClientPacket::Auth(data) => RequestPacket::Auth { dt: raw(data) },
            ClientPacket::Conn { token, client } => RequestPacket::Conn { at: token, cl: client },
            ClientPacket::Hb => RequestPacket::Hb {},
            ClientPacket::Sub { channel, persistent } => {
                RequestPacket::Sub { cn: channel, pr: u8::from(*persistent) }
            }
            ClientPacket::Unsub { channel } => RequestPacket::Unsub { cn: channel },
            ClientPacket::Disconn => RequestPacket::Disconn {},
        };
        encode_packet(out, carrier, &packet);
    }
}

fn put_publish(out: &mut Vec<u8>, carrier: Carrier, publish: &Publish<'_>) {
    put_frame(out, carrier, |out| {
        out.extend_from_slice(b"{\"pub\":{\"cn\":");
        put_string(out, &publish.channel);
        out.extend_from_slice(b",\"dt\":");
        out.extend_from_slice(publish.payload.as_bytes());
        if publish.acknowledged {
            out.extend_from_slice(b",\"q\":1");
        }
        if publish.retain {
            out.extend_from_slice(b",\"rt\":1");
        }
        if let Some(id) = &publish.id {
            out.extend_from_slice(b",\"id\":");
            put_string(out, id);
        }
        out.extend_from_slice(b"}}");
    });
}

fn put_push_ack(out: &mut Vec<u8>, carrier: Carrier, id: &str, accepted: bool) {
    let status = if accepted { status::OK } else { status::FAILED };
    put_frame(out, carrier, |out| {
        out.extend_from_slice(b"{\"pushAck\":{\"id\":");
        put_string(out, id);
        out.extend_from_slice(b",\"st\":");
        out.push(b'0' + status);
        out.extend_from_slice(b"}}");
    });
}

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap_or(RawValue::NULL)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum RequestPacket<'a> {
    Auth {
        dt: &'a RawValue,
    },
    Conn {
        at: &'a str,
        cl: &'a str,
    },
    Hb {},
    Sub {
        cn: &'a str,
        #[serde(skip_serializing_if = "is_zero")]
        pr: u8,
    },
    Unsub {
        cn: &'a str,
    },
    Disconn {},
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}
