//! The client's half: messages and requests as bytes, and what a WebSocket gateway says.

use super::{
    encode::put_frame,
    link::{ServerFrame, server_frame},
    members::Members,
    payload::put_open_object,
    words::{Carrier, Malformed, QUEUE},
};
use crate::json::{depth, put_ascii};

/// A queue that a carrier has no words for, or a message that cannot go over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    /// C-7.
    #[error("the name of a queue is not empty and has no blank")]
    Queue,
    /// C-37.
    #[error("over WebSocket an object has no member `queue` of its own")]
    Member,
}

/// Appends a message to `queue`, a valid JSON text: an object, or what stands for another value.
///
/// Over WebSocket it is the text of one message, without WebSocket's framing.
///
/// # Errors
/// [`Unsayable`]; nothing is appended.
///
/// # Spec
/// C-1, C-6, C-30, C-37.
pub fn put_publish(
    out: &mut Vec<u8>,
    carrier: Carrier,
    queue: &str,
    payload: &str,
) -> Result<(), Unsayable> {
    let has_queue = || Members::read(payload).is_some_and(|it| it.raw(QUEUE).is_some());
    if carrier == Carrier::WebSocket && has_queue() {
        return Err(Unsayable::Member);
    }
    put(out, carrier, queue, |out| put_open_object(payload.as_bytes(), None, out))
}

/// Appends a request, a JSON object with members. Over TCP `queue` makes no difference, over WebSocket
/// an empty one is left out.
///
/// # Errors
/// [`Unsayable`]; nothing is appended.
///
/// # Spec
/// C-18 to C-24, C-35, C-44.
pub fn put_ask(
    out: &mut Vec<u8>,
    carrier: Carrier,
    queue: &str,
    request: &str,
) -> Result<(), Unsayable> {
    let open = request.strip_suffix('}').unwrap_or(request);
    if carrier == Carrier::WebSocket && queue.is_empty() {
        put_ascii(request, out);
        return Ok(());
    }
    put(out, carrier, queue, |out| {
        put_ascii(open, out);
        true
    })
}

fn put(
    out: &mut Vec<u8>,
    carrier: Carrier,
    queue: &str,
    open_object: impl FnOnce(&mut Vec<u8>) -> bool,
) -> Result<(), Unsayable> {
    if queue.is_empty() || queue.contains(' ') {
        return Err(Unsayable::Queue);
    }
    match carrier {
        Carrier::Tcp => {
            let head = format!("{queue} ");
            put_frame(out, &head, head.chars().count(), |out| {
                open_object(out);
                out.push(b'}');
            });
        }
        Carrier::WebSocket => {
            if open_object(out) {
                out.push(b',');
            }
            let queue = serde_json::to_string(queue).expect("text serialises to memory");
            put_ascii(&format!("\"{QUEUE}\":{queue}}}"), out);
        }
    }
    Ok(())
}

/// Reads one text message of a WebSocket gateway, and gives what it says to `take`.
///
/// # Errors
/// [`Malformed`] for what no gateway says.
///
/// # Spec
/// C-36, C-38 to C-40, C-44.
pub fn read_gateway<T>(
    json: &str,
    json_depth_max: usize,
    take: impl FnOnce(ServerFrame<'_>) -> T,
) -> Result<T, Malformed> {
    if json_depth_max + 1 < depth(json.as_bytes()) {
        return Err(Malformed::TooDeep { limit: json_depth_max });
    }
    let members = Members::read(json).ok_or(Malformed::NotAnObject)?;
    let queue = members.text(QUEUE).unwrap_or_default();
    let mut rest = Vec::with_capacity(json.len());
    members.put_some(|name| name != QUEUE, &mut rest);
    let rest = String::from_utf8(rest).map_err(|_| Malformed::NotUtf8)?;
    let members = Members::read(&rest).ok_or(Malformed::NotAnObject)?;
    server_frame(&queue, &rest, &members).map(take).ok_or(Malformed::NotJson)
}
