//! Routes as they are configured: the original's file, TLS that ends here, the PROXY protocol.

use std::process::{Command, Stdio};

use rialto_testkit::{Launch, Peer, Port, Transport};

use crate::{Balancer, brokers, common::PROGRAM, expect_service, online};

#[test]
fn the_original_file_is_taken_as_it_is() {
    let broker = &brokers::<1>()[0];
    let (listen, admin) = (Port::reserve().unwrap(), Port::reserve().unwrap());
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("load_balancer.conf");
    let text = format!(
        "[options]\nbuffer_size=4096\n\n[mappings]\n{}={}\n",
        listen.address,
        broker.address()
    );
    std::fs::write(&file, text).unwrap();
    let mut process = Command::new(PROGRAM)
        .args(["balance", "--log-format", "json", "--config"])
        .arg(&file)
        .args(["--set", &format!("balancer.admin={}", admin.address)])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(process.stderr.take().unwrap());
    let mut said = Vec::new();
    for line in std::io::BufRead::lines(lines).map_while(Result::ok) {
        said.push(line.clone());
        if line.contains("\"ready\"") {
            break;
        }
    }
    assert!(said.iter().any(|line| line.contains("buffer_size")), "{said:?}");
    let mut peer = Peer::connect_to(broker, listen.address, Transport::Tcp);
    peer.log_in("client");
    expect_service(&mut peer);
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn tls_ends_here_where_it_is_to() {
    let brokers = brokers::<2>();
    let [own, server] = &brokers;
    let files = own.certificate_file().parent().unwrap();
    let tls = |name: &str| files.join(name).display().to_string();
    let settings = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n",
        own.certificate_file().display().to_string(),
        tls("key.pem"),
    );
    let servers = vec![server.address().to_string()];
    let balancer = Balancer::start(&servers, "tls = \"end\"\ndialect = \"jmqt\"", &settings);
    for transport in [Transport::Tls, Transport::WebSocketTls] {
        expect_service(&mut online(&balancer, own, transport, "client"));
    }
    let mut plain = Peer::connect_to(own, balancer.address(), Transport::Tcp);
    plain.send(r#"{"hb":{}}"#);
    plain.expect_close();
}

#[test]
fn servers_are_told_for_whom_it_connects() {
    let broker = Launch::of(PROGRAM)
        .set("store.kind=memory")
        .set(r#"access.trusted_proxies=["127.0.0.1"]"#)
        .listener("proxied")
        .set("listeners.proxied.proxy_protocol=true")
        .set("log.level=debug")
        .start();
    let servers = vec![broker.address_of("proxied").to_string()];
    let balancer = Balancer::start(&servers, "send_proxy_protocol = true", "");
    let through = |from: &str| {
        let from = from.parse().unwrap();
        let mut peer =
            Peer::connect_through(&broker, from, balancer.address(), Transport::Tcp).unwrap();
        peer.log_in("client");
        peer
    };
    let mut peer = through("127.0.0.7");
    expect_service(&mut peer);
    broker.wait_for_log("a line with the client's own address", |line| {
        line["client"] == "client"
            && line["address"].as_str().is_some_and(|it| it.starts_with("127.0.0.7:"))
    });
}

#[test]
fn settings_that_cannot_be_used_are_told_apart() {
    let said = |settings: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.arg("balance");
        settings.iter().for_each(|setting| _ = command.args(["--set", setting]));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = said(&[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("no routes"), "{text}");
    let (code, text) = said(&[
        r#"balancer.routes=[{listen="127.0.0.1:1", servers=[]}, {listen="127.0.0.1:1", servers=["a:1"], tls="end"}]"#,
        "balancer.admin=0.0.0.0:8090",
    ]);
    assert_eq!(code, Some(2), "{text}");
    for part in ["has no servers", "both listen on 127.0.0.1:1", "ends TLS", "others can reach"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let (code, text) = said(&[r#"balancer.routes=[{listen="127.0.0.1:1", servers=["a"]}]"#]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("expected host:port"), "{text}");
}

#[test]
fn servers_are_reached_over_tls_and_checked_over_http() {
    let mut broker = Launch::of(PROGRAM)
        .set("store.kind=memory")
        .listener("http")
        .set("listeners.http.dialect=http")
        .set("listeners.http.tls=off")
        .start();
    let server = broker.address().to_string();
    let (authority, port) =
        (broker.certificate_file().display().to_string(), broker.address_of("http").port());
    let settings = format!(
        "[balancer]\nserver_authority = {authority:?}\ncheck_interval = \"100ms\"\nfailures_max = 1\n"
    );
    let route = format!("server_tls = true\ncheck = \"http\"\ncheck_port = {port}\n");
    let balancer = Balancer::start(std::slice::from_ref(&server), &route, &settings);
    expect_service(&mut online(&balancer, &broker, Transport::Tcp, "client"));
    assert!(broker.terminate().0.success());
    balancer.wait_for_server(&server, "state", "ejected");
    broker.restart();
    balancer.wait_for_server(&server, "state", "up");
}
