//! The line of each refusal.

use std::{fs, net::TcpStream, sync::Arc};

use rialto_testkit::{CoremqPeer, Peer, PubsubxPeer, Transport, Upgrade};
use rustls::{ClientConnection, Stream, pki_types::pem::PemObject as _};
use serde_json::{Value, json};
use std::io::Read as _;

use super::{KEY, READER, http, launch, online, refused, start, trace};

const JMQT: (&str, &str) = ("jmqt", "listen-1");
const COREMQ: (&str, &str) = ("coremq", "coremq");
const PUBSUBX: (&str, &str) = ("pubsubx", "pubsubx");
const HTTP: (&str, &str) = ("http", "http");

#[test]
fn a_wrong_token_is_told_of_in_every_dialect() {
    let broker = start("");
    let mut jmqt = Peer::connect(&broker, Transport::Tcp);
    jmqt.send(json!({"conn": {"cl": "ada", "at": "wrong-token"}}));
    jmqt.expect(r#"{"connAck":{"st":6,"mg":"*"}}"#);
    let line = trace(&broker, "session-refused", "invalid-token");
    let ada = json!({"client": "ada"});
    assert_eq!(line, refused("session-refused", JMQT, "invalid-token", &ada));

    let broker = start("");
    let mut coremq = CoremqPeer::connect(&broker, Transport::Tcp);
    coremq.ask("-", json!({"coremq_options": {"client": "ada", "token": "wrong-token"}}));
    let line = trace(&broker, "session-refused", "invalid-token");
    assert_eq!(line, refused("session-refused", COREMQ, "invalid-token", &ada));

    let broker = start("");
    let mut pubsubx = PubsubxPeer::connect(&broker, Transport::Tcp);
    pubsubx.send("CONNECT ada wrong-token");
    pubsubx.expect("ERROR: Token not valid for this name");
    let line = trace(&broker, "session-refused", "invalid-token");
    assert_eq!(line, refused("session-refused", PUBSUBX, "invalid-token", &ada));
    assert!(!broker.log_lines().join("\n").contains("wrong-token"), "a secret is in the log");
}

#[test]
fn what_a_rule_refuses_is_told_of_with_the_rule_in_every_dialect() {
    let more = json!({"client": "ada", "channel": "secret-1", "rule": "1 no secrets"});
    let broker = start("");
    let mut jmqt = online(&broker, "ada");
    jmqt.send(r#"{"pub":{"cn":"secret-1","dt":"a payload nobody sees"}}"#);
    let line = trace(&broker, "publish-refused", "rule");
    assert_eq!(line, refused("publish-refused", JMQT, "rule", &more));
    jmqt.send(r#"{"sub":{"cn":"secret-1"}}"#);
    let line = trace(&broker, "subscribe-refused", "rule");
    assert_eq!(line, refused("subscribe-refused", JMQT, "rule", &more));
    assert!(!broker.log_lines().join("\n").contains("a payload"), "a payload is in the log");

    let broker = start("");
    let mut coremq = CoremqPeer::connect(&broker, Transport::Tcp);
    let options = json!({"client": "ada", "token": "token-of-ada-0123456789"});
    coremq.expect_response("-", json!({ "coremq_options": options }), "OK: Options set");
    coremq.ask("secret-1", json!({"a": 1}));
    let named = |mut line: Value| {
        // Its sessions go by ids that the server makes.
        assert_eq!(line["client"], coremq.id());
        line["client"] = json!("ada");
        line
    };
    let line = named(trace(&broker, "publish-refused", "rule"));
    assert_eq!(line, refused("publish-refused", COREMQ, "rule", &more));
    coremq.ask("-", json!({"coremq_subscribe": ["secret-1"]}));
    trace(&broker, "subscribe-refused", "rule");
    coremq.ask("-", json!({"coremq_gethistory": ["secret-1"]}));
    trace(&broker, "history-refused", "rule");

    let broker = start("");
    let mut pubsubx = PubsubxPeer::connect(&broker, Transport::Tcp);
    pubsubx.send("CONNECT ada token-of-ada-0123456789");
    pubsubx.expect("OK: Conn accepted");
    pubsubx.send_all(["PUBLISH secret-1 x", "SUBSCRIBE secret-1"]);
    let line = trace(&broker, "publish-refused", "rule");
    assert_eq!(line, refused("publish-refused", PUBSUBX, "rule", &more));
    let line = trace(&broker, "subscribe-refused", "rule");
    assert_eq!(line, refused("subscribe-refused", PUBSUBX, "rule", &more));
}

#[test]
fn what_is_asked_for_without_a_session_is_told_of_in_every_dialect() {
    let broker = start("");
    let mut jmqt = Peer::connect(&broker, Transport::Tcp);
    jmqt.send(r#"{"pub":{"cn":"$time","dt":null,"id":"1"}}"#);
    jmqt.send(r#"{"sub":{"cn":"a"}}"#);
    let line = trace(&broker, "subscribe-refused", "no-session");
    let a = json!({"channel": "a"});
    assert_eq!(line, refused("subscribe-refused", JMQT, "no-session", &a));
    let log = broker.log_lines().join("\n");
    assert!(!log.contains("control-refused"), "a health check is not told of: {log}");
    let mut coremq = CoremqPeer::connect(&broker, Transport::Tcp);
    coremq.ask("a", json!({"a": 1}));
    let line = trace(&broker, "publish-refused", "no-session");
    assert_eq!(line, refused("publish-refused", COREMQ, "no-session", &a));
    coremq.ask("-", json!({"coremq_replicant": "another:6747"}));
    let line = trace(&broker, "replication-refused", "no-session");
    assert_eq!(line, refused("replication-refused", COREMQ, "no-session", &json!({})));

    let broker = start("");
    let mut pubsubx = PubsubxPeer::connect(&broker, Transport::Tcp);
    pubsubx.send("PUBLISH a 1");
    let line = trace(&broker, "publish-refused", "no-session");
    assert_eq!(line, refused("publish-refused", PUBSUBX, "no-session", &a));
}

#[test]
fn a_wrong_password_and_a_foreign_jwt_are_told_of_without_what_was_sent() {
    let broker = start(
        "[[access.jwt]]\nname = \"shop\"\nalgorithms = [\"HS256\"]\n\
         secret = \"a secret of thirty-two bytes, or more\"\n",
    );
    let mut peer = Peer::connect(&broker, Transport::Tcp);
    super::operators::add_user(&broker, "homer");
    super::operators::wait_for_reload(&broker);
    peer.ask(json!({"auth": {"dt": {"client_name": "homer", "password": "a-wrong-password"}}}));
    let line = trace(&broker, "authentication-refused", "wrong-password");
    let more = json!({"client": "homer", "detail": "name or password is wrong"});
    assert_eq!(line, refused("authentication-refused", JMQT, "wrong-password", &more));
    peer.ask(json!({"auth": {"dt": {"jwt": "a.foreign.token"}}}));
    let line = trace(&broker, "authentication-refused", "invalid-jwt");
    assert_eq!(line["detail"], "the token is no JWT, or is signed in no way that is known here");
    let log = broker.log_lines().join("\n");
    assert!(!log.contains("a-wrong-password") && !log.contains("a.foreign.token"), "{log}");
}

#[test]
fn a_banned_client_and_a_replicant_without_the_right_are_told_of() {
    let broker = start("");
    http::ask_with_key(&broker, "POST /v1/clients/bob/ban", KEY, r#"{"reason":"too loud"}"#);
    let mut bob = Peer::connect(&broker, Transport::Tcp);
    bob.send(json!({"conn": {"cl": "bob", "at": "token-of-bob-0123456789"}}));
    let line = trace(&broker, "session-refused", "banned");
    assert_eq!(line, refused("session-refused", JMQT, "banned", &json!({"client": "bob"})));

    let mut coremq = CoremqPeer::connect(&broker, Transport::Tcp);
    let options = json!({"client": "ada", "token": "token-of-ada-0123456789"});
    coremq.expect_response("-", json!({ "coremq_options": options }), "OK: Options set");
    coremq.ask("-", json!({"coremq_replicant": "another:6747"}));
    let line = trace(&broker, "replication-refused", "not-allowed");
    let more = json!({"client": coremq.id()});
    assert_eq!(line, refused("replication-refused", COREMQ, "not-allowed", &more));
}

#[test]
fn who_guesses_is_slowed_down_and_told_of() {
    let broker = start("");
    let mut peer = Peer::connect(&broker, Transport::Tcp);
    for _ in 0..7 {
        peer.ask(json!({"conn": {"cl": "ada", "at": "a wrong token"}}));
    }
    let line = trace(&broker, "guessing-slowed", "too-many-failures");
    assert_eq!(line["rule"], "access.failed_attempts_max");
    assert_eq!(line["client"], "ada");
}

#[test]
fn what_the_api_refuses_is_told_of_with_the_request() {
    let broker = start("");
    let ask = |key: &str| http::ask(&broker, "POST /v1/clients/ada/disconnect", key, "");
    assert_eq!(ask(""), 401);
    let detail = json!({"detail": "POST /v1/clients/ada/disconnect"});
    let line = trace(&broker, "api-refused", "no-key");
    assert_eq!(line, refused("api-refused", HTTP, "no-key", &detail));
    assert_eq!(ask("X-API-Key: a-foreign-key\r\n"), 401);
    let line = trace(&broker, "api-refused", "wrong-key");
    assert_eq!(line, refused("api-refused", HTTP, "wrong-key", &detail));
    assert_eq!(ask(&format!("X-API-Key: {READER}\r\n")), 403);
    let line = trace(&broker, "api-refused", "missing-right");
    assert_eq!(line["rule"], "viewer manage");
    let log = broker.log_lines().join("\n");
    assert!(!log.contains("a-foreign-key") && !log.contains(READER), "{log}");
}

#[test]
fn a_foreign_page_is_told_of_with_the_address_that_its_proxy_names() {
    let broker = launch("")
        .set(r#"access.websocket_origins=["https://ours.example"]"#)
        .set(r#"access.trusted_proxies=["127.0.0.1"]"#)
        .start();
    let headers = "Origin: https://foreign.example\r\nX-Forwarded-For: 192.0.2.7\r\n";
    let (_, answer) = Upgrade::on("/").with_headers(headers).send(&broker, Transport::WebSocket);
    assert!(answer.contains("403"), "{answer}");
    let line = trace(&broker, "handshake-refused", "foreign-origin");
    assert_eq!(line["address"], "192.0.2.7");
    assert_eq!(line["rule"], "access.websocket_origins");
}

#[test]
fn connections_over_a_limit_are_told_of_with_the_limit() {
    let broker = launch("").set("limits.connections_per_address_max=1").start();
    let held = Peer::plain(broker.address());
    let refused_one = Peer::plain(broker.address());
    let line = trace(&broker, "connection-refused", "too-many-from-address");
    let more = json!({"rule": "limits.connections_per_address_max"});
    assert_eq!(line, refused("connection-refused", JMQT, "too-many-from-address", &more));
    drop((held, refused_one));

    let broker = launch("").set("limits.authenticate_timeout=200ms").start();
    let silent = TcpStream::connect(broker.address()).unwrap();
    let line = trace(&broker, "connection-refused", "greeting-timeout");
    let more = json!({"rule": "limits.authenticate_timeout"});
    assert_eq!(line, refused("connection-refused", JMQT, "greeting-timeout", &more));
    drop(silent);
    let mut late = Peer::plain(broker.address());
    late.send(r#"{"hb":{}}"#);
    let line = trace(&broker, "session-refused", "not-authenticated");
    assert_eq!(line, refused("session-refused", JMQT, "not-authenticated", &more));
}

#[test]
fn a_foreign_certificate_is_told_of() {
    let directory = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let (authority, _) = make("authority");
    let file = directory.path().join("authority.pem");
    fs::write(&file, authority).unwrap();
    let tls = format!("[tls]\nclient_authority = \"{}\"\n", file.display());
    let broker = start(&tls);

    let (certificate, key) = make("mallory");
    let certificate = rustls::pki_types::CertificateDer::from_pem_slice(certificate.as_bytes());
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let trusted = rustls::pki_types::CertificateDer::from_pem_file(broker.certificate_file());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted.unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate.unwrap()], key)
        .unwrap();
    let mut session =
        ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut socket = TcpStream::connect(broker.address()).unwrap();
    _ = Stream::new(&mut session, &mut socket).read(&mut [0; 64]);
    let line = trace(&broker, "handshake-refused", "invalid-certificate");
    assert_eq!(line["rule"], "tls.client_authority");
    assert_eq!(line["listener"], "listen-1");
}
