use super::*;

fn passing(payload: &[u8]) -> Happened<'_> {
    Happened::Message(Passing {
        channel: "room",
        publisher: "ada",
        server: None,
        on_behalf_of: None,
        at: 5,
        qos: Qos::AtMostOnce,
        payload,
        decision: Decision::Routed(Reach::default()),
    })
}

fn ring(has_payloads: bool, is_filtered: bool) -> Ring {
    Ring::new(TailScope::default(), has_payloads, is_filtered)
}

fn payloads(ring: &Ring) -> Vec<(usize, bool)> {
    let seen = ring.take().seen.into_iter();
    let payload = |seen| match seen {
        Seen::Message(message) => (message.bytes, message.payload.is_some()),
        Seen::Dropped { .. } => panic!("a message"),
    };
    seen.map(payload).collect()
}

#[test]
fn what_does_not_fit_is_counted() {
    let ring = ring(true, false);
    for _ in 0..COUNT_MAX + 3 {
        ring.offer(&passing(b"1"));
    }
    let taken = ring.take();
    assert_eq!((taken.seen.len(), taken.passed, taken.lost), (256, 259, 3));
    let large = vec![b' '; BYTES_MAX / 2];
    for _ in 0..3 {
        ring.offer(&passing(&large));
    }
    let taken = ring.take();
    assert_eq!((taken.seen.len(), taken.passed, taken.lost), (1, 3, 2));
}

#[test]
fn while_it_is_muted_messages_are_only_counted() {
    let ring = ring(true, false);
    ring.mute(true);
    ring.offer(&passing(b"1"));
    let taken = ring.take();
    assert_eq!((taken.seen.len(), taken.passed, taken.muted, taken.lost), (0, 1, 1, 0));
    ring.offer(&passing(b"1"));
    assert_eq!(ring.take().muted, 1);
    ring.mute(false);
    ring.offer(&passing(b"1"));
    assert_eq!(ring.take().seen.len(), 1);
}

#[test]
fn payloads_are_copied_where_they_may_be_told_or_a_filter_needs_them() {
    let large = vec![b' '; PAYLOAD_BYTES_MAX + 1];
    for (has_payloads, is_filtered, copied) in
        [(false, false, [false; 2]), (true, false, [true, false]), (true, true, [true; 2])]
    {
        let ring = ring(has_payloads, is_filtered);
        ring.offer(&passing(&large[1..]));
        ring.offer(&passing(&large));
        assert_eq!(payloads(&ring), [(large.len() - 1, copied[0]), (large.len(), copied[1])]);
    }
}
