//! Packets, as text.

use std::fmt::Display;

/// Returns a publish with QoS 0.
pub(crate) fn publish(channel: &str, payload: impl Display) -> String {
    format!(r#"{{"pub":{{"cn":"{channel}","dt":{payload}}}}}"#)
}

/// Returns a publish with QoS 1.
pub(crate) fn publish_stored(channel: &str, payload: impl Display, id: impl Display) -> String {
    format!(r#"{{"pub":{{"cn":"{channel}","dt":{payload},"q":1,"id":"{id}"}}}}"#)
}

/// Returns the acknowledgement of a push.
pub(crate) fn acknowledge(id: impl Display) -> String {
    format!(r#"{{"pushAck":{{"id":"{id}"}}}}"#)
}

/// Returns frames for a socket, to be sent in one write.
pub(crate) fn frames(packets: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for packet in packets {
        bytes.extend_from_slice(packet.as_bytes());
        bytes.push(0);
    }
    bytes
}
