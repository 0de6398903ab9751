use std::{
    io::ErrorKind,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rialto_domain::CloseReason;
use tokio::{io::AsyncReadExt as _, net::TcpStream, sync::mpsc};

use super::{Gate, Listener, Opened, Receive};
use crate::{
    arrival::Arrival,
    connection_limiter::ConnectionLimiter,
    proxies::Proxies,
    testing::{address_of, trusting},
};

/// Takes connections, and tells of those it may not take.
struct Desk {
    arrivals: mpsc::UnboundedSender<Arrival>,
    refused: Mutex<Vec<(SocketAddr, CloseReason)>>,
}

impl Receive for Desk {
    fn receive(&self, arrival: Arrival) {
        self.arrivals.send(arrival).unwrap();
    }

    fn refuse(&self, peer: SocketAddr, reason: CloseReason) -> Vec<u8> {
        self.refused.lock().unwrap().push((peer, reason));
        b"no room".to_vec()
    }
}

/// Runs a listener of this machine that takes `open_max` connections, and `per_address_max` of one
/// address, while proxies at these addresses are trusted.
fn listening(
    (open_max, per_address_max): (usize, usize),
    trusted: &[&str],
) -> (Arc<Listener>, Gate, Desk, mpsc::UnboundedReceiver<Arrival>) {
    let mut opened = Opened::on(["127.0.0.1:0".parse().unwrap()]);
    let (address, socket) = opened.sockets.pop().unwrap();
    let listener = Arc::new(Listener { number: 0, address, socket, is_proxied: false });
    let gate = Gate {
        limiter: ConnectionLimiter::new(open_max, per_address_max, &[0]),
        proxies: Arc::new(Proxies::new(trusting(trusted))),
    };
    let (arrivals, arrived) = mpsc::unbounded_channel();
    (listener, gate, Desk { arrivals, refused: Mutex::default() }, arrived)
}

async fn read_to_end(client: &mut TcpStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn those_beyond_the_limit_are_told_and_a_free_place_is_taken_again() {
    let (listener, gate, desk, mut arrived) = listening((1, 0), &[]);
    let address = listener.address;
    let talking = async {
        let first = TcpStream::connect(address).await.unwrap();
        let arrival = arrived.recv().await.unwrap();
        assert_eq!(arrival.peer, address_of(&first));
        let mut second = TcpStream::connect(address).await.unwrap();
        let refused_from = address_of(&second);
        assert_eq!(read_to_end(&mut second).await, "no room");
        let reason = CloseReason::TooManyConnections { limit: 1 };
        assert_eq!(*desk.refused.lock().unwrap(), [(refused_from, reason)]);

        // The place is given back once the client has ended its side too.
        drop((first, arrival));
        let third = loop {
            let mut client = TcpStream::connect(address).await.unwrap();
            tokio::select! {
                arrival = arrived.recv() => break (client, arrival.unwrap()),
                told = read_to_end(&mut client) => assert_eq!(told, "no room"),
            }
        };
        assert_eq!(third.1.peer, address_of(&third.0));
        assert_eq!(gate.limiter.open(), 1);
    };
    tokio::select! {
        () = listener.accept_all(&gate, &desk) => unreachable!("it accepts for ever"),
        () = talking => {}
    }
}

#[tokio::test]
async fn an_address_has_its_share_unless_it_is_that_of_a_trusted_proxy() {
    for (trusted, refused_count) in [(&[][..], 1), (&["127.0.0.0/8"][..], 0)] {
        let (listener, gate, desk, mut arrived) = listening((10, 1), trusted);
        let clients = [
            TcpStream::connect(listener.address).await.unwrap(),
            TcpStream::connect(listener.address).await.unwrap(),
        ];
        listener.accept_waiting(&gate, &desk);
        let refused = desk.refused.lock().unwrap().clone();
        assert_eq!(refused.len(), refused_count, "{trusted:?}");
        for (peer, reason) in refused {
            assert_eq!(peer, address_of(&clients[1]));
            assert_eq!(reason, CloseReason::TooManyFromAddress { limit: 1 });
        }
        assert_eq!(arrived.try_recv().unwrap().peer, address_of(&clients[0]));
    }
}

#[tokio::test]
async fn who_connected_before_a_stop_is_accepted_without_waiting_for_others() {
    let (listener, gate, desk, mut arrived) = listening((10, 0), &[]);
    listener.accept_waiting(&gate, &desk);
    assert!(arrived.try_recv().is_err());
    let client = TcpStream::connect(listener.address).await.unwrap();
    listener.accept_waiting(&gate, &desk);
    assert_eq!(arrived.try_recv().unwrap().peer, address_of(&client));
}

#[tokio::test]
async fn one_port_serves_all_addresses_and_what_fails_is_told() {
    let any = |host: &str| SocketAddr::new(host.parse().unwrap(), 0);
    // TEST-NET-1: no machine has this address.
    let opened = Opened::on([any("127.0.0.1"), any("192.0.2.1"), any("127.0.0.2")]);
    let [(first, _), (second, _)] = &opened.sockets[..] else { panic!("{opened:?}") };
    assert_eq!(first.port(), second.port());
    assert_ne!(first.port(), 0);
    let [(address, error)] = &opened.failures[..] else { panic!("{opened:?}") };
    assert_eq!(address.ip().to_string(), "192.0.2.1");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    let again = Opened::on([*first]);
    assert_eq!(again.failures[0].1.kind(), ErrorKind::AddrInUse);
}
