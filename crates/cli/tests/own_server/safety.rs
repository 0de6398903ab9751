//! What is exposed to the internet: guessing, pages of others, old TLS, secrets in logs.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use rialto_testkit::{PATIENCE, Peer, Transport, Upgrade};
use serde_json::json;

use super::{TOKENS, launch, online, start, status};

#[test]
fn guessing_is_slowed_down_and_whoever_knows_is_not() {
    let settings =
        TOKENS.replace("[access]", "[access]\nfailed_attempts_max = 3\nattempt_delay_max = \"3s\"");
    let broker = start(&settings);
    let mut eve = Peer::connect(&broker, Transport::Tcp);
    let mut guess = |client: &str| {
        let started = Instant::now();
        let answer = eve.ask(json!({"conn": {"cl": client, "at": "a guess"}}));
        assert_eq!(status(&answer, "connAck").0, 6);
        started.elapsed()
    };
    for _ in 0..3 {
        guess("ada");
    }
    // 200 ms behind the third failure, then twice as long each time.
    let waited: Duration = (0..3).map(|_| guess("ada")).sum();
    assert!(Duration::from_millis(1_000) < waited, "{waited:?}");
    let from = "127.0.0.2".parse().unwrap();
    let mut bob = Peer::connect_from(&broker, from, Transport::Tcp).unwrap();
    let started = Instant::now();
    bob.send(r#"{"conn":{"cl":"bob","at":"token-of-bob"}}"#);
    bob.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    assert!(started.elapsed() < Duration::from_millis(500), "another address is not slowed down");
}

#[test]
fn pages_of_other_origins_may_not_connect() {
    let broker = start("[access]\nwebsocket_origins = [\"https://app.example\"]\n");
    for listener in ["listen-1", "coremq-websocket"] {
        let upgrade = |origin: &str| {
            let mut stream = TcpStream::connect(broker.address_of(listener)).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let request = format!(
                "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{origin}\r\n"
            );
            stream.write_all(request.as_bytes()).unwrap();
            let mut head = [0; 12];
            stream.read_exact(&mut head).unwrap();
            String::from_utf8(head.to_vec()).unwrap()
        };
        assert_eq!(upgrade("Origin: https://evil.example\r\n"), "HTTP/1.1 403", "{listener}");
        assert_eq!(upgrade("Origin: https://app.example\r\n"), "HTTP/1.1 101", "{listener}");
        assert_eq!(upgrade(""), "HTTP/1.1 101", "{listener}: no browser");
    }
    let (mut ada, _) = Upgrade::on("/")
        .with_headers("Origin: https://app.example\r\n")
        .send(&broker, Transport::WebSocket);
    ada.log_in("ada");
}

#[test]
fn tls_before_version_1_2_is_refused() {
    let broker = start("");
    let mut stream = TcpStream::connect(broker.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A ClientHello of TLS 1.1.
    let mut hello = vec![0x03, 0x02];
    hello.extend([7; 32]);
    // No session, one cipher suite, no compression, and the signatures it can check.
    hello.extend([0, 0, 2, 0xC0, 0x14, 1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3]);
    let mut handshake = vec![1, 0, 0, hello.len() as u8];
    handshake.extend(hello);
    let mut record = vec![0x16, 0x03, 0x01, 0, handshake.len() as u8];
    record.extend(handshake);
    stream.write_all(&record).unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).unwrap();
    // An alert (21), fatal (2): protocol_version (70).
    assert_eq!((answer[0], answer[5], answer[6]), (21, 2, 70));
    for version in ["TLSv1_2", "TLSv1_3"] {
        let script = format!(
            "import socket, ssl, sys\n\
             c = ssl.create_default_context(cafile=sys.argv[1])\n\
             c.minimum_version = c.maximum_version = ssl.TLSVersion.{version}\n\
             s = socket.create_connection(('127.0.0.1', int(sys.argv[2])))\n\
             print(c.wrap_socket(s, server_hostname='localhost').version())"
        );
        let python = Command::new("python3")
            .args(["-c", &script])
            .arg(broker.certificate_file())
            .arg(broker.address().port().to_string())
            .output()
            .unwrap();
        let spoken = String::from_utf8_lossy(&python.stdout).replace('.', "_");
        assert_eq!(spoken.trim(), version, "{}", String::from_utf8_lossy(&python.stderr));
    }
}

#[test]
fn secrets_stand_in_no_log_and_no_answer() {
    let settings =
        format!("{TOKENS}[[api.keys]]\nname = \"app\"\nkey = \"a-key-that-nobody-guesses\"\n");
    let mut broker = launch(&settings).set("log.level=trace").start();
    online(&broker, "ada").leave();
    let mut eve = Peer::connect(&broker, Transport::Tcp);
    let wrong = eve.ask(r#"{"conn":{"cl":"ada","at":"a-wrong-token"}}"#).to_string();
    let auth =
        eve.ask(r#"{"auth":{"dt":{"client_name":"ada","password":"a-password"}}}"#).to_string();
    let key = super::http::ask(&broker, "GET /v1/stats", Some("a-wrong-key-of-the-api"), "");
    let known = super::http::ask(&broker, "GET /v1/stats", Some("a-key-that-nobody-guesses"), "");
    assert_eq!((key.status, known.status), (401, 200));
    broker.hang_up();
    super::login::wait_for_reload(&broker);
    broker.terminate();
    let said = broker.log_lines().join("\n") + &wrong + &auth + &key.body;
    for secret in ["token-of-", "a-wrong-token", "a-password", "a-wrong-key", "a-key-that"] {
        assert!(!said.contains(secret), "{secret} was said");
    }
}
