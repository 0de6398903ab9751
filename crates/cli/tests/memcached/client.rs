//! A client of the cache that sends and expects lines.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use rialto_testkit::{Broker, PATIENCE};
use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};

use crate::LISTENER;

/// What is below the lines.
trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A connection to the cache. What reads waits for a while, and panics then.
pub(crate) struct Client(BufReader<Box<dyn Stream>>);

impl Client {
    /// Connects in plain text.
    pub(crate) fn connect(broker: &Broker) -> Self {
        Client(BufReader::new(Box::new(dial(broker))))
    }

    /// Connects with TLS.
    pub(crate) fn connect_tls(broker: &Broker) -> Self {
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(broker.client_config(), name).unwrap();
        Client(BufReader::new(Box::new(StreamOwned::new(connection, dial(broker)))))
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes.as_ref()).unwrap();
    }

    /// Sends bytes to one that may not want them any more.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// Returns the next line without its end; empty when the connection was closed.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).unwrap();
        String::from_utf8_lossy(&line).trim_end_matches("\r\n").to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Sends a command and returns the line that answers it.
    #[track_caller]
    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.send(format!("{command}\r\n"));
        self.line()
    }

    /// Waits until the connection is closed, without anything else coming.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    }

    /// Plays a conversation: sends what stands behind `>` and expects what stands behind `<`.
    #[track_caller]
    pub(crate) fn play(&mut self, dialogue: &str) {
        for line in dialogue.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_at(1) {
                (">", command) => self.send(format!("{}\r\n", command.trim_start())),
                ("<", answer) => assert_eq!(self.line(), answer.trim_start(), "in {dialogue}"),
                _ => panic!("neither sent nor expected: {line}"),
            }
        }
    }

    /// Returns one value of `stats`.
    #[track_caller]
    pub(crate) fn stat(&mut self, name: &str) -> u64 {
        self.send("stats\r\n");
        let mut value = None;
        loop {
            let line = self.line();
            if line == "END" {
                return value.unwrap_or_else(|| panic!("no {name} in stats"));
            }
            let words: Vec<&str> = line.split(' ').collect();
            if words[1] == name {
                value = Some(words[2].parse().unwrap());
            }
        }
    }
}

fn dial(broker: &Broker) -> TcpStream {
    let socket = TcpStream::connect(broker.address_of(LISTENER)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}
