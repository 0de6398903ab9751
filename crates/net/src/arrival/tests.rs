use std::{io, net::SocketAddr, sync::Mutex};

use rialto_domain::CloseReason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Arrival;
use crate::{
    proxies::Proxies,
    socket::Socket,
    testing::{address_of, connected, trusting},
    turned_away::{Because, TurnedAway},
};

const HEAD: &[u8] = b"PROXY TCP4 203.0.113.5 127.0.0.1 4711 80\r\n";
const ONE_TOO_MANY: CloseReason = CloseReason::TooManyFromAddress { limit: 1 };

/// Has a proxy begin with `head`; returns whose its connection is, who was counted, and what it was told.
async fn identify(
    trusted: &[&str],
    head: &[u8],
    has_room: bool,
) -> (io::Result<(Socket, SocketAddr)>, Vec<SocketAddr>, String) {
    let (mut client, arrival) = connected().await;
    client.write_all(head).await.unwrap();
    client.shutdown().await.unwrap();
    let counted = Mutex::new(Vec::new());
    let count = |_: &mut Socket, address| {
        counted.lock().unwrap().push(address);
        if has_room { Ok(()) } else { Err(ONE_TOO_MANY) }
    };
    let arrival = Arrival { is_proxied: true, ..arrival };
    let proxies = Proxies::new(trusting(trusted));
    let result = arrival.identify(&proxies, count, |reason| reason.to_string().into()).await;
    let result = result.map(|(socket, peer)| {
        // Who connects for itself is where it is.
        let peer = if peer == address_of(&client) { "0.0.0.0:0".parse().unwrap() } else { peer };
        (socket, peer)
    });
    let mut told = String::new();
    if result.is_err() {
        client.read_to_string(&mut told).await.unwrap();
    }
    (result, counted.into_inner().unwrap(), told)
}

#[tokio::test]
async fn a_connection_is_whose_its_proxy_says_and_what_follows_is_that_ones() {
    let (result, counted, _) = identify(&["127.0.0.0/8"], &[HEAD, b"hello"].concat(), true).await;
    let (mut socket, peer) = result.unwrap();
    assert_eq!(peer.to_string(), "203.0.113.5:4711");
    assert_eq!(counted, [peer]);
    let mut rest = String::new();
    socket.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "hello");
}

#[tokio::test]
async fn a_proxy_for_itself_and_one_behind_another_are_not_counted() {
    let (result, counted, _) = identify(&["127.0.0.0/8"], b"PROXY UNKNOWN\r\n", true).await;
    assert_eq!(result.unwrap().1.to_string(), "0.0.0.0:0");
    assert_eq!(counted, []);
    let (result, counted, _) = identify(&["127.0.0.0/8", "203.0.113.0/24"], HEAD, true).await;
    assert_eq!(result.unwrap().1.to_string(), "203.0.113.5:4711");
    assert_eq!(counted, []);
}

#[tokio::test]
async fn who_is_no_trusted_proxy_is_turned_away_unread() {
    let (result, counted, told) = identify(&["10.0.0.0/8"], HEAD, true).await;
    let error = result.err().unwrap();
    assert_eq!(TurnedAway::of(&error).unwrap().because, Because::UntrustedProxy);
    assert_eq!((counted.len(), &*told), (0, ""));
}

#[tokio::test]
async fn a_client_too_many_is_told_through_its_proxy() {
    let (result, counted, told) = identify(&["127.0.0.0/8"], HEAD, false).await;
    let error = result.err().unwrap();
    let reason = error.get_ref().unwrap().downcast_ref::<CloseReason>();
    assert_eq!(reason, Some(&ONE_TOO_MANY));
    assert_eq!(counted.len(), 1);
    assert_eq!(told, ONE_TOO_MANY.to_string());
}

#[tokio::test]
async fn what_begins_with_no_head_is_not_taken() {
    let (result, counted, told) = identify(&["127.0.0.0/8"], b"GET / HTTP/1.1\r\n\r\n", true).await;
    assert_eq!(result.err().unwrap().kind(), io::ErrorKind::InvalidData);
    assert_eq!((counted.len(), &*told), (0, ""));
}
