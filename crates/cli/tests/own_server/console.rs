//! The console as it is served: where, under which names, with which fields, and only once.

use rialto_testkit::Broker;

use super::{
    http::{Answer, ask_as, field},
    start,
};

/// Fields that each of its answers has, whatever it is.
const SHIELD: [(&str, &str); 6] = [
    ("content-security-policy", "require-trusted-types-for 'script'"),
    ("content-security-policy", "frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

fn get(broker: &Broker, path: &str, fields: &str) -> Answer {
    ask_as(broker, &format!("GET {path}"), &format!("Host: localhost:8080\r\n{fields}"), "")
}

#[track_caller]
fn assert_shielded(answer: &Answer) {
    for (name, wanted) in SHIELD {
        let value = field(&answer.head, name).unwrap_or_default();
        assert!(value.contains(wanted), "{name}: {}", answer.head);
    }
    assert!(!answer.head.contains("unsafe-inline"), "{}", answer.head);
}

#[test]
fn the_document_is_at_the_addresses_of_its_pages_and_nowhere_else() {
    let broker = start("");
    let document = get(&broker, "/", "");
    assert!(document.status == 200 && document.body.contains("/console/js/main.js"));
    assert_shielded(&document);
    for page in ["/clients", "/clients/a%2Fb", "/channels/x", "/nodes/n/more", "/sign-in?to=/"] {
        assert_eq!(get(&broker, page, "").body, document.body, "{page}");
    }
    for nothing in ["/client", "/index.html", "/console/index.html", "/console/", "/pages", "/js"] {
        assert_eq!(get(&broker, nothing, "").status, 404, "{nothing}");
    }
    assert_eq!(ask_as(&broker, "POST /clients", "Host: localhost\r\n", "").status, 405);
}

#[test]
fn a_file_is_sent_packed_and_only_to_those_who_do_not_have_it() {
    let broker = start("");
    let script = get(&broker, "/console/js/main.js", "");
    assert_eq!(script.status, 200, "{}", script.body);
    assert_shielded(&script);
    let said = |name| field(&script.head, name);
    assert_eq!(said("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!((said("cache-control"), said("content-encoding")), (Some("no-cache"), None));
    let tag = said("etag").unwrap();
    assert!(tag.starts_with('"'), "a strong validator: {tag}");
    let again = get(&broker, "/console/js/main.js", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_shielded(&again);
    let line = "HEAD /console/js/main.js";
    let packed = "Host: localhost\r\nAccept-Encoding: gzip\r\n";
    let head = ask_as_head(&broker, line, packed);
    assert_eq!(field(&head, "content-encoding"), Some("gzip"));
    let length: usize = field(&head, "content-length").unwrap().parse().unwrap();
    assert!(length < script.body.len(), "{length} of {}", script.body.len());
    assert_ne!(field(&head, "etag"), Some(tag));
}

/// Asks for what an answer would be, which has a length and no body.
fn ask_as_head(broker: &Broker, line: &str, fields: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(broker.address_of("http")).unwrap();
    let request = format!("{line} HTTP/1.1\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = String::new();
    stream.read_to_string(&mut head).unwrap();
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    head
}

#[test]
fn under_a_name_that_is_not_its_own_the_console_does_not_answer() {
    let broker = start("console.hosts = [\"mq.example\"]");
    let status = |host: &str| ask_as(&broker, "GET /clients", &format!("Host: {host}\r\n"), "");
    for own in ["localhost", "127.0.0.1:8080", "[::1]:8080", "MQ.example:80"] {
        assert_eq!(status(own).status, 200, "{own}");
    }
    for other in ["evil.example", "mq.example.evil.example", "localhost.evil.example", "x"] {
        let answer = status(other);
        assert_eq!(answer.status, 403, "{other}");
        assert!(answer.body.contains("console.hosts"), "{}", answer.body);
        assert_shielded(&answer);
    }
}

#[test]
fn without_the_console_the_status_page_is_where_it_was() {
    let broker = start("console.enabled = false");
    assert_eq!(get(&broker, "/clients", "").status, 404);
    assert_eq!(get(&broker, "/console/js/main.js", "").status, 404);
    assert!(get(&broker, "/", "").body.contains("Rialto status"));
    let broker = start("console.enabled = false\napi.status_page = false");
    assert_eq!(get(&broker, "/", "").status, 404);
}

#[test]
fn the_sample_application_is_shielded_too() {
    let broker = start("");
    let page = get(&broker, "/sample/", "");
    assert_eq!(page.status, 200);
    for (name, wanted) in SHIELD.into_iter().skip(1) {
        assert!(field(&page.head, name).unwrap_or_default().contains(wanted), "{}", page.head);
    }
    assert!(field(&page.head, "etag").is_some());
}
