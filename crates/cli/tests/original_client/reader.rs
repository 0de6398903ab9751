//! The client as it was seen to read, losses included: 1024 bytes at a time, taken for whole frames.
//! It writes as that does too, by which the broker knows it.

use std::{
    collections::VecDeque,
    fmt::Display,
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use rialto_testkit::{Broker, PATIENCE, Transport};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};

use crate::common::frames;

/// What the client reads at once.
pub(crate) const READ_BYTES: usize = 1024;

/// The client's end of a connection, with its way to take what it reads for whole frames.
pub(crate) struct Reader {
    stream: Stream,
    packets: VecDeque<Value>,
    /// Whether anything came in a form it cannot read.
    pub(crate) has_lost: bool,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<ClientConnection>, TcpStream),
}

impl Reader {
    /// Opens the session of `python` on the default listener.
    pub(crate) fn online(broker: &Broker, transport: Transport) -> Self {
        let mut reader = Reader::connect(broker, broker.address(), transport);
        reader.send(r#"{"auth": {"dt": {"client_name": "python"}}}"#);
        let token = reader.next()["authAck"]["at"].take();
        reader.send(format!(r#"{{"conn": {{"at": {token}, "cl": "python"}}}}"#));
        assert_eq!(reader.next()["connAck"]["st"], 1);
        reader
    }

    /// Connects to a listener and says nothing yet.
    pub(crate) fn connect(broker: &Broker, address: SocketAddr, transport: Transport) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        let stream = match transport {
            Transport::Tcp => Stream::Plain(socket),
            Transport::Tls => Stream::shake_hands(broker, socket),
            other => panic!("the original client does not speak {other}"),
        };
        Reader { stream, packets: VecDeque::new(), has_lost: false }
    }

    /// Subscribes to a channel, for the session or for good.
    pub(crate) fn subscribe(&mut self, channel: &str, persistence: u8) {
        self.send(format!(r#"{{"sub": {{"cn": "{channel}", "pr": {persistence}}}}}"#));
        assert_eq!(self.next(), json!({"subAck": {"st": 1, "cn": channel}}));
    }

    /// Acknowledges a push as it does, without a status.
    pub(crate) fn acknowledge(&mut self, push: &Value) {
        self.send(format!(r#"{{"pushAck": {{"id": {}}}}}"#, push["push"]["id"]));
    }

    /// Returns how many deliveries the broker lets it leave unacknowledged: one if it is paced.
    pub(crate) fn window(&mut self) -> u64 {
        self.send(r#"{"pub": {"cn": "$limits", "dt": {}, "id": "7"}}"#);
        self.next()["pubAck"]["dt"]["unacknowledged_max"].as_u64().unwrap()
    }

    /// Waits until so many bytes wait to be read from its plain socket.
    pub(crate) fn wait_for_unread(&self, count: usize) {
        let Stream::Plain(socket) = &self.stream else { panic!("inside TLS nobody can look") };
        let mut bytes = vec![0; count];
        while socket.peek(&mut bytes).unwrap() < count {
            thread::yield_now();
        }
    }

    pub(crate) fn send(&mut self, packet: impl Display) {
        self.stream.write(&frames([packet.to_string()])).unwrap();
    }

    /// Returns the next packet it can read.
    pub(crate) fn next(&mut self) -> Value {
        self.next_within(PATIENCE).unwrap().expect("a packet within the patience")
    }

    /// Returns the next packet it can read, `None` if nothing comes in time.
    ///
    /// Fails where the original disconnects.
    pub(crate) fn next_within(&mut self, patience: Duration) -> io::Result<Option<Value>> {
        while self.packets.is_empty() {
            let mut chunk = [0; READ_BYTES];
            let Some(count) = self.stream.read(&mut chunk, patience)? else { return Ok(None) };
            self.take_for_whole_frames(&chunk[..count])?;
        }
        Ok(self.packets.pop_front())
    }

    /// Takes what one read gave, as if frames never continued in the next.
    fn take_for_whole_frames(&mut self, chunk: &[u8]) -> io::Result<()> {
        if !chunk.contains(&0) {
            // It asks for the length of nothing, and its reading thread ends.
            return Err(io::Error::new(ErrorKind::InvalidData, "no end of a frame in a read"));
        }
        for frame in chunk.split(|&byte| byte == 0).filter(|frame| !frame.is_empty()) {
            let Ok(packet) = serde_json::from_slice(frame) else {
                // The thread that takes this read dies, and what is glued behind goes with it.
                self.has_lost = true;
                break;
            };
            self.packets.push_back(packet);
        }
        Ok(())
    }
}

impl Stream {
    fn shake_hands(broker: &Broker, mut socket: TcpStream) -> Self {
        let certificate = CertificateDer::from_pem_file(broker.certificate_file()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::from(broker.address().ip());
        let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut socket).unwrap();
        }
        Stream::Tls(Box::new(connection), socket)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.write_all(bytes),
            Stream::Tls(connection, socket) => {
                connection.writer().write_all(bytes)?;
                while connection.wants_write() {
                    connection.write_tls(socket)?;
                }
                Ok(())
            }
        }
    }

    /// Reads once; inside TLS no more than the rest of one record, as OpenSSL does.
    fn read(&mut self, chunk: &mut [u8], patience: Duration) -> io::Result<Option<usize>> {
        let read = match self {
            Stream::Plain(socket) => {
                socket.set_read_timeout(Some(patience))?;
                socket.read(chunk)
            }
            Stream::Tls(connection, socket) => loop {
                match connection.reader().read(chunk) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    read => break read,
                }
                socket.set_read_timeout(Some(patience))?;
                if let Err(error) = socket.peek(&mut [0]) {
                    break Err(error);
                }
                socket.set_read_timeout(Some(PATIENCE))?;
                read_record(connection, socket)?;
            },
        };
        match read {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(Some(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Reads one TLS record and no byte more.
fn read_record(connection: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<()> {
    const HEADER_BYTES: usize = 5;
    let mut record = vec![0; HEADER_BYTES];
    socket.read_exact(&mut record)?;
    let length = u16::from_be_bytes([record[3], record[4]]);
    record.resize(HEADER_BYTES + usize::from(length), 0);
    socket.read_exact(&mut record[HEADER_BYTES..])?;
    let mut rest = record.as_slice();
    while !rest.is_empty() {
        connection.read_tls(&mut rest)?;
    }
    connection.process_new_packets().map_err(io::Error::other)?;
    Ok(())
}
