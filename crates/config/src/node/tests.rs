use super::*;

#[test]
fn a_node_is_a_host_and_perhaps_a_port_and_tls() {
    let cases = [
        ("alpha", "alpha", NODE_PORT, false),
        ("alpha:7000", "alpha", 7000, false),
        ("10.0.0.1:7000", "10.0.0.1", 7000, false),
        ("[fe80::1]:7000", "fe80::1", 7000, false),
        ("[fe80::1]", "fe80::1", NODE_PORT, false),
        ("fe80::1", "fe80::1", NODE_PORT, false),
        ("coremqs://alpha.example", "alpha.example", NODE_PORT, true),
        ("coremqs://[fe80::1]:7000", "fe80::1", 7000, true),
    ];
    for (text, host, port, has_tls) in cases {
        assert_eq!(text.parse(), Ok(Node { host: host.to_owned(), port, has_tls }), "{text}");
    }
    let others = ["", ":7000", "alpha:", "alpha:0", "alpha:70000", "alpha:x", "a b", "coremqs://"];
    let strange = ["coremq://alpha", "http://alpha:1", "alpha/x", "user@alpha", "alpha:1:2"];
    for text in others.into_iter().chain(strange) {
        assert_eq!(text.parse::<Node>(), Err(ParseNodeError), "{text:?}");
    }
}
