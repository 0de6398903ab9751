//! From a frame to what a client wants.
//!
//! [`decode`] tries the quick scanner first, which knows ordinary messages; whatever is unusual goes
//! through serde_json, which alone decides what is valid.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{
    members::{Members, RESERVED},
    payload::canonical,
    words::{LinkOffer, Malformed, QUEUE, Share},
};
use crate::json::{Scanner, Text, depth};

/// What a client sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame<'a> {
    /// The queue it is for; empty for a WebSocket's requests that need none.
    pub queue: Cow<'a, str>,
    /// What it asks for, or says.
    pub request: Request<'a>,
    /// The client of a gateway to which the answer is to go.
    pub forward_to: Option<Cow<'a, str>>,
    /// The server that took a message in, if it says so.
    pub server: Option<Cow<'a, str>>,
}

/// One thing that a client can ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request<'a> {
    /// Messages of these queues, from now on.
    Subscribe(Vec<Cow<'a, str>>),
    /// No more messages of these queues.
    Unsubscribe(Vec<Cow<'a, str>>),
    /// Options of the connection.
    SetOptions(Box<Options<'a>>),
    /// The last messages of these queues.
    History(Vec<Cow<'a, str>>),
    /// All messages, for a server of this name.
    Replicate {
        /// The server's name and port.
        name: Cow<'a, str>,
        /// What a Rialto server says besides.
        link: Option<Box<LinkOffer>>,
    },
    /// More of what a Rialto server missed.
    More(Share),
    /// How the server is.
    Status,
    /// How the WebSocket gateway is.
    GatewayStatus,
    /// A message to distribute: one JSON value.
    Message(Cow<'a, str>),
    /// A request whose value has the wrong type (C-21): its name, and what it takes.
    Wrong(&'static str, &'static str),
}

/// Options that mean something to the server. Others are taken and do nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options<'a> {
    /// Whether the connection gets back what it publishes, if that is to change.
    pub echo: Option<bool>,
    /// The client id that a token is for.
    pub client: Option<Cow<'a, str>>,
    /// The token that opens its session.
    pub token: Option<Cow<'a, str>>,
}

/// Decodes what is in a frame.
///
/// # Errors
/// [`Malformed`], whose text is that of the answer; the connection need not be closed.
pub fn decode(frame: &[u8], json_depth_max: usize) -> Result<Frame<'_>, Malformed> {
    let text = simdutf8::basic::from_utf8(frame).map_err(|_| Malformed::NotUtf8)?;
    let (queue, json) = text.split_once(' ').ok_or(Malformed::NoQueue)?;
    if queue.is_empty() {
        return Err(Malformed::NoQueue);
    }
    let queue = Cow::Borrowed(queue);
    if is_ordinary(json, json_depth_max).is_some() {
        let request = Request::Message(Cow::Borrowed(json.trim()));
        return Ok(Frame { queue, request, forward_to: None, server: None });
    }
    let members = read(json, json_depth_max)?;
    Ok(frame_of(queue, &members, |members| canonical(json.trim(), members)))
}

/// Decodes one text message of a WebSocket.
///
/// # Errors
/// [`Malformed`]; [`Malformed::NotJson`] is to close the connection (C-40).
pub fn decode_text(json: &str, json_depth_max: usize) -> Result<Frame<'_>, Malformed> {
    let members = match read(json, json_depth_max) {
        Err(Malformed::NotAnObject) => return Err(Malformed::Unrecognized),
        other => other?,
    };
    let has = |name| members.raw(name).is_some();
    let queue = match members.text(QUEUE) {
        Some(queue) if !queue.is_empty() => queue,
        _ if has("coremq_subscribe") || has("corews_status") => Cow::Borrowed(""),
        _ => return Err(Malformed::Unrecognized),
    };
    if has("corews_status") {
        let request = Request::GatewayStatus;
        return Ok(Frame { queue, request, forward_to: None, server: None });
    }
    let without_queue = |members: &Members<'_>| {
        let mut out = Vec::with_capacity(json.len());
        members.put_some(|name| name != QUEUE, &mut out);
        let object = String::from_utf8(out).expect("JSON texts are UTF-8");
        let payload =
            Members::read(&object).map(|members| canonical(&object, &members).into_owned());
        Cow::Owned(payload.unwrap_or_default())
    };
    let frame = frame_of(queue, &members, without_queue);
    // Nobody relays or forwards through a WebSocket.
    Ok(Frame { forward_to: None, server: None, ..frame })
}

