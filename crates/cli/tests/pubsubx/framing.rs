//! Messages of text with an end mark, however TCP cuts them (P-1 to P-3, P-5).

use rialto_testkit::{PubsubxPeer, Transport};

use crate::{online, start, subscriber};

/// What a client of all sorts sends that has a session, and what it gets.
const SAID: &[&[u8]] = &[
    b"SUBSCRIBE a\n\nx",
    b"SUBSCRIBE Gr\xc3\xbc\xc3\x9fe\n\nx",
    b"PUBLISH a 1\n\nx",
    b"\n\nx",
    b"PUBLISH a \xff\xfe\n\nx",
    "PUBLISH Grüße größer 日本 😀\n\nx".as_bytes(),
    b"PUBLISH a\n\nx",
    b"publish a 2\n\nx",
    b"PUBLISH a  two  blanks \n\nx",
    b"PUBLISH a a line\nand a second\n\nand x\n\nx",
    b"PUBLISH a ends in breaks\n\n\n\nx",
    b"PUBLISH a x\n\nx",
    b"CONNECT ada\n\nx",
    b"PUBLISH nobody 3\n\nx",
    b"UNSUBSCRIBE a\n\nx",
    b"PUBLISH a 4\n\nx",
];

const HEARD: &[&str] = &[
    "a 1",
    "Grüße größer 日本 😀",
    "a ",
    "a  two  blanks ",
    "a a line\nand a second\n\nand x",
    "a ends in breaks\n\n",
    "a x",
];

#[track_caller]
fn expect_heard(ada: &mut PubsubxPeer) {
    for message in HEARD {
        ada.expect(message);
    }
}

#[test]
fn it_makes_no_difference_how_tcp_cuts_the_bytes() {
    // P-1, P-2, P-3, P-8, P-9, P-17, P-26, P-27
    let broker = start(&[]);
    let said = SAID.concat();
    for transport in Transport::SOCKETS {
        let mut ada = PubsubxPeer::online(&broker, transport, "ada");
        for cut in [said.len(), 1, 2, 3, 7, 64] {
            for piece in said.chunks(cut) {
                ada.send_raw(piece);
            }
            expect_heard(&mut ada);
        }
        ada.expect_silence();
        ada.leave();
    }
}

#[test]
fn a_conversation_may_be_split_at_every_byte() {
    // P-2: another client is served in between, so that the first part is read by itself.
    let broker = start(&[]);
    let said = SAID.concat();
    let (mut ada, mut bob) = (online(&broker, "ada"), online(&broker, "bob"));
    for at in 1..said.len() {
        ada.send_raw(&said[..at]);
        bob.expect_silence();
        ada.send_raw(&said[at..]);
        expect_heard(&mut ada);
    }
}

#[test]
fn the_first_command_may_be_split_at_every_byte() {
    // P-2, P-11
    let broker = start(&[]);
    let mut bob = online(&broker, "bob");
    let said = b"CONNECT ada\n\nxSUBSCRIBE a\n\nxPUBLISH a 1\n\nx";
    for at in 1..said.len() {
        let mut ada = PubsubxPeer::connect(&broker, Transport::Tcp);
        ada.send_raw(&said[..at]);
        bob.expect_silence();
        ada.send_raw(&said[at..]);
        ada.expect("OK: Conn accepted");
        ada.expect("a 1");
        ada.leave();
    }
}

#[test]
fn all_messages_of_a_segment_are_served_in_their_order() {
    // P-2, P-5, P-28: more of them than the broker takes in at a time.
    const COUNT: usize = 5000;
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut ada = PubsubxPeer::online(&broker, transport, "ada");
        let mut bob = subscriber(&broker, "bob", "a");
        ada.send_all((0..COUNT).map(|n| format!("PUBLISH a {n}")));
        for n in 0..COUNT {
            bob.expect(format!("a {n}"));
        }
        ada.leave();
        bob.leave();
    }
}

#[test]
fn what_a_socket_does_not_take_at_once_follows() {
    // P-5: some megabytes to one that begins to read when all of it was published.
    const COUNT: usize = 1000;
    let broker = start(&["delivery.publisher_stall_max=10s"]);
    let mut ada = subscriber(&broker, "ada", "a");
    let mut bob = online(&broker, "bob");
    let filler = "x".repeat(8000);
    bob.send_all((0..COUNT).map(|n| format!("PUBLISH a {n} {filler}")));
    bob.expect_silence();
    for n in 0..COUNT {
        ada.expect(format!("a {n} {filler}"));
    }
}
