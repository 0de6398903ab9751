//! Limits in bytes count what memory takes: the process grows by no more than half as much again,
//! whether a limit is filled with many small things or with few large ones.

use rialto_testkit::{Broker, Peer, PubsubxPeer, Transport};

use super::{launch, start};

/// What a busy broker takes besides: buffers of threads, and what the allocator keeps ready.
const SPARE_BYTES: usize = 4 << 20;

/// Packets of one write.
const WRITE_COUNT: usize = 500;

/// Sends packets and waits until the broker has acted on them all.
fn play(peer: &mut Peer, packets: impl Iterator<Item = String>) {
    let packets: Vec<String> = packets.collect();
    for some in packets.chunks(WRITE_COUNT) {
        peer.send_all(&some.iter().map(String::as_str).collect::<Vec<_>>());
    }
    peer.send(r#"{"hb":{}}"#);
    peer.expect(r#"{"hbAck":{}}"#);
}

/// Compares what the process has grown by with the limit, which must be about full.
#[track_caller]
fn check_growth(broker: &Broker, before: usize, limit: usize) {
    let grown = broker.memory_bytes().saturating_sub(before);
    eprintln!("a limit of {} KiB took {} KiB", limit >> 10, grown >> 10);
    assert!(grown <= limit + limit / 2 + SPARE_BYTES, "a limit of {limit} bytes took {grown}");
    assert!(limit / 3 < grown, "a limit of {limit} bytes was not filled: {grown}");
}

/// Fills the histories with messages of so many bytes, each to one of so many channels.
fn check_histories(limit_mib: usize, channels: usize, count: usize, payload_bytes: usize) {
    let broker = start(&[&format!("history.bytes_max={limit_mib}MiB")]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    play(&mut bob, std::iter::once(r#"{"pub":{"cn":"first","dt":1}}"#.to_owned()));
    let before = broker.memory_bytes();
    let data = "x".repeat(payload_bytes);
    for part in 0..count.div_ceil(WRITE_COUNT) {
        let numbers = part * WRITE_COUNT..count.min((part + 1) * WRITE_COUNT);
        play(
            &mut bob,
            numbers.map(|number| {
                let channel = number % channels;
                format!(r#"{{"pub":{{"cn":"channel-{channel}","dt":"{data}"}}}}"#)
            }),
        );
    }
    check_growth(&broker, before, limit_mib << 20);
    assert!(0 < broker.stat("history_evicted"));
}

#[test]
fn histories_of_many_channels_with_one_small_message_take_what_their_limit_says() {
    check_histories(16, 50_000, 50_000, 10);
}

#[test]
fn histories_of_few_channels_with_large_messages_take_what_their_limit_says() {
    // So large a limit that packets under way make no difference.
    check_histories(64, 40, 500, 200_000);
}

/// Fills what is kept for so many lost clients, each with a topic of its own, with messages of so
/// many bytes.
fn check_inboxes(clients: usize, limit: usize, payload_bytes: usize) {
    let settings = [
        &format!("session.resume_bytes_max={limit}"),
        "history.messages=0",
        "pubsubx.resume_time=1h",
        "pubsubx.request_bytes_max=1MiB",
    ];
    let broker = settings.into_iter().fold(launch().pubsubx(), |it, one| it.set(one)).start();
    for number in 0..clients {
        let mut peer = PubsubxPeer::online(&broker, Transport::Tcp, &format!("client-{number}"));
        peer.send(format!("SUBSCRIBE topic-{number}"));
        peer.hang_up();
    }
    let mut bob = PubsubxPeer::online(&broker, Transport::Tcp, "bob");
    // A session ends once its connection has been seen to.
    let is_lost = || broker.stat("sessions_lost") == clients as u64;
    while !is_lost() {
        bob.expect_silence();
    }
    let before = broker.memory_bytes();
    let data = "1".repeat(payload_bytes);
    // A message takes six bytes besides: its quotes, and what stands before it.
    for _ in 0..limit * 3 / 2 / (payload_bytes + 6) {
        for first in (0..clients).step_by(WRITE_COUNT) {
            let some = first..clients.min(first + WRITE_COUNT);
            bob.send_all(some.map(|number| format!("PUBLISH topic-{number} {data}")));
        }
    }
    bob.expect_silence();
    check_growth(&broker, before, clients * limit);
    assert!(0 < broker.stat("dropped_absent"));
}

#[test]
fn many_small_messages_for_lost_clients_take_what_their_limit_says() {
    // Measured with 1,000 clients of 10 KiB each; fewer bytes show it as well.
    let clients = std::env::var("RIALTO_LOST_CLIENTS").map_or(150, |it| it.parse().unwrap());
    check_inboxes(clients, 10 << 10, 1);
}

#[test]
fn few_large_messages_for_lost_clients_take_what_their_limit_says() {
    check_inboxes(16, 1 << 20, 50_000);
}

/// Fills the ceiling of retained messages, each of so many bytes and on a channel of its own.
fn check_retained(limit_mib: usize, count: usize, payload_bytes: usize) {
    let limit = format!("retained.bytes_max={limit_mib}MiB");
    // The other store has a cache of its own, of 32 MiB.
    let broker = start(&[&limit, "history.messages=0", "store.kind=memory"]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    play(&mut bob, std::iter::once(r#"{"pub":{"cn":"first","dt":1,"rt":1}}"#.to_owned()));
    let before = broker.memory_bytes();
    let data = "x".repeat(payload_bytes);
    for first in (0..count).step_by(WRITE_COUNT) {
        let some = first..count.min(first + WRITE_COUNT);
        let packet = |number| format!(r#"{{"pub":{{"cn":"c-{number}","dt":"{data}","rt":1}}}}"#);
        play(&mut bob, some.map(packet));
    }
    check_growth(&broker, before, limit_mib << 20);
    assert!(0 < broker.stat("retained_refused"));
    assert!(broker.stat("retained_bytes") <= (limit_mib << 20) as u64);
}

#[test]
fn many_small_retained_messages_take_what_their_ceiling_says() {
    check_retained(16, 40_000, 10);
}

#[test]
fn few_large_retained_messages_take_what_their_ceiling_says() {
    check_retained(64, 400, 200_000);
}

/// Fills what is remembered for other servers, none of which comes, with messages of so many bytes.
fn check_backlog(limit_mib: usize, count: usize, payload_bytes: usize) {
    let broker = start(&[
        &format!("cluster.backlog_bytes_max={limit_mib}MiB"),
        r#"cluster.allowed_replicants=["192.0.2.1"]"#,
        "history.messages=0",
    ]);
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    play(&mut bob, std::iter::once(r#"{"pub":{"cn":"first","dt":1}}"#.to_owned()));
    let before = broker.memory_bytes();
    let data = "x".repeat(payload_bytes);
    for first in (0..count).step_by(WRITE_COUNT) {
        let some = first..count.min(first + WRITE_COUNT);
        // Each message a run of its own.
        let packet =
            |number: usize| format!(r#"{{"pub":{{"cn":"channel-{}","dt":"{data}"}}}}"#, number % 2);
        play(&mut bob, some.map(packet));
    }
    check_growth(&broker, before, limit_mib << 20);
}

#[test]
fn many_small_messages_for_other_servers_take_what_their_limit_says() {
    check_backlog(16, 100_000, 10);
}

#[test]
fn few_large_messages_for_other_servers_take_what_their_limit_says() {
    check_backlog(64, 450, 200_000);
}
