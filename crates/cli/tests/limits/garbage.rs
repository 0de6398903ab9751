//! Bytes that mean nothing, on each transport.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
};

use rialto_testkit::{PATIENCE, Peer, Transport};

use crate::{check_serves, start};

/// Bytes that look random and are the same in every run: a xorshift generator.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[3]).collect()
    }

    /// Takes what makes sense and changes some of its bytes.
    fn spoil(&mut self, sense: &[u8]) -> Vec<u8> {
        let mut spoilt = sense.to_vec();
        for _ in 0..1 + self.next() % 4 {
            let at = self.next() as usize % spoilt.len();
            spoilt[at] = self.next().to_le_bytes()[5];
        }
        spoilt
    }
}

#[test]
fn noise_on_a_new_connection_harms_nobody() {
    // J-104: whatever its first byte makes of it; it ends when the peer ends it, or before.
    let broker = start(&[]);
    for seed in 1..=100 {
        let noise = Noise::new(seed).bytes(4096);
        let mut socket = TcpStream::connect(broker.address()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(&noise).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        // J-120: whatever it is closed for, it is not reset.
        let ended = socket.read_to_end(&mut Vec::new());
        assert!(ended.is_ok(), "seed {seed}: {ended:?}");
    }
    check_serves(&broker);
}

#[test]
fn noise_within_a_session_is_ignored_or_ends_it() {
    // J-13, J-14, J-17, J-104
    let broker = start(&[]);
    for transport in Transport::ALL {
        for seed in 1..=30 {
            let mut noise = Noise::new(seed);
            let mut ada = Peer::online(&broker, transport, "ada");
            // Below the framing of a WebSocket this is the end; in a socket, frames between NULs.
            if ada.try_send_raw(&noise.bytes(4096)).is_err() || transport.is_websocket() {
                continue;
            }
            ada.send_raw(b"\0");
            ada.send(r#"{"hb":{}}"#);
            ada.expect(r#"{"hbAck":{}}"#);
        }
    }
    assert!(0 < broker.stat("malformed"));
    check_serves(&broker);
}

#[test]
fn spoilt_packets_are_answered_or_ignored_and_the_next_one_is_served() {
    // J-13 to J-16, J-104: any packet with some of its bytes changed.
    let broker = start(&[]);
    let packets = [
        r#"{"sub":{"cn":"room","pr":0}}"#,
        r#"{"unsub":{"cn":"room"}}"#,
        r#"{"pub":{"cn":"room","dt":{"a":[1,"b",null]},"q":1,"rt":0,"id":"7"}}"#,
        r#"{"pushAck":{"st":1,"id":"1-1"}}"#,
        r#"{"conn":{"at":"token","cl":"ada"}}"#,
        r#"{"auth":{"dt":{"client_name":"ada"}}}"#,
    ];
    for transport in Transport::ALL {
        let mut noise = Noise::new(1);
        let mut ada = Peer::online(&broker, transport, "ada");
        for round in 0..300 {
            let spoilt = noise.spoil(packets[round % packets.len()].as_bytes());
            // A text that is not UTF-8 ends a WebSocket (J-5); a NUL ends a frame of a socket.
            if std::str::from_utf8(&spoilt).is_err() && transport.is_websocket() {
                continue;
            }
            ada.send_frame(&spoilt);
            ada.send(r#"{"hb":{}}"#);
            while ada.recv().get("hbAck").is_none() {}
        }
        ada.leave();
    }
    check_serves(&broker);
}

#[test]
fn a_websocket_that_breaks_the_rules_is_closed() {
    // J-104: with 1002: frames without a mask, unknown opcodes, reserved bits, a continuation of
    // nothing, a control frame that is too long or fragmented.
    let broker = start(&[]);
    let mask = [0; 4];
    let too_long = [&[0x89, 0xfe, 0, 126][..], &mask, &[0; 126]].concat();
    let frames: [&[u8]; 7] = [
        b"\x81\x02{}",
        b"\x83\x80\0\0\0\0",
        b"\xf1\x80\0\0\0\0",
        b"\x80\x80\0\0\0\0",
        b"\x09\x80\0\0\0\0",
        b"\x01\x80\0\0\0\0\x81\x80\0\0\0\0",
        &too_long,
    ];
    for transport in Transport::WEBSOCKETS {
        for frame in frames {
            let mut ada = Peer::online(&broker, transport, "ada");
            ada.send_raw(frame);
            let ending = ada.expect_close();
            assert!(ending.is_goodbye(transport, 1002), "{transport}, {frame:?}: {ending:?}");
        }
    }
    check_serves(&broker);
}
