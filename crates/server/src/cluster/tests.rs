//! How the configuration names servers.

use super::{Node, PORT};

#[test]
fn a_node_is_a_host_and_perhaps_a_port() {
    let cases = [
        ("alpha", "alpha", PORT),
        ("alpha:7000", "alpha", 7000),
        ("10.0.0.1:7000", "10.0.0.1", 7000),
        ("[fe80::1]:7000", "fe80::1", 7000),
        ("fe80::1", "fe80::1", PORT),
    ];
    for (text, host, port) in cases {
        assert_eq!(Node::parse(text), Node { host: host.to_owned(), port }, "{text}");
    }
}

#[test]
fn a_server_recognises_itself_whatever_its_domain_and_case() {
    // C-33
    assert!(Node::parse("Alpha").is("alpha.example.org", PORT));
    assert!(Node::parse("alpha.example.org:7000").is("ALPHA", 7000));
    assert!(!Node::parse("alpha:7000").is("alpha", PORT), "another port is another server");
    assert!(!Node::parse("10.0.0.1").is("10", PORT), "an address has no domain");
}
