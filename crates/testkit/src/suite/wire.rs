//! The steps in which the harness is the server, or stands before one.

use std::net::TcpStream;

use serde_json::{Map, Value, json};

use super::{
    expectation::is_packet,
    framing::{encode, encode_close},
    play::{Play, TIMEOUT_S},
    scenario::Side,
    scene::Failure,
};

/// A frame that is no packet, after which a client has taken in all that was sent before (K-37).
const NO_PACKET: &str = "no packet";
/// The channel of the question that shows that nothing was sent before it.
const BARRIER: &str = "$barrier";

impl Play<'_> {
    /// Does what only a scripted server can.
    pub(super) fn wire_step(
        &mut self,
        key: &str,
        keys: &Map<String, Value>,
    ) -> Result<(), Failure> {
        let value = &keys[key];
        match key {
            "online" => self.online(value),
            "expect" => match value.as_array() {
                Some(packets) => packets.iter().try_for_each(|packet| self.expect(packet)),
                None => self.expect(value),
            },
            "pubs" => self.numbered(value),
            "send" => self.send(value, keys),
            "frame" => {
                let text = value.as_str().ok_or("no text")?;
                let bytes = encode(text, self.is_websocket());
                self.write(&bytes, keys.get("cut_at"))
            }
            "raw" => {
                let bytes = match value.get("hex").and_then(Value::as_str) {
                    Some(hex) => from_hex(hex).ok_or("no hexadecimal bytes")?,
                    None => value.as_str().ok_or("no bytes")?.as_bytes().to_vec(),
                };
                self.write(&bytes, None)
            }
            _ => self.closed(),
        }
    }

    /// Opens a session, behind an `auth` where the client has login data.
    fn online(&mut self, about: &Value) -> Result<(), Failure> {
        let first = self.next_packet()?;
        if let Some(login) = first.get("auth") {
            let client = &login["dt"]["client_name"];
            self.send(&json!({"authAck": {"st": 1, "at": "t", "cl": client}}), &Map::new())?;
            self.expect(&json!({"conn": "*"}))?;
        } else if first.get("conn").is_none() {
            return Err(format!("instead of `conn` came {first}"));
        }
        let mut body = json!({"st": 1, "ts": 15});
        for (key, value) in about.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        self.timeout_s = body["ts"].as_u64().unwrap_or(TIMEOUT_S);
        self.send(&json!({"connAck": body}), &Map::new())?;
        self.await_online(&Value::Null)
    }

    fn expect(&mut self, pattern: &Value) -> Result<(), Failure> {
        let packet = self.next_packet()?;
        let is_it = is_packet(&mut self.names, pattern, &packet);
        is_it.then_some(()).ok_or_else(|| format!("instead came {packet}"))
    }

    /// Expects numbered publishes with QoS 1, and answers them and all such before, if that is asked.
    fn numbered(&mut self, about: &Value) -> Result<(), Failure> {
        let from = about["from"].as_u64().unwrap_or(0);
        let answers = about["answer"] == true;
        for number in from..from + about["count"].as_u64().ok_or("no count")? {
            if answers {
                self.answer_numbered()?;
            }
            let packet = self.next_packet()?;
            let id = &packet["pub"]["id"];
            let pattern = json!({"cn": about["channel"], "dt": number, "q": 1, "id": id});
            if !is_packet(&mut self.names, &json!({"pub": pattern}), &packet) {
                return Err(format!("instead of {number} came {packet}"));
            }
            self.unanswered.push(id.clone());
        }
        if answers { self.answer_numbered() } else { Ok(()) }
    }

    fn answer_numbered(&mut self) -> Result<(), Failure> {
        for id in std::mem::take(&mut self.unanswered) {
            self.send(&json!({"pubAck": {"st": 1, "id": id}}), &Map::new())?;
        }
        Ok(())
    }

    fn next_packet(&mut self) -> Result<Value, Failure> {
        let frame = self.scene.next_frame("this packet")?;
        let frame = frame.map_err(|how| format!("instead the connection ended: {how}"))?;
        let packet = serde_json::from_str(&frame);
        packet.map_err(|_| format!("the client sent {frame:?}, which is no JSON"))
    }

    fn send(&mut self, packets: &Value, keys: &Map<String, Value>) -> Result<(), Failure> {
        let list = packets.as_array().map_or(std::slice::from_ref(packets), Vec::as_slice);
        let times = keys.get("times").and_then(Value::as_u64).unwrap_or(1);
        let texts: Vec<_> =
            list.iter().map(|packet| self.names.fill_in(&packet.to_string())).collect();
        let mut bytes = Vec::new();
        for time in 0..times {
            let number = time.to_string();
            for text in &texts {
                let text = text.replace("\"<#>\"", &number).replace("<#>", &number);
                bytes.extend(encode(&text, self.is_websocket()));
            }
        }
        self.write(&bytes, keys.get("cut_at"))
    }

    fn write(&mut self, bytes: &[u8], cut_at: Option<&Value>) -> Result<(), Failure> {
        let piece = cut_at.and_then(Value::as_u64).and_then(|piece| usize::try_from(piece).ok());
        let connection = self.scene.connection()?;
        connection.send(bytes.chunks(piece.unwrap_or(bytes.len()).max(1)));
        self.has_sent = true;
        Ok(())
    }

    /// Waits until the client has ended the connection.
    fn closed(&mut self) -> Result<(), Failure> {
        loop {
            match self.scene.next_frame("the connection's end")? {
                // A heartbeat may be due at the very moment.
                Ok(frame) if frame.starts_with("{\"hb\"") => {}
                Ok(frame) => return Err(format!("instead came {frame}")),
                Err(_) => {
                    self.scene.leave();
                    return Ok(());
                }
            }
        }
    }

    pub(super) fn cut(&mut self, how: &Value) -> Result<(), Failure> {
        if let Some(proxy) = self.stage.proxy() {
            proxy.cut(how != "fin");
            return Ok(());
        }
        let is_websocket = self.is_websocket();
        let connection = self.scene.connection()?;
        match how.as_str() {
            Some("reset") => connection.reset(),
            Some("fin") => connection.finish(),
            Some(_) => return Err("this is no end of a connection".to_owned()),
            None => {
                let bytes = if is_websocket { close_of(how)? } else { last_word(how) };
                connection.finish_with(bytes);
            }
        }
        self.scene.leave();
        self.has_sent = false;
        Ok(())
    }

    pub(super) fn stall(&mut self, does: bool) -> Result<(), Failure> {
        match self.stage.proxy() {
            Some(proxy) => proxy.stall(does),
            None => self.scene.connection()?.stall(does),
        }
        Ok(())
    }

    pub(super) fn nothing(&mut self, of: &Value) -> Result<(), Failure> {
        match (of, self.stage.side()) {
            (Value::Object(pattern), side) => {
                if side == Side::Script && self.scene.has_connection() {
                    self.take_in()?;
                }
                self.act(&json!({"do": "sync"}))?;
                self.scene.catch_up();
                self.no_event(pattern)
            }
            (_, Side::Broker) => Ok(()),
            (Value::String(what), _) if what == "packet" => self.no_packet(),
            (Value::String(what), _) if what == "connection" => self.no_connection(),
            _ => Err("this cannot be nothing".to_owned()),
        }
    }

    /// Waits until the client has taken in all that was sent.
    pub(super) fn take_in(&mut self) -> Result<(), Failure> {
        self.has_sent = false;
        let bytes = encode(NO_PACKET, self.is_websocket());
        self.scene.connection()?.send([bytes.as_slice()]);
        self.scene.wait("the event of a frame that is no packet", |scene| {
            let is_it = |(_, event): &(String, Value)| event["error"] == "frame";
            let at = scene.events.iter().position(is_it)?;
            scene.events.remove(at);
            Some(())
        })
    }

    fn no_packet(&mut self) -> Result<(), Failure> {
        self.take_in()?;
        self.act(&json!({"do": "sync"}))?;
        self.act(&json!({"do": "request", "who": "it", "as": BARRIER, "channel": BARRIER}))?;
        let packet = self.next_packet()?;
        let pattern = json!({"pub": {"cn": BARRIER, "id": "*", "dt?": "*"}});
        if !is_packet(&mut self.names, &pattern, &packet) {
            return Err(format!("there was {packet}"));
        }
        let id = &packet["pub"]["id"];
        self.send(&json!({"pubAck": {"st": 1, "id": id, "dt": {}}}), &Map::new())?;
        let answered = json!({"outcome": BARRIER, "is": "done"});
        let pattern = answered.as_object().ok_or("no event")?;
        let names = &mut self.names;
        let scene = &mut self.scene;
        scene.wait("the answer of the barrier", |scene| {
            super::expectation::take_event(scene, names, "it", pattern).transpose()
        })??;
        Ok(())
    }

    fn no_connection(&mut self) -> Result<(), Failure> {
        self.act(&json!({"do": "sync"}))?;
        self.admit_callers()?;
        match self.scene.unused() {
            0 => Ok(()),
            _ => Err("it opened one".to_owned()),
        }
    }

    /// Waits until all are taken in that connected so far: the harness connects, too, behind them.
    pub(super) fn admit_callers(&mut self) -> Result<(), Failure> {
        let address = self.stage.doorway().address();
        let own = TcpStream::connect(address).and_then(|socket| {
            let from = socket.local_addr()?;
            Ok((socket, from))
        });
        // Where nobody listens nobody is taken in.
        let Ok((_socket, from)) = own else { return Ok(()) };
        self.scene.own.insert(from);
        self.scene.wait("the harness's own connection", |scene| {
            let at = scene.callers.iter().position(|caller| *caller == from)?;
            scene.callers.drain(..=at);
            Some(())
        })
    }

    fn is_websocket(&self) -> bool {
        self.carrier.is_websocket()
    }
}

/// Returns the last `connAck` of a session.
fn last_word(how: &Value) -> Vec<u8> {
    let mut body = Map::new();
    for (key, of) in [("st", "status"), ("rs", "word"), ("mg", "text")] {
        if let Some(value) = how.get(of) {
            body.insert(key.to_owned(), value.clone());
        }
    }
    if body.is_empty() { Vec::new() } else { encode(&json!({"connAck": body}).to_string(), false) }
}

/// Returns what ends a WebSocket, the word first in its text.
fn close_of(how: &Value) -> Result<Vec<u8>, Failure> {
    let code = how.get("code").map_or(Some(1000), Value::as_u64);
    let code = code.and_then(|code| u16::try_from(code).ok()).ok_or("no code")?;
    let texts = [&how["word"], &how["text"]];
    let texts: Vec<_> = texts.into_iter().filter_map(Value::as_str).collect();
    Ok(encode_close(code, &texts.join(": ")))
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
