use super::*;

fn subscriber(subscription: Subscription) -> Session {
    let role = Role::Subscriber { channel: "room".to_owned(), subscription };
    Session { name: "bench-1".to_owned(), role }
}

fn publisher() -> Session {
    let acknowledged = Acknowledged::Yes;
    let role = Role::Publisher { channel: "room".to_owned(), acknowledged };
    Session { name: "bench-1".to_owned(), role }
}

/// Feeds `from_server`, each byte split off once, and compares events and answers as text.
#[track_caller]
fn check(session: &Session, from_server: &str, events: &[&str], answers: &str) {
    let bytes = from_server.replace('\n', "\r\n").into_bytes();
    for split in 0..=bytes.len() {
        let mut dialect = Nats::new(session.clone());
        let (mut seen, mut out, mut at) = (Vec::new(), Vec::new(), 0);
        for end in [split, bytes.len()] {
            while let Some((length, event)) = dialect.next(&bytes[at..end], &mut out).unwrap() {
                at += length;
                seen.push(format!("{event:?}"));
            }
        }
        assert_eq!(seen, events, "split at {split}");
        assert_eq!(String::from_utf8(out).unwrap().replace("\r\n", "\n"), answers);
    }
}

#[test]
fn subscriber_introduces_itself_and_is_ready_after_the_pong() {
    let connect = r#"CONNECT {"verbose":false,"pedantic":false,"name":"bench-1","lang":"rust","version":"1","protocol":1}"#;
    check(
        &subscriber(Subscription::Live),
        "INFO {\"server_id\":\"x\"}\nPONG\nPING\nMSG room 1 5\nhello\nMSG room 1 0\n\n",
        &["other", "session opening", "other", "delivery hello []", "delivery  []"],
        &format!("{connect}\nSUB room 1\nPING\nPONG\n"),
    );
}

#[test]
fn stored_deliveries_are_acknowledged_by_their_reply_subject() {
    check(
        &subscriber(Subscription::Durable),
        "MSG deliver.bench 1 $JS.ACK.BENCH.s.1.2.3.4.0 2\nhi\n",
        &["delivery hi [$JS.ACK.BENCH.s.1.2.3.4.0]"],
        "",
    );
    let mut out = Vec::new();
    Nats::acknowledge(b"$JS.ACK.x", &mut out);
    assert_eq!(out, b"PUB $JS.ACK.x 4\r\n+ACK\r\n");
}

#[test]
fn publish_acknowledgements_give_the_number_back() {
    check(
        &publisher(),
        "MSG _INBOX.bench-1.0000000017 1 26\n{\"stream\":\"BENCH\",\"seq\":1}\n",
        &["acknowledgement of 17"],
        "",
    );
}

#[test]
fn refusals_are_errors() {
    let mut dialect = Nats::new(publisher());
    for refusal in [
        "-ERR 'Authorization Violation'\r\n",
        "MSG _INBOX.bench-1.0000000017 1 12\r\n{\"error\":{}}\r\n",
        "HELLO\r\n",
        "MSG room 1 x\r\n",
    ] {
        assert!(dialect.next(refusal.as_bytes(), &mut Vec::new()).is_err(), "{refusal}");
    }
}

#[test]
fn publishes_carry_the_number_in_payload_and_reply_subject() {
    let mut out = Vec::new();
    let mut template = Nats::new(publisher()).template(3);
    template.write_next(&mut out);
    template.write_next(&mut out);
    let second = shown(&out[out.len() / 2..]);
    assert!(second.starts_with("PUB room _INBOX.bench-1.0000000001 128\r\n\"@p0003n0000000001:"));
    assert!(second.ends_with("\"\r\n"));
}
