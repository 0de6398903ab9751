use tungstenite::http::{HeaderMap, HeaderValue};

use super::{Proxies, TrustedProxies};

const LIST: &str = "x-forwarded-for";

/// Says whose request it is that came from `peer` with these lines of a header.
fn client(header: &'static str, peer: &str, lines: &[&str]) -> String {
    let networks = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"];
    let trusted = TrustedProxies {
        networks: networks.map(|network| network.parse().unwrap()).to_vec(),
        header: header.parse().unwrap(),
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header, HeaderValue::from_bytes(line.as_bytes()).unwrap());
    }
    let peer = format!("{peer}:1000").parse().unwrap();
    Proxies::new(trusted).client(peer, &headers).to_string()
}

#[test]
fn the_last_address_that_no_trusted_proxy_has_is_the_clients() {
    let cases: [(&str, &[&str], &str); 14] = [
        // Whoever is no trusted proxy is not believed.
        ("198.51.100.1", &["203.0.113.5"], "198.51.100.1:1000"),
        // A proxy that says nothing speaks for itself.
        ("10.0.0.1", &[], "10.0.0.1:1000"),
        ("10.0.0.1", &[""], "10.0.0.1:1000"),
        ("10.0.0.1", &["203.0.113.5"], "203.0.113.5:0"),
        // What stands before may be made up.
        ("10.0.0.1", &["127.0.0.1, 203.0.113.5"], "203.0.113.5:0"),
        ("10.0.0.1", &["127.0.0.1", "203.0.113.5 , 10.9.9.9"], "203.0.113.5:0"),
        ("10.0.0.1", &["203.0.113.5,192.0.2.7,10.9.9.9"], "203.0.113.5:0"),
        ("10.0.0.1", &["203.0.113.5, 192.0.2.8"], "192.0.2.8:0"),
        // All are trusted: the first began it.
        ("10.0.0.1", &["10.1.1.1, 10.2.2.2"], "10.1.1.1:0"),
        // What is no address ends the chain.
        ("10.0.0.1", &["203.0.113.5, unknown, 10.2.2.2"], "10.2.2.2:0"),
        ("10.0.0.1", &["nonsense"], "10.0.0.1:1000"),
        ("10.0.0.1", &["203.0.113.5:4711"], "203.0.113.5:0"),
        ("10.0.0.1", &["::ffff:203.0.113.5"], "203.0.113.5:0"),
        ("10.0.0.1", &["2001:db9::1, [2001:db8::2]:80"], "[2001:db9::1]:0"),
    ];
    for (peer, lines, expected) in cases {
        let actual = client(LIST, peer, lines);
        assert_eq!(actual, expected, "{peer} with {lines:?}");
    }
}

#[test]
fn the_header_of_rfc_7239_is_read_where_it_is_asked_for() {
    let cases: [(&[&str], &str); 8] = [
        (&["for=203.0.113.5"], "203.0.113.5:0"),
        (&["proto=https; FOR = 203.0.113.5 ;by=10.0.0.1"], "203.0.113.5:0"),
        (&[r#"for=127.0.0.1, for="[2001:db9::1]:4711""#], "[2001:db9::1]:0"),
        (&[r#"for="[2001:db9::1]", for=10.0.0.7"#], "[2001:db9::1]:0"),
        // A comma in quotes separates nothing.
        (&[r#"for=203.0.113.5;host="a,for=1.1.1.1""#], "203.0.113.5:0"),
        (&[r#"for=203.0.113.5;host="a\",for=1.1.1.1""#], "203.0.113.5:0"),
        (&["for=203.0.113.5, for=_hidden"], "10.0.0.1:1000"),
        (&["by=203.0.113.5"], "10.0.0.1:1000"),
    ];
    for (lines, expected) in cases {
        assert_eq!(client("forwarded", "10.0.0.1", lines), expected, "{lines:?}");
    }
}

#[test]
fn only_a_trusted_proxy_says_that_a_request_came_inside_tls() {
    let says = |header: &'static str, peer: &str, fields: &[(&'static str, &str)]| {
        let networks = vec!["10.0.0.0/8".parse().unwrap()];
        let proxies = Proxies::new(TrustedProxies { networks, header: header.parse().unwrap() });
        let fields =
            fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        proxies.say_tls(peer.parse().unwrap(), &HeaderMap::from_iter(fields))
    };
    let proto = "x-forwarded-proto";
    assert!(says("x-forwarded-for", "10.0.0.1", &[(proto, "HTTPS")]));
    assert!(says("x-forwarded-for", "10.0.0.1", &[(proto, "http, https")]));
    assert!(says("forwarded", "10.0.0.1", &[("forwarded", "for=1.2.3.4;proto=https")]));
    for (header, peer, fields) in [
        ("x-forwarded-for", "192.0.2.1", (proto, "https")),
        ("x-forwarded-for", "10.0.0.1", (proto, "https, http")),
        ("x-forwarded-for", "10.0.0.1", ("forwarded", "proto=https")),
        ("forwarded", "10.0.0.1", (proto, "https")),
        ("forwarded", "10.0.0.1", ("forwarded", "proto=https, for=1.2.3.4")),
    ] {
        assert!(!says(header, peer, &[fields]), "{header} {peer} {fields:?}");
    }
}
