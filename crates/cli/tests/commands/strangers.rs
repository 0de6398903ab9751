//! What strangers write stays data, in the broker's log and in what commands say.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use rialto_testkit::Port;

use crate::{common::Command, rialto};

/// Forges a line of the log and clears the terminal.
const FORGED: &str = "x\n2026-11-27T00:00:00.000000Z  INFO rialto_server::server: stopping\n\u{1b}[2J\u{9b}2J\u{202e}";

/// Names that come to the log by each dialect, and how a connection of it begins.
fn greetings() -> [(&'static str, Vec<u8>); 3] {
    let json = serde_json::to_string(FORGED).unwrap();
    let coremq = |object: String| format!("{:>10}- {object}", object.len() + 2).into_bytes();
    [
        ("pubsubx", format!("CONNECT {FORGED}\n\nx").into_bytes()),
        (
            "jmqt",
            format!("{{\"conn\":{{\"at\":{json},\"cl\":{json}}}}}\0{{{FORGED}\0").into_bytes(),
        ),
        ("coremq", coremq(format!("{{\"coremq_replicant\":{json}}}"))),
    ]
}

#[test]
fn no_name_of_a_client_is_a_line_of_the_log_or_reaches_the_terminal() {
    for format in ["text", "json"] {
        let said = log_of_a_visit(format);
        assert!(said.contains("client connected"), "{said}");
        assert!(said.contains("stopping"), "the name is there to be seen: {said}");
        assert!(!said.contains(|c: char| c != '\n' && c.is_control()), "{said:?}");
        assert!(!said.contains('\u{202e}'), "{said:?}");
        for line in said.lines() {
            assert!(
                !line.contains("server: stopping") || line.contains("client"),
                "forged: {line}"
            );
            let is_whole = match format {
                "json" => serde_json::from_str::<serde_json::Value>(line).is_ok(),
                _ => line.contains(" rialto_") || line.contains(" rialto:"),
            };
            assert!(is_whole, "{line}");
        }
    }
}

/// Runs a broker that everybody greets, and returns its log.
fn log_of_a_visit(format: &str) -> String {
    let files = tempfile::tempdir().unwrap();
    let ports = greetings().map(|(dialect, _)| (dialect, Port::reserve().unwrap().address));
    let mut arguments = ["serve", "--log-level", "debug", "--log-format", format, "--data-dir"]
        .map(str::to_owned)
        .to_vec();
    arguments.push(files.path().display().to_string());
    for (dialect, address) in ports {
        arguments.extend(match dialect {
            "jmqt" => vec!["--listen".to_owned(), address.to_string()],
            _ => vec![
                "--set".to_owned(),
                format!("listeners.{dialect}.dialect={dialect}"),
                "--set".to_owned(),
                format!("listeners.{dialect}.address={address}"),
            ],
        });
    }
    let broker = Command::start(&arguments);
    for (_, address) in ports {
        broker.wait_until_it_says(&address.to_string());
    }
    for ((_, address), (_, greeting)) in ports.into_iter().zip(greetings()) {
        greet(address, &greeting);
    }
    broker.interrupt();
    broker.end().said
}

/// Says something, and goes once there is an answer.
fn greet(address: SocketAddr, greeting: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(greeting).unwrap();
    assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
}

#[test]
fn a_reason_that_a_server_gives_is_no_line_of_the_command() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("jmqt://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        let reason =
            serde_json::to_string("no\u{1b}[2J\nrialto: the message was published").unwrap();
        let answer = format!("{{\"authAck\":{{\"st\":0,\"mg\":{reason}}}}}\0");
        stream.write_all(answer.as_bytes()).unwrap();
        _ = stream.read_to_end(&mut Vec::new());
    });
    let said = rialto(&["pub", "--server", &server, "room", "1"]).failed(1);
    serving.join().unwrap();
    assert!(said.contains(r"no\u{1b}[2J\nrialto: the message was published"), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("rialto: ")).count(), 1, "{said}");
}