/// Passes over an object without reserved members, if it is of ordinary form.
fn is_ordinary(json: &str, json_depth_max: usize) -> Option<()> {
    // The object itself is one level.
    let mut scanner = Scanner::new(json, json_depth_max.saturating_sub(1));
    scanner.token(b'{')?;
    loop {
        if scanner.key()?.starts_with(RESERVED) {
            return None;
        }
        scanner.value()?;
        if scanner.ends_members()? {
            return scanner.is_at_end().then_some(());
        }
    }
}

fn read(json: &str, json_depth_max: usize) -> Result<Members<'_>, Malformed> {
    if json_depth_max < depth(json.as_bytes()) {
        return Err(Malformed::TooDeep { limit: json_depth_max });
    }
    Members::read(json).ok_or_else(|| match serde_json::from_str::<&RawValue>(json) {
        Ok(_) => Malformed::NotAnObject,
        Err(_) => Malformed::NotJson,
    })
}

fn frame_of<'a>(
    queue: Cow<'a, str>,
    members: &Members<'a>,
    payload: impl FnOnce(&Members<'a>) -> Cow<'a, str>,
) -> Frame<'a> {
    let request = request_of(members).unwrap_or_else(|| Request::Message(payload(members)));
    Frame {
        queue,
        request,
        forward_to: members.text("coremq_fwdto"),
        server: members.text("coremq_server"),
    }
}

/// Finds the first request in the order of C-24.
fn request_of<'a>(members: &Members<'a>) -> Option<Request<'a>> {
    let queues = |name: &'static str, request: fn(Vec<Cow<'a, str>>) -> Request<'a>| {
        let found = members.raw(name).map(names_of)?;
        Some(found.map_or(Request::Wrong(name, "a queue name or a list of them"), request))
    };
    queues("coremq_subscribe", Request::Subscribe)
        .or_else(|| queues("coremq_unsubscribe", Request::Unsubscribe))
        .or_else(|| {
            let options = members.raw("coremq_options")?;
            let wrong = Request::Wrong("coremq_options", "an object");
            let options = Members::read(options).map(|members| Box::new(options_of(&members)));
            Some(options.map_or(wrong, Request::SetOptions))
        })
        .or_else(|| queues("coremq_gethistory", Request::History))
        .or_else(|| {
            members.raw("coremq_replicant")?;
            let wrong = Request::Wrong("coremq_replicant", "a server's name and port");
            let link = members.raw("coremq_link").and_then(|it| serde_json::from_str(it).ok());
            let name = members.text("coremq_replicant");
            Some(name.map_or(wrong, |name| Request::Replicate { name, link }))
        })
        .or_else(|| members.raw("coremq_status").map(|_| Request::Status))
        .or_else(|| {
            let share = members.raw("coremq_more")?;
            let wrong = Request::Wrong("coremq_more", "\"messages\" or \"past\"");
            Some(serde_json::from_str(share).map_or(wrong, Request::More))
        })
}

/// Reads a queue's name or a list of names; what Python takes for nothing is an empty list.
fn names_of(json: &str) -> Option<Vec<Cow<'_, str>>> {
    if let Ok(Text(name)) = serde_json::from_str(json) {
        return Some(if name.is_empty() { Vec::new() } else { vec![name] });
    }
    if json == "null" {
        return Some(Vec::new());
    }
    let names: Vec<Text<'_>> = serde_json::from_str(json).ok()?;
    Some(names.into_iter().map(|Text(name)| name).collect())
}

fn options_of<'a>(members: &Members<'a>) -> Options<'a> {
    Options {
        echo: members.raw("echo").map(is_true),
        client: members.text("client"),
        token: members.text("token"),
    }
}

/// Says what Python would of a value as a condition.
fn is_true(json: &str) -> bool {
    !matches!(json, "false" | "null" | "0" | "0.0" | "\"\"" | "[]" | "{}")
}
