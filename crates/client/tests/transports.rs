//! The same conversation over all four transports, and what can go wrong before it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may fail loudly")]

mod broker;

use std::time::Duration;

use broker::Broker;
use rialto_client::{
    Client, ConnectError, Credentials, PublishOptions, Qos, Scheme, Status, SubscribeOptions, reach,
};
use serde_json::value::to_raw_value;

async fn converse(scheme: Scheme) {
    // J-111, J-114, J-115, J-117: in the end the goodbye, and then the end of the connection.
    let broker = Broker::start(scheme).await;
    let (client, mut peer) = broker.connect(broker.options()).await;

    let playing = async move {
        peer.expect(r#"{"sub":{"cn":"room","pr":1}}"#).await;
        peer.say(r#"{"subAck":{"st":1,"cn":"room"}}"#).await;
        peer.say(r#"{"push":{"cn":"room","dt":{"n":1},"cl":"bob","id":"7","q":1}}"#).await;
        peer.expect(r#"{"pushAck":{"id":"7","st":1}}"#).await;
        let id = peer.expect_publish(r#"{"pub":{"cn":"hall","dt":"ä","q":1,"id":"<id>"}}"#).await;
        peer.say(&format!(r#"{{"pubAck":{{"st":1,"id":"{id}"}}}}"#)).await;
        peer.expect(r#"{"disconn":{}}"#).await;
        assert_eq!(peer.hear().await, None);
        drop(peer);
    };
    let conversing = async {
        let options = SubscribeOptions::persistent().manual();
        let mut room = client.subscription("room", options).await.unwrap();
        let mut push = room.next().await.unwrap();
        assert_eq!((push.channel.as_str(), push.payload.get()), ("room", r#"{"n":1}"#));
        assert_eq!((push.publisher.as_str(), push.qos), ("bob", Qos::AtLeastOnce));
        push.ack();
        let payload = to_raw_value("ä").unwrap();
        client.publish("hall", &payload, PublishOptions::acknowledged()).await.unwrap();
        client.close().await;
    };
    tokio::join!(playing, conversing);
}

#[tokio::test]
async fn over_tcp() {
    converse(Scheme::Tcp).await;
}

#[tokio::test]
async fn over_tls() {
    converse(Scheme::Tls).await;
}

#[tokio::test]
async fn over_websocket() {
    converse(Scheme::WebSocket).await;
}

#[tokio::test]
async fn over_websocket_with_tls() {
    converse(Scheme::WebSocketTls).await;
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let broker = Broker::start(Scheme::Tls).await;
    let other = Broker::start(Scheme::Tls).await;
    let mut options = broker.options();
    options.tls.authority = Some(other.authority());
    let (result, ()) = tokio::join!(Client::connect(options), broker.fail_to_accept());
    assert!(matches!(result, Err(ConnectError::Tls { .. })), "{result:?}");
}

#[tokio::test]
async fn an_authority_file_without_certificates_is_named() {
    let broker = Broker::start(Scheme::Tls).await;
    let mut options = broker.options();
    options.tls.authority = Some("Cargo.toml".into());
    let error = Client::connect(options).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot use Cargo.toml: it holds no certificate in PEM form");
}

#[tokio::test]
async fn nobody_at_the_address_is_told_as_such() {
    // J-118
    let options = Broker::start(Scheme::Tcp).await.options();
    let error = Client::connect(options).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert_eq!(error.status(), Some(Status(9)));
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status() {
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = broker.options();
    options.credentials = Credentials::named("ada");
    let (result, ()) = tokio::join!(Client::connect(options), async {
        let mut peer = broker.accept().await;
        peer.expect(r#"{"auth":{"dt":{"client_name":"ada"}}}"#).await;
        peer.say(r#"{"authAck":{"st":0,"mg":"no"}}"#).await;
        assert_eq!(peer.hear().await, None);
    });
    let Err(ConnectError::Refused { refusal, .. }) = result else { panic!("{result:?}") };
    assert_eq!(refusal.to_string(), "status 0 (failed): no");
}

#[tokio::test]
async fn a_broker_that_says_nothing_is_given_up() {
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = broker.options();
    options.connect_timeout = Duration::from_millis(50);
    let (result, _peer) = tokio::join!(Client::connect(options), broker.accept());
    assert!(matches!(result, Err(ConnectError::Silent { .. })), "{result:?}");
}

#[tokio::test]
async fn a_broker_that_answers_and_does_not_decide_is_given_up() {
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = broker.options();
    options.connect_timeout = Duration::from_millis(500);
    let (result, _peer) = tokio::join!(Client::connect(options), async {
        let mut peer = broker.accept().await;
        peer.say(r#"{"hbAck":{}}"#).await;
        peer
    });
    assert!(matches!(result, Err(ConnectError::TimedOut { .. })), "{result:?}");
}

#[tokio::test]
async fn a_broker_that_is_slow_is_given_the_end_of_a_line_that_means_nothing() {
    let broker = Broker::start(Scheme::Tcp).await;
    let (result, _peer) = tokio::join!(Client::connect(broker.options()), async {
        let mut peer = broker.accept().await;
        peer.expect(r#"{"conn":{"at":"t1","cl":"ada"}}"#).await;
        assert_eq!(peer.hear_byte().await, b'\r');
        assert_eq!(peer.hear_byte().await, b'\n');
        peer.say(r#"{"connAck":{"st":1,"ts":15}}"#).await;
        peer
    });
    assert_eq!(result.unwrap().identity().unwrap().client, "ada");
}

#[tokio::test]
async fn a_broker_is_reached_without_a_session() {
    // J-40
    for scheme in [Scheme::Tcp, Scheme::Tls, Scheme::WebSocket, Scheme::WebSocketTls] {
        let broker = Broker::start(scheme).await;
        let options = broker.options();
        let (result, ()) = tokio::join!(reach(&options), async {
            let mut peer = broker.accept().await;
            peer.expect(r#"{"pub":{"cn":"$time","dt":null,"id":"1"}}"#).await;
            peer.say(r#"{"pubAck":{"st":7,"id":"1"}}"#).await;
            assert_eq!(peer.hear().await, None);
        });
        assert!(result.unwrap().answered_in > Duration::ZERO);
    }
}

#[tokio::test]
async fn a_broker_without_room_says_so_by_a_packet_or_a_close_code() {
    for scheme in [Scheme::Tcp, Scheme::WebSocket] {
        let broker = Broker::start(scheme).await;
        let mut options = broker.options();
        options.credentials = Credentials::named("ada");
        let (result, ()) = tokio::join!(Client::connect(options), async {
            let mut peer = broker.accept().await;
            peer.expect(r#"{"auth":{"dt":{"client_name":"ada"}}}"#).await;
            if scheme == Scheme::Tcp {
                peer.say(r#"{"connAck":{"st":7,"mg":"no room"}}"#).await;
            } else {
                peer.close(1013, "no room").await;
            }
        });
        let error = result.unwrap_err();
        assert!(error.is_transient());
        let ConnectError::TurnedAway { refusal, .. } = error else { panic!("{error:?}") };
        assert_eq!(refusal.to_string(), "status 7 (not allowed): no room");
    }
}
