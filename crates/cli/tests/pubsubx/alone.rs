//! `rialto serve --pubsubx PORT`: a PubSubX server and nothing else.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStderr, Command, Stdio},
};

use rialto_testkit::PATIENCE;
use serde_json::Value;

use crate::common::PROGRAM;

/// A server in a directory of its own.
struct Server {
    process: Child,
    log: BufReader<ChildStderr>,
    directory: tempfile::TempDir,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(PROGRAM);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RIALTO_") {
                command.env_remove(name);
            }
        }
        command.args(["serve", "--pubsubx", "0", "--log-format", "json"]).args(arguments);
        command.current_dir(&directory).stdin(Stdio::null()).stdout(Stdio::null());
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        Server { process, log, directory }
    }

    /// Reads the log up to the line with that message.
    fn wait_for(&mut self, message: &str) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "the log has no {message:?}");
            let entry: Value = serde_json::from_str(&line).unwrap();
            if entry["message"] == message {
                return entry;
            }
        }
    }

    fn address(&mut self) -> SocketAddr {
        let ready = self.wait_for("ready");
        let (_, address) = ready["listeners"].as_str().unwrap().split_once('=').unwrap();
        address.parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Sends this, and reads until that has come.
fn talk(socket: &mut TcpStream, said: &str, heard: &str) {
    socket.write_all(said.as_bytes()).unwrap();
    let mut read = vec![0; heard.len()];
    socket.read_exact(&mut read).unwrap();
    assert_eq!(String::from_utf8(read).unwrap(), heard);
}

#[test]
fn a_server_of_pubsubx_alone_keeps_nothing_and_logs_messages() {
    // P-11, P-23: and loopback is all it listens on.
    let mut server = Server::start(&[]);
    let address = server.address();
    assert!(address.ip().is_loopback());
    let mut ada = TcpStream::connect(address).unwrap();
    ada.set_read_timeout(Some(PATIENCE)).unwrap();
    talk(&mut ada, "CONNECT ada\n\nx", "OK: Conn accepted\n\nx");
    talk(&mut ada, "SUBSCRIBE a\n\nxPUBLISH a 1\n\nx", "a 1\n\nx");
    for message in ["client connected", "client subscribed", "client published"] {
        assert_eq!(server.wait_for(message)["client"], "ada");
    }
    let files: Vec<_> = fs::read_dir(&server.directory).unwrap().collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn a_data_directory_is_used_where_one_is_named() {
    // And what is set by itself holds.
    let mut server = Server::start(&["--data-dir", "kept", "--set", "pubsubx.log_messages=false"]);
    let mut ada = TcpStream::connect(server.address()).unwrap();
    ada.set_read_timeout(Some(PATIENCE)).unwrap();
    talk(&mut ada, "CONNECT ada\n\nx", "OK: Conn accepted\n\nx");
    talk(&mut ada, "SUBSCRIBE a\n\nxPUBLISH a 1\n\nx", "a 1\n\nx");
    ada.write_all(b"DISCONNECT\n\nx").unwrap();
    server.wait_for("client subscribed");
    let mut line = String::new();
    server.log.read_line(&mut line).unwrap();
    assert!(line.contains("client disconnected"), "{line}");
    assert!(server.directory.path().join("kept").is_dir());
}
