//! Which texts are addresses.

use super::{Endpoint, Scheme};

#[test]
fn an_address_is_read_and_written_with_its_port() {
    let cases = [
        ("jmqt://host", Scheme::Tcp, "jmqt://host:8010"),
        ("JMQT://host:9/", Scheme::Tcp, "jmqt://host:9"),
        ("host:9", Scheme::Tcp, "jmqt://host:9"),
        ("127.0.0.1", Scheme::Tcp, "jmqt://127.0.0.1:8010"),
        ("jmqts://host", Scheme::Tls, "jmqts://host:8011"),
        ("ws://host", Scheme::WebSocket, "ws://host:8012"),
        ("ws://[::1]/a/b?c=d", Scheme::WebSocket, "ws://[::1]:8012/a/b?c=d"),
        ("wss://[::1]:443", Scheme::WebSocketTls, "wss://[::1]:443"),
    ];
    for (text, scheme, written) in cases {
        let endpoint: Endpoint = text.parse().unwrap();
        assert_eq!((endpoint.scheme(), endpoint.to_string().as_str()), (scheme, written), "{text}");
        assert_eq!(written.parse(), Ok(endpoint));
    }
}

#[test]
fn what_is_no_address_says_why() {
    let cases = [
        ("", "host"),
        ("http://host", "scheme"),
        ("jmqt://host/path", "path"),
        ("jmqt://:80", "host"),
        ("jmqt://a@b", "host"),
        ("jmqt://host:0", "port"),
        ("jmqt://host:65536", "port"),
        ("jmqt://host:", "port"),
        ("jmqt://::1", "bracket"),
        ("jmqt://[::1", "bracket"),
        ("jmqt://[::1]80", "bracket"),
    ];
    for (text, part) in cases {
        let error = text.parse::<Endpoint>().unwrap_err();
        assert!(error.problem.contains(part), "{text}: {error}");
    }
}
