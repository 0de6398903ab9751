//! A process that is stopped for a while, and goes on: a laptop, a snapshot of a virtual machine.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Launch, Peer, Transport};

use crate::{common::PROGRAM, wait_until};

/// Longer than any peer may be silent here. `RIALTO_STOP_SECONDS` has it longer.
const STOP: Duration = Duration::from_secs(5);

/// The shortest silence that can be configured.
const HEARTBEAT: &str = "session.heartbeat_timeout=3s";

/// How often clients show that they are there.
const HEARTBEAT_EVERY: Duration = Duration::from_millis(300);

const CLIENTS: usize = 200;

fn stop_time() -> Duration {
    let seconds = std::env::var("RIALTO_STOP_SECONDS").ok();
    seconds.map_or(STOP, |seconds| Duration::from_secs(seconds.parse().unwrap()))
}

fn start(settings: &[&str]) -> Broker {
    let launch = Launch::of(PROGRAM).set(HEARTBEAT).set("store.kind=memory");
    settings.iter().fold(launch, |launch, setting| launch.set(setting)).start()
}

#[test]
fn nobody_whose_heartbeats_wait_in_the_sockets_is_closed_and_who_is_silent_still_is() {
    // J-43, J-44
    let broker = start(&[]);
    let transports = Transport::ALL.into_iter().cycle().take(CLIENTS);
    let mut clients: Vec<Peer> = transports
        .enumerate()
        .map(|(number, transport)| Peer::online(&broker, transport, &format!("client {number}")))
        .collect();
    // Who has only just come, and who is on the way.
    let mut late = Peer::connect(&broker, Transport::Tcp);
    let mut half = TcpStream::connect(broker.address()).unwrap();
    half.write_all(b"GET /jmqt HTTP/1.1\r\nHost: rialto\r\nConnection: upgrade\r\n").unwrap();
    clients.iter_mut().for_each(beat);
    let mut silent = Peer::online(&broker, Transport::Tcp, "silent");

    broker.stop_for(stop_time(), || {
        clients.iter_mut().for_each(|client| client.send(r#"{"hb":{}}"#));
        late.send(r#"{"auth":{"dt":{"client_name":"late"}}}"#);
        half.write_all(
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .unwrap();
    });
    let resumed = Instant::now();
    for client in &mut clients {
        client.expect(r#"{"hbAck":{}}"#);
        beat(client);
    }
    late.expect(r#"{"authAck":{"st":1,"at":"*","cl":"late"}}"#);
    let mut answer = [0; 12];
    half.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");

    // J-44: its silence before the stop and after it count, and it had at most twice the time.
    thread::scope(|scope| {
        let gone = scope.spawn(|| silent.expect_goodbye(1000));
        while !gone.is_finished() {
            clients.iter_mut().for_each(beat);
            thread::sleep(HEARTBEAT_EVERY);
        }
    });
    assert!(resumed.elapsed() < Duration::from_secs(6), "{:?}", resumed.elapsed());
    clients.iter_mut().for_each(beat);
}

#[test]
fn a_lost_client_has_the_whole_of_its_time_to_come_back() {
    let broker = start(&["session.resume_time=3s"]);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.send(r#"{"sub":{"cn":"room"}}"#);
    ada.expect(r#"{"subAck":{"st":1,"cn":"room"}}"#);
    ada.hang_up();
    wait_until("it is lost", || broker.stat("sessions_lost") == 1);
    broker.stop_for(stop_time(), || {});
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.send(r#"{"pub":{"cn":"room","dt":1}}"#);
    beat(&mut bob);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.expect(r#"{"push":{"cn":"room","cl":"bob","dt":1}}"#);
    assert_eq!(broker.stat("sessions_restored"), 1);
}

#[track_caller]
fn beat(client: &mut Peer) {
    client.send(r#"{"hb":{}}"#);
    client.expect(r#"{"hbAck":{}}"#);
}
