//! WebSocket handshakes by hand, for what a library would not send.

use std::io;

use tungstenite::protocol::frame::{
    Frame,
    coding::{Data, OpCode},
};

use crate::{
    Broker, Peer, Transport,
    carrier::Carrier,
    transport::{Stream, dial},
};

/// An upgrade request to be sent.
#[derive(Debug, Clone)]
pub struct Upgrade<'a> {
    path: &'a str,
    headers: &'a str,
    packets: &'a [&'a str],
    piece_bytes: usize,
}

impl<'a> Upgrade<'a> {
    /// Asks for that path.
    #[must_use]
    pub fn on(path: &'a str) -> Self {
        Upgrade { path, headers: "", packets: &[], piece_bytes: usize::MAX }
    }

    /// Adds header lines, each with its line end.
    #[must_use]
    pub fn with_headers(self, headers: &'a str) -> Self {
        Upgrade { headers, ..self }
    }

    /// Sends packets right behind the request.
    #[must_use]
    pub fn with_packets(self, packets: &'a [&'a str]) -> Self {
        Upgrade { packets, ..self }
    }

    /// Sends everything in writes of that many bytes.
    #[must_use]
    pub fn in_pieces_of(self, piece_bytes: usize) -> Self {
        Upgrade { piece_bytes, ..self }
    }

    /// Connects and sends the request; returns the peer and the head of the response.
    #[must_use]
    #[track_caller]
    pub fn send(&self, broker: &Broker, transport: Transport) -> (Peer, String) {
        let socket = dial(broker.address(), None).unwrap();
        let mut stream = transport.open(&socket, broker.client_config(), None).unwrap();
        for piece in self.bytes().chunks(self.piece_bytes) {
            stream.write_all(piece).unwrap();
            stream.flush().unwrap();
        }
        let (head, early) = read_head(stream.as_mut()).unwrap();
        (Peer::new(Carrier::websocket(stream, early), socket, transport), head)
    }

    fn bytes(&self) -> Vec<u8> {
        let Upgrade { path, headers, .. } = self;
        let mut bytes = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        )
        .into_bytes();
        for packet in self.packets {
            let text = OpCode::Data(Data::Text);
            let mut frame = Frame::message(packet.as_bytes().to_vec(), text, true);
            frame.header_mut().mask = Some([1, 2, 3, 4]);
            frame.format(&mut bytes).unwrap();
        }
        bytes
    }
}

/// Reads the head of a response; returns what was read beyond it, too.
fn read_head(stream: &mut dyn Stream) -> io::Result<(String, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(END.len()).position(|window| window == END) {
            let early = read.split_off(end + END.len());
            return Ok((String::from_utf8_lossy(&read).into_owned(), early));
        }
        let mut piece = [0; 1024];
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => read.extend_from_slice(&piece[..count]),
        }
    }
}
