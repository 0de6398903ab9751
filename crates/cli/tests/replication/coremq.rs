//! A CoreMQ client that sends and expects raw frames.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rialto_testkit::PATIENCE;
use serde_json::{Value, json};

/// One connection.
pub(crate) struct Coremq {
    socket: TcpStream,
    received: Vec<u8>,
    id: String,
}

impl Coremq {
    /// Connects and takes the server's welcome.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut client = Coremq { socket, received: Vec::new(), id: String::new() };
        let (id, welcome) = client.recv();
        assert_eq!(welcome["response"], "OK: Welcome to CoreMQ server");
        client.id = id;
        client
    }

    /// Sends messages or requests in one write.
    pub(crate) fn send<'a>(&mut self, frames: impl IntoIterator<Item = (&'a str, Value)>) {
        let mut bytes = Vec::new();
        for (queue, object) in frames {
            let rest = format!("{queue} {object}");
            bytes.extend_from_slice(format!("+{} {rest}", rest.len()).as_bytes());
        }
        self.socket.write_all(&bytes).unwrap();
    }

    /// Sends a request and returns the next frame, which is its answer.
    pub(crate) fn ask(&mut self, request: Value) -> Value {
        let id = self.id.clone();
        self.send([(&*id, request)]);
        let (queue, answer) = self.recv();
        assert_eq!(queue, id, "an answer, not {answer}");
        answer
    }

    pub(crate) fn subscribe(&mut self, queue: &str) {
        let answer = self.ask(json!({"coremq_subscribe": queue}));
        assert_eq!(answer["response"], "OK: Subscribe successful");
    }

    /// Returns the histories of all the queues, as they come.
    pub(crate) fn histories(&mut self, queues: &[&str]) -> Value {
        self.ask(json!({"coremq_gethistory": queues}))["history"].take()
    }

    /// Proves that nothing is on its way from the server: the answer to a question comes next.
    pub(crate) fn expect_silence(&mut self) {
        let answer = self.ask(json!({"coremq_status": true}));
        assert!(answer["connections"].is_number(), "{answer}");
    }

    /// Returns the next frame's queue and object.
    pub(crate) fn recv(&mut self) -> (String, Value) {
        self.next_within(PATIENCE).expect("a frame comes in time")
    }

    /// Returns the next frame, if one comes in time.
    pub(crate) fn next_within(&mut self, patience: Duration) -> Option<(String, Value)> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(frame) = self.take() {
                return Some(frame);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.socket.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
            let mut chunk = [0; 16 << 10];
            match self.socket.read(&mut chunk) {
                Ok(0) => panic!("the server ended the connection"),
                Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn take(&mut self) -> Option<(String, Value)> {
        let blank = self.received.iter().position(|&byte| byte == b' ')?;
        let length: usize = std::str::from_utf8(&self.received[1..blank]).unwrap().parse().unwrap();
        let end = blank + 1 + length;
        if self.received.len() < end {
            return None;
        }
        let frame: Vec<u8> = self.received.drain(..end).skip(blank + 1).collect();
        let frame = String::from_utf8(frame).unwrap();
        let (queue, object) = frame.split_once(' ').unwrap();
        Some((queue.to_owned(), serde_json::from_str(object).unwrap()))
    }

    /// Returns the connection's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}
