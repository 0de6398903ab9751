//! The broker behind HAProxy itself, which passes connections on with the PROXY protocol and requests
//! with X-Forwarded-For.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rialto_testkit::{Launch, PATIENCE, Peer, Transport};
use serde_json::Value;

use crate::{common::PROGRAM, raw::Raw};

const KEY: &str = r#"api.keys=[{name="t", key="0123456789abcdef", allow=["read"]}]"#;

/// A running HAProxy. Dropping it kills it and removes its files.
struct Haproxy {
    process: Child,
    _files: tempfile::TempDir,
}

/// One of its ports: where it listens, what it is, and where it leads.
struct Front {
    address: SocketAddr,
    mode: &'static str,
    /// What is added to the server's line.
    sends: &'static str,
    to: SocketAddr,
}

impl Haproxy {
    fn start(fronts: &[Front]) -> Self {
        let mut config =
            "defaults\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
                .to_owned();
        for (number, Front { address, mode, sends, to }) in fronts.iter().enumerate() {
            writeln!(
                config,
                "listen front-{number}\n  mode {mode}\n  bind {address}\n  server it {to} {sends}"
            )
            .unwrap();
            if *mode == "http" {
                config += "  option forwardfor\n";
            }
        }
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("haproxy.cfg");
        std::fs::write(&path, config).unwrap();
        let program = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy"]
            .into_iter()
            .find(|path| std::path::Path::new(path).is_file())
            .expect("there is no haproxy: run `cargo xtask setup`");
        let process = Command::new(program)
            .arg("-db")
            .arg("-f")
            .arg(&path)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let haproxy = Haproxy { process, _files: files };
        let started = Instant::now();
        for front in fronts {
            while TcpStream::connect(front.address).is_err() {
                assert!(started.elapsed() < PATIENCE, "haproxy does not listen");
                sleep(Duration::from_millis(10));
            }
        }
        haproxy
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Finds a port that is free at the moment.
fn free_port() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Returns the address that the API, asked through HAProxy, says a client has.
#[track_caller]
fn address_of(through: SocketAddr, client: &str) -> SocketAddr {
    let mut request = Raw::connect(through);
    request.send(format!(
        "GET /v1/clients/{client} HTTP/1.1\r\nHost: x\r\nX-API-Key: 0123456789abcdef\r\n\
         Connection: close\r\n\r\n"
    ));
    let answer = request.read_to_end();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let status: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    status["address"].as_str().unwrap().parse().unwrap()
}

#[test]
fn clients_behind_haproxy_are_known_by_their_own_addresses() {
    let broker = Launch::of(PROGRAM)
        .set("store.durability=os")
        .set(r#"access.trusted_proxies=["127.0.0.1"]"#)
        .set(KEY)
        .set("limits.connections_per_address_max=3")
        .listener("http")
        .set("listeners.http.dialect=http")
        .listener("proxied")
        .set("listeners.proxied.proxy_protocol=true")
        .start();
    let front = |mode, sends, to| Front { address: free_port(), mode, sends, to };
    let fronts = [
        front("tcp", "send-proxy-v2", broker.address_of("proxied")),
        front("tcp", "send-proxy", broker.address_of("proxied")),
        front("http", "", broker.address()),
        front("http", "", broker.address_of("http")),
        // It also asks by itself whether the broker is there.
        front("tcp", "send-proxy-v2 check inter 50ms", broker.address_of("proxied")),
    ];
    let _haproxy = Haproxy::start(&fronts);
    let [version_2, version_1, websocket, api, checked] = fronts.each_ref().map(|it| it.address);

    let mut clients = Vec::new();
    for (number, (through, transport)) in [
        (version_2, Transport::Tcp),
        (version_2, Transport::Tls),
        (version_1, Transport::WebSocketTls),
        (version_1, Transport::Tcp),
        (websocket, Transport::WebSocket),
        (checked, Transport::WebSocket),
    ]
    .into_iter()
    .enumerate()
    {
        // Each from an address of its own, as far as the broker is concerned.
        let from = Ipv4Addr::new(127, 0, 1, u8::try_from(number).unwrap());
        let name = format!("client-{number}");
        let mut peer = Peer::connect_through(&broker, from.into(), through, transport).unwrap();
        peer.log_in(&name);
        let known = address_of(api, &name);
        assert_eq!(known.ip(), from, "{name} over {transport}");
        if through != websocket {
            assert_eq!(known, peer.socket().local_addr().unwrap());
        }
        clients.push(peer);
    }
    // One address too often, through whichever port.
    let often = Ipv4Addr::new(127, 0, 2, 1).into();
    let connect =
        |through, transport| Peer::connect_through(&broker, often, through, transport).unwrap();
    let mut counted = [
        connect(version_2, Transport::Tcp),
        connect(version_1, Transport::Tcp),
        connect(websocket, Transport::WebSocket),
    ];
    for (number, peer) in counted.iter_mut().enumerate() {
        peer.log_in(&format!("often-{number}"));
    }
    connect(version_2, Transport::Tcp).expect_last_word(1013, 5);
    let refused = Peer::connect_through(&broker, often, websocket, Transport::WebSocket);
    assert!(refused.unwrap_err().to_string().contains("503"));
    for peer in &mut clients {
        peer.expect_silence();
    }
}
