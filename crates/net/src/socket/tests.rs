use std::{io::ErrorKind, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::yield_now,
    time::timeout,
};

use super::{LINGER_BYTES_MAX, Socket};
use crate::{connection_limiter::ConnectionLimiter, testing::PLENTY};

/// Makes a client, the socket that was accepted, and what counts that.
async fn connected() -> (TcpStream, Socket, Arc<ConnectionLimiter>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let limiter = ConnectionLimiter::new(1, 0, &[0]);
    let slot = limiter.admit(0).unwrap();
    (client, Socket::new(stream, slot.into()), limiter)
}

#[tokio::test]
async fn the_last_word_is_read_though_the_peers_own_was_not() {
    let (mut client, mut socket, limiter) = connected().await;
    client.write_all(&[b'x'; 100_000]).await.unwrap();
    socket.write_all(b"bye").await.unwrap();
    drop(socket);
    // It may even go on for a while.
    client.write_all(&[b'x'; 100_000]).await.unwrap();
    let mut told = String::new();
    client.read_to_string(&mut told).await.unwrap();
    assert_eq!(told, "bye");
    assert_eq!(limiter.open(), 1, "its place is taken until it has ended its side");
    drop(client);
    let given_back = async {
        while limiter.open() > 0 {
            yield_now().await;
        }
    };
    timeout(PLENTY, given_back).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_has_ended_its_side_gives_its_place_back_at_once() {
    let (client, socket, limiter) = connected().await;
    drop(client);
    socket.readable().await.unwrap();
    drop(socket);
    assert_eq!(limiter.open(), 0);
}

#[tokio::test]
async fn a_peer_that_does_not_stop_sending_is_cut_off() {
    let (mut client, socket, _limiter) = connected().await;
    drop(socket);
    let sending = async {
        let mut sent_bytes = 0;
        loop {
            match client.write(&[b'x'; 64 << 10]).await {
                Ok(count) => sent_bytes += count,
                Err(error) => return (sent_bytes, error.kind()),
            }
        }
    };
    let (sent_bytes, error) = timeout(PLENTY, sending).await.unwrap();
    assert!(LINGER_BYTES_MAX < sent_bytes, "{sent_bytes}");
    assert!(matches!(error, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
}
