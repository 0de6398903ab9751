use super::read;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Makes a head of version 2.
fn version_2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[0x20 | command, family], &length, body].concat()
}

/// Says whom a head names, and what of the connection is left behind it.
async fn named(head: &[u8]) -> Result<(Option<String>, Vec<u8>), std::io::Error> {
    let connection = [head, b"{\"hb\":{}}\0"].concat();
    let mut rest = &connection[..];
    let address = read(&mut rest).await?;
    Ok((address.map(|address| address.to_string()), rest.to_vec()))
}

const IPV4: [u8; 12] = [203, 0, 113, 5, 10, 0, 0, 1, 0x12, 0x67, 0x1f, 0x4a];

fn ipv6() -> Vec<u8> {
    let source: std::net::Ipv6Addr = "2001:db8::5".parse().unwrap();
    let ours: std::net::Ipv6Addr = "2001:db8::1".parse().unwrap();
    [&source.octets()[..], &ours.octets(), &[0x12, 0x67, 0x1f, 0x4a]].concat()
}

#[tokio::test]
async fn a_head_names_the_client_and_nothing_behind_it_is_lost() {
    let unix = [0; 216];
    let with_values = [&IPV4[..], &[0x04, 0, 3, 1, 2, 3], &[0xee, 0, 0]].concat();
    let mapped = {
        let source: std::net::Ipv6Addr = "::ffff:203.0.113.5".parse().unwrap();
        [&source.octets()[..], &source.octets(), &[0x12, 0x67, 0, 1]].concat()
    };
    let cases: [(Vec<u8>, Option<&str>); 13] = [
        (version_2(1, 0x11, &IPV4), Some("203.0.113.5:4711")),
        (version_2(1, 0x12, &IPV4), Some("203.0.113.5:4711")),
        (version_2(1, 0x21, &ipv6()), Some("[2001:db8::5]:4711")),
        (version_2(1, 0x21, &mapped), Some("203.0.113.5:4711")),
        // Values of types, known and unknown, and what is no longer one.
        (version_2(1, 0x11, &with_values), Some("203.0.113.5:4711")),
        (version_2(1, 0x11, &[&IPV4[..], &[0xee, 0xff]].concat()), Some("203.0.113.5:4711")),
        (version_2(1, 0x31, &unix), None),
        // Not told, and the proxy itself.
        (version_2(1, 0x00, b""), None),
        (version_2(1, 0x00, &IPV4), None),
        (version_2(0, 0x00, b""), None),
        (version_2(0, 0x11, &IPV4), None),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
        (b"PROXY TCP4 203.0.113.5 10.0.0.1 4711 8010\r\n".to_vec(), Some("203.0.113.5:4711")),
    ];
    for (head, expected) in cases {
        let (client, rest) = named(&head).await.unwrap();
        assert_eq!(client.as_deref(), expected, "{head:?}");
        assert_eq!(rest, b"{\"hb\":{}}\0", "{head:?}");
    }
    let longest = format!("PROXY UNKNOWN {}\r\n", "f".repeat(91));
    assert_eq!(longest.len(), 107);
    assert_eq!(named(longest.as_bytes()).await.unwrap().1, b"{\"hb\":{}}\0");
}

#[tokio::test]
async fn what_is_no_head_is_refused_and_a_head_that_is_cut_is_no_head() {
    let endless = format!("PROXY TCP4 {}", "1".repeat(500));
    let cases: [Vec<u8>; 9] = [
        b"{\"auth\":{\"dt\":{}}}".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"PROXY TCP5 203.0.113.5 10.0.0.1 1 2\r\n".to_vec(),
        b"PROXY TCP4 203.0.113 10.0.0.1 1 2\r\n".to_vec(),
        endless.into_bytes(),
        version_2(2, 0x11, &IPV4),
        version_2(1, 0x11, &IPV4[..11]),
        version_2(1, 0x41, &IPV4),
        [SIGNATURE, &[0x31, 0x11, 0, 12], &IPV4].concat(),
    ];
    for head in cases {
        assert!(named(&head).await.is_err(), "{:?}", String::from_utf8_lossy(&head));
    }
    let whole = version_2(1, 0x11, &IPV4);
    for length in 0..whole.len() {
        assert!(read(&mut &whole[..length]).await.is_err(), "{length} bytes");
    }
}
