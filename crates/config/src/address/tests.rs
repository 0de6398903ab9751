use super::*;

#[test]
fn an_address_or_a_name_and_a_port_are_listened_on() {
    for text in ["127.0.0.1:8010", "[::1]:8010", "0.0.0.0:0", "[::]:8010"] {
        assert!(matches!(text.parse(), Ok(ListenAddress::Socket(_))), "{text}");
    }
    for text in ["localhost:8010", "broker.example:0", "a-b_c.example.:1", "7.example:1"] {
        let address: ListenAddress = text.parse().unwrap();
        assert!(matches!(address, ListenAddress::Name { .. }), "{text}");
        assert_eq!(address.to_string(), text);
    }
}

#[test]
fn what_is_no_address_says_what_to_write() {
    for (text, instead) in [
        (":8010", "name a host: write 127.0.0.1:8010 for this machine only, or [::]:8010"),
        ("8010", "name a host: write 127.0.0.1:8010 for this machine only, or [::]:8010"),
        ("*:8010", "write [::]:8010 for all addresses of this machine, or 0.0.0.0:8010"),
        ("::1:8010", "in brackets with the port behind it, as in [::1]:8010"),
        ("::1", "in brackets with the port behind it, as in [::1]:8010"),
        ("[::1]", "in brackets with the port behind it, as in [::1]:8010"),
        ("127.0.0.1", "add the port, as in 127.0.0.1:8010"),
        ("localhost", "add the port, as in localhost:8010"),
        ("fe80:1:2:3:4:5:6:7:8010", "write an IPv6 address in brackets, [fe80:1:2:3:4:5:6:7]:8010"),
        ("localhost:65536", "its port must be a number from 0 to 65535"),
        ("localhost:", "its port must be a number from 0 to 65535"),
        ("tcp://localhost:8010", "leave out what stands before the host"),
        ("300.0.0.1:8010", "no valid IP address or host name"),
        ("127.1:8010", "no valid IP address or host name"),
        ("a b:8010", "no valid IP address or host name"),
        ("", "add the port, as in 127.0.0.1:8010"),
    ] {
        let error = text.parse::<ListenAddress>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{text:?}: ")) && error.contains(instead), "{error}");
    }
}
