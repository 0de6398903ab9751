//! HTTP by hand: what a client of the API sends, and an application that is asked.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use rialto_testkit::{Broker, PATIENCE};
use serde_json::Value;

/// The answer to one request.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

/// Sends a request to the http listener, with a key if there is one.
#[track_caller]
pub(crate) fn ask(broker: &Broker, line: &str, key: Option<&str>, body: &str) -> Answer {
    let key = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    ask_with(broker, line, &key, body)
}

/// Sends a request with header fields, each of them a line with its end.
#[track_caller]
pub(crate) fn ask_with(broker: &Broker, line: &str, fields: &str, body: &str) -> Answer {
    ask_as(broker, line, &format!("Host: x\r\n{fields}"), body)
}

/// Sends a request with header fields, the host's among them.
#[track_caller]
pub(crate) fn ask_as(broker: &Broker, line: &str, fields: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(broker.address_of("http")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head =
        format!("{line} HTTP/1.1\r\nConnection: close\r\n{fields}Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    read(BufReader::new(stream))
}

fn read(mut stream: BufReader<TcpStream>) -> Answer {
    let head = read_head(&mut stream).expect("an answer comes");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = String::new();
    match length_of(&head) {
        Some(length) => {
            let mut bytes = vec![0; length];
            stream.read_exact(&mut bytes).unwrap();
            body = String::from_utf8(bytes).unwrap();
        }
        None => _ = stream.read_to_string(&mut body).unwrap(),
    }
    Answer { status, head, body }
}

/// Reads up to the empty line; `None` at the end of the connection.
pub(crate) fn read_head(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// Returns the length that a head states for the body.
pub(crate) fn length_of(head: &str) -> Option<usize> {
    field(head, "content-length")?.parse().ok()
}

/// Returns a header field.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
