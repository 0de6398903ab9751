//! A broker that another program starts: it says when it serves and where, and ends with that program.

use std::{
    fs,
    io::{BufRead as _, BufReader, PipeReader, Read, Write as _, pipe},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::AsRawFd as _,
    process::{Child, Command, ExitStatus, Stdio},
};

use rialto_testkit::Peer;
use serde_json::{Value, json};

use super::PROGRAM;

/// Begins to start a broker that keeps nothing.
fn serve() -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["serve", "--set", "store.kind=memory", "--log-format", "json"]);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// Waits for the line that it serves, and returns where.
fn addresses(reader: impl Read) -> Value {
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(told.as_object().unwrap().len(), 1, "{told}");
    told["addresses"].clone()
}

fn address(addresses: &Value, listener: &str) -> SocketAddr {
    addresses[listener].as_str().unwrap().parse().unwrap()
}

/// Starts a broker that tells us by a pipe of its own, which it inherits, and returns our end.
fn start_with_pipe(mut command: Command) -> (Child, PipeReader) {
    let (reader, writer) = pipe().unwrap();
    // A copy that a child inherits, as those of the standard library are not.
    let inherited = rustix::io::dup(&writer).unwrap();
    command.args(["--ready-fd", &inherited.as_raw_fd().to_string()]);
    (command.spawn().unwrap(), reader)
}

fn end(mut broker: Child) -> ExitStatus {
    broker.kill().unwrap();
    broker.wait().unwrap()
}

#[test]
fn it_says_where_each_listener_is_once_it_serves() {
    let mut command = serve();
    command.args(["--listen", "127.0.0.1:0", "--set", "listeners.web.address=127.0.0.1:0"]);
    command.args(["--set", "listeners.web.dialect=http"]);
    let (broker, reader) = start_with_pipe(command);
    let addresses = addresses(reader);
    let names: Vec<&String> = addresses.as_object().unwrap().keys().collect();
    assert_eq!(names, ["listen-1", "web"]);
    Peer::plain(address(&addresses, "listen-1")).log_in("ada");
    TcpStream::connect(address(&addresses, "web")).unwrap();
    end(broker);
}

#[test]
fn it_says_so_on_standard_output_or_behind_what_a_file_holds() {
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("ready");
    fs::write(&path, "before\n").unwrap();
    let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let mut command = serve();
    command.args(["--listen", "127.0.0.1:0", "--ready-fd", "1", "--stop-with-stdin"]);
    let mut broker = command.stdin(Stdio::piped()).stdout(file).spawn().unwrap();
    // It stops only once it serves.
    drop(broker.stdin.take());
    assert!(broker.wait().unwrap().success());
    let told = fs::read_to_string(&path).unwrap();
    let line = told.strip_prefix("before\n").unwrap();
    let told: Value = serde_json::from_str(line).unwrap();
    assert_eq!(told, json!({"addresses": {"listen-1": told["addresses"]["listen-1"]}}));
}

#[test]
fn one_that_cannot_start_says_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = serve();
    command.args(["--listen", &taken.local_addr().unwrap().to_string()]);
    let (mut broker, reader) = start_with_pipe(command);
    assert_eq!(broker.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    BufReader::new(reader).read_line(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn a_descriptor_that_it_does_not_have_is_a_wrong_argument() {
    for (number, says) in [("999", "--ready-fd 999: "), ("0", "--ready-fd"), ("x", "--ready-fd")] {
        let output = serve()
            .args(["--listen", "127.0.0.1:0", "--ready-fd", number])
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn it_stops_in_order_when_standard_input_ends_and_not_before() {
    let mut command = serve();
    command.args(["--listen", "127.0.0.1:0", "--stop-with-stdin"]).stdin(Stdio::piped());
    command.args(["--set", "server.shutdown_timeout=60s"]);
    let (mut broker, reader) = start_with_pipe(command);
    let mut stdin = broker.stdin.take().unwrap();
    let mut ada = Peer::plain(address(&addresses(reader), "listen-1"));
    ada.log_in("ada");
    // More than it reads at once, and none of it is used.
    stdin.write_all(&[b'q'; 5000]).unwrap();
    ada.subscribe("room");
    drop(stdin);
    let goodbye: Value = ada.recv();
    assert_eq!(goodbye["connAck"]["rs"], "shutting-down", "{goodbye}");
    assert!(broker.wait().unwrap().success());
}

#[test]
fn it_stops_when_the_program_at_the_other_end_of_standard_input_is_killed() {
    let mut other = Command::new("sleep").arg("600").stdout(Stdio::piped()).spawn().unwrap();
    let mut command = serve();
    command.args(["--listen", "127.0.0.1:0", "--stop-with-stdin"]);
    command.stdin(other.stdout.take().unwrap());
    let (mut broker, reader) = start_with_pipe(command);
    let mut ada = Peer::plain(address(&addresses(reader), "listen-1"));
    ada.log_in("ada");
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(ada.recv()["connAck"]["rs"], "shutting-down");
    assert!(broker.wait().unwrap().success());
}
