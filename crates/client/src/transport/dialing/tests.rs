#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use tokio::net::{TcpListener, TcpSocket};

use super::*;

#[tokio::test(start_paused = true)]
async fn an_address_that_swallows_everything_leaves_time_for_the_next() {
    // Nobody accepts, so that whoever comes when there is no more room is not answered.
    let deaf = TcpSocket::new_v4().unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let deaf = deaf.listen(1).unwrap();
    let deaf_address = deaf.local_addr().unwrap();
    let mut held = Vec::new();
    let patience = Duration::from_millis(100);
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&deaf_address, patience) {
        held.push(stream);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();

    let stream = connect_to_any(&[deaf_address, address]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
}

#[tokio::test]
async fn what_the_last_address_says_is_told() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = connect_to_any(&[gone, gone]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(connect_to_any(&[]).await.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn peers_without_heartbeats_are_asked_for_a_sign_of_life() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for (protocol, is_watched) in
        [(Protocol::Jmqt, false), (Protocol::Coremq, true), (Protocol::Pubsubx, true)]
    {
        let endpoint = Endpoint::parse(&url(protocol, address), protocol).unwrap();
        let stream = connect(&endpoint, &mut Stage::LookingUp).await.unwrap();
        let socket = SockRef::from(&stream);
        assert_eq!(socket.keepalive().unwrap(), is_watched, "{protocol:?}");
        if is_watched {
            assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE_AFTER);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(ARRIVAL_TIMEOUT));
        }
    }
}

fn url(protocol: Protocol, address: SocketAddr) -> String {
    let scheme = match protocol {
        Protocol::Jmqt => "jmqt",
        Protocol::Coremq => "coremq",
        Protocol::Pubsubx => "pubsubx",
    };
    format!("{scheme}://{address}")
}
