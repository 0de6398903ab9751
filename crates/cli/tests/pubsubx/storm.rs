//! Very many clients that are lost at once and come back at once (P-34 to P-36, P-38).
//!
//! `RIALTO_PUBSUBX_CLIENTS` says how many.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use rialto_testkit::{PATIENCE, leave_out};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{check_serves, common::number_from, online, start};

/// Clients where nothing else is said.
const CLIENTS: usize = 1000;
/// Files this process needs besides.
const RESERVED: usize = 200;
/// Most memory of the broker for each client.
const CLIENT_BYTES_MAX: usize = 24 << 10;

#[test]
fn a_storm_of_clients_comes_back_to_what_they_missed() {
    let wanted = number_from("RIALTO_PUBSUBX_CLIENTS").map_or(CLIENTS, |it| it as usize);
    let count = wanted.min(files_max().saturating_sub(RESERVED));
    if count < wanted {
        leave_out(&format!("the limit of open files permits {count} of {wanted} clients"));
    }
    let broker = start(&[]);
    let address = broker.address_of("pubsubx");
    check_serves(&broker);
    let before = broker.memory_bytes();
    let connect = |n: usize| {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(format!("CONNECT storm-{n}\n\nx").as_bytes()).unwrap();
        socket
    };
    let started = Instant::now();
    let mut clients: Vec<_> = (0..count).map(connect).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        expect(client, "OK: Conn accepted\n\nx");
        let said = ["SUBSCRIBE storm", "SUBSCRIBE own-#", "PUBLISH own-#", "UNSUBSCRIBE own-#", ""];
        client.write_all(said.join("\n\nx").replace('#', &n.to_string()).as_bytes()).unwrap();
        expect(client, &format!("own-{n} \n\nx"));
    }
    eprintln!("{count} clients were there after {:?}", started.elapsed());

    drop(clients);
    let deadline = Instant::now() + PATIENCE;
    while broker.stat("sessions_lost") < count as u64 {
        assert!(Instant::now() < deadline, "not all clients are lost");
    }
    let mut bob = online(&broker, "bob");
    for n in 0..3 {
        bob.publish("storm", &n.to_string());
    }

    let started = Instant::now();
    let mut clients: Vec<_> = (0..count).map(connect).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        expect(client, &format!("RESTORED storm-{n}\n\nxstorm\n\nx"));
    }
    for client in &mut clients {
        expect(client, "storm 0\n\nxstorm 1\n\nxstorm 2\n\nx");
    }
    eprintln!("all were back after {:?}", started.elapsed());
    let grown = broker.memory_bytes().saturating_sub(before);
    eprintln!("the broker has grown by {} KiB", grown >> 10);
    assert!(grown < (16 << 20) + count * CLIENT_BYTES_MAX, "it has grown by {grown} bytes");
    assert_eq!(broker.stat("sessions_restored"), count as u64);
    bob.publish("storm", "live");
    for client in &mut clients {
        expect(client, "storm live\n\nx");
    }
}

#[track_caller]
fn expect(client: &mut TcpStream, expected: &str) {
    let mut read = vec![0; expected.len()];
    client.read_exact(&mut read).unwrap();
    assert_eq!(String::from_utf8(read).unwrap(), expected);
}

/// Raises the limit of open files as far as it goes, and returns it.
fn files_max() -> usize {
    let maximum = getrlimit(Resource::Nofile).maximum;
    _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |it| it as usize)
}
