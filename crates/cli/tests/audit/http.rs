//! Requests of the API.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use rialto_testkit::{Broker, PATIENCE};

/// Sends a request with header fields, each a line with its end, and returns the status.
#[track_caller]
pub(crate) fn ask(broker: &Broker, line: &str, fields: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(broker.address_of("http")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let json = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let request = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}{json}Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Sends a request with a key of the API.
#[track_caller]
pub(crate) fn ask_with_key(broker: &Broker, line: &str, key: &str, body: &str) -> u16 {
    ask(broker, line, &format!("X-API-Key: {key}\r\n"), body)
}
