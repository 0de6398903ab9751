use super::Backend;

fn parsed(text: &str) -> Option<(String, u16, u32, bool)> {
    let backend = text.parse::<Backend>().ok()?;
    Some((backend.host, backend.port, backend.weight, backend.is_backup))
}

#[test]
fn a_server_is_a_host_a_port_and_what_it_gets() {
    let of = |host: &str, port, weight, is_backup| Some((host.to_owned(), port, weight, is_backup));
    assert_eq!(parsed("10.0.0.1:8010"), of("10.0.0.1", 8010, 1, false));
    assert_eq!(parsed("ten:8010 weight=3"), of("ten", 8010, 3, false));
    assert_eq!(parsed("[::1]:8010  backup weight=2"), of("::1", 8010, 2, true));
}

#[test]
fn what_is_no_server_is_refused() {
    for text in [
        "",
        "ten",
        "ten:",
        "ten:0",
        "ten:65536",
        ":8010",
        "::1:8010",
        "http://ten:80",
        "ten:80 weight=0",
        "ten:80 weight=1001",
        "ten:80 weight",
        "ten:80 backup=1",
    ] {
        assert_eq!(parsed(text), None, "{text:?}");
    }
}

#[test]
fn it_is_written_as_it_is_read() {
    for text in ["10.0.0.1:8010", "[::1]:8010 weight=2 backup", "ten:1 backup"] {
        assert_eq!(text.parse::<Backend>().map(|it| it.to_string()).as_deref(), Ok(text));
    }
}
