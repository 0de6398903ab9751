//! What an operator is told when a command cannot do what it is to do.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use super::{KEY, Operated, launch};
use crate::{rialto, rialto_in};

/// Runs a command against an address where a server answers one request with this text.
fn against(answer: &'static str, args: &[&str]) -> crate::Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let variables = [("RIALTO_API", url.as_str()), ("RIALTO_API_KEY", KEY)];
    let outcome = rialto_in(tempfile::tempdir().unwrap().path(), &variables, args, "");
    serving.join().unwrap();
    outcome
}

#[test]
fn a_key_that_is_missing_wrong_or_too_weak_is_told() {
    let operated = Operated::start();
    let missing = rialto(&["client", "list"]).failed(2);
    assert!(missing.contains("RIALTO_API_KEY") && missing.contains("api.keys"), "{missing}");
    let wrong = operated.run_with_key("the-key-of-nobody-at-all", &["client", "list"]).failed(1);
    assert!(wrong.contains("refuses the key: this key is not known"), "{wrong}");
    let weak = operated.run_with_key("the-key-of-the-reader", &["client", "ban", "ada"]).failed(1);
    assert!(weak.contains("the key \"reader\" does not allow \"manage\""), "{weak}");
    operated.run_with_key("the-key-of-the-reader", &["client", "list"]).printed();
}

#[test]
fn where_nobody_listens_that_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let said = rialto(&["channel", "list", "--api", &url, "--api-key", KEY]).failed(3);
    assert!(said.contains(&url) && said.contains("is a broker running there"), "{said}");
    for (url, what) in [("ftp://x", "http:// or https://"), ("127.0.0.1:8080", "--api <URL>")] {
        let said = rialto(&["channel", "list", "--api", url, "--api-key", KEY]).failed(2);
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn a_server_that_is_not_a_broker_is_told() {
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\n.";
    let moved = "HTTP/1.1 301 Moved\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n";
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    for answer in [page, missing, moved, json] {
        let said = against(answer, &["channel", "list"]).failed(1);
        assert!(said.contains("is not the HTTP API of a Rialto broker"), "{said}");
        assert!(said.contains("port 8080 by default"), "{said}");
    }
    let greeting = against("220 smtp.example ESMTP\r\n", &["channel", "list"]).failed(3);
    assert!(greeting.contains("port 8080 by default"), "{greeting}");
}

#[test]
fn the_port_of_another_protocol_is_told() {
    let operated = Operated::start();
    let url = format!("http://{}", operated.broker.address());
    let said = rialto(&["client", "list", "--api", &url, "--api-key", KEY]);
    assert!(matches!(said.code, 1 | 3), "{}", said.stderr);
    assert!(said.stderr.contains("port 8080 by default"), "{}", said.stderr);
}

#[test]
fn a_server_that_is_busy_says_when_to_try_again() {
    let problem = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n\
                   Retry-After: 7\r\nContent-Length: 30\r\n\r\n{\"detail\":\"the store is full\"}";
    let said = against(problem, &["retained", "remove", "a"]).failed(1);
    assert!(said.contains("the store is full; try again in 7 s"), "{said}");
    let proxy = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\n\
                 Content-Length: 0\r\n\r\n";
    let said = against(proxy, &["client", "list"]).failed(1);
    assert!(said.contains("429 Too Many Requests; try again after Fri, 31 Dec 2027"), "{said}");
}

#[test]
fn one_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let args = ["client", "list", "--api", &url, "--api-key", KEY, "--timeout", "200ms"];
    let said = rialto(&args).failed(4);
    assert!(said.contains("within 200ms"), "{said}");
}

#[test]
fn the_api_is_asked_over_tls_by_those_who_trust_it() {
    let broker = launch().set("listeners.http.tls=require").start();
    let port = broker.address_of("http").port();
    let url = format!("https://localhost:{port}");
    let ask = |args: &[&str]| rialto(&[&["client", "list", "--api-key", KEY][..], args].concat());
    let ca = broker.certificate_file().display().to_string();
    assert_eq!(ask(&["--api", &url, "--ca", &ca]).code, 0);
    let untrusted = ask(&["--api", &url]).failed(3);
    assert!(untrusted.contains("--ca names the authority to trust"), "{untrusted}");
    let plain = ask(&["--api", &format!("http://localhost:{port}")]).failed(3);
    assert!(plain.contains("https:// if the listener speaks TLS only"), "{plain}");
    let plain = launch().without_certificate().start();
    let speaks_no_tls = format!("https://{}", plain.address_of("http"));
    let said = ask(&["--api", &speaks_no_tls, "--ca", &ca]).failed(3);
    assert!(said.contains("write http:// in --api"), "{said}");
    let none = ask(&["--api", &url, "--ca", "no/such.pem"]).failed(1);
    assert!(none.contains("cannot read no/such.pem"), "{none}");
}
