//! What survives the loss of a connection, and what ends a client.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may fail loudly")]

mod broker;

use std::time::Duration;

use broker::Broker;
use rialto_client::{
    Backoff, ConnectError, Credentials, Disconnected, Event, Options, PublishOptions, Reason,
    RequestError, Scheme, SubscribeOptions, SubscriptionEnd, SubscriptionState,
};
use serde_json::value::to_raw_value;

/// Options to reconnect at once, for ever.
fn persistent(mut options: Options) -> Options {
    options.reconnect = Some(Backoff { first: Duration::from_millis(1), ..Backoff::default() });
    options
}

#[tokio::test]
async fn unacknowledged_publishes_are_repeated_in_order_with_their_ids() {
    let packet = |number| format!(r#"{{"pub":{{"cn":"room","dt":{number},"q":1,"id":"<id>"}}}}"#);
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(persistent(broker.options())).await;

    let mut acks = Vec::new();
    for number in 1..=3 {
        let payload = to_raw_value(&number).unwrap();
        let options = PublishOptions::acknowledged();
        acks.push(client.start_publish("room", &payload, options).await.unwrap());
    }
    let mut ids = Vec::new();
    for number in 1..=3 {
        ids.push(peer.expect_publish(&packet(number)).await);
    }
    peer.say(&format!(r#"{{"pubAck":{{"st":1,"id":"{}"}}}}"#, ids.remove(0))).await;
    acks.remove(0).await.unwrap();
    drop(peer);

    let mut peer = broker.let_in().await;
    for (number, id) in (2..=3).zip(ids) {
        assert_eq!(peer.expect_publish(&packet(number)).await, id);
        peer.say(&format!(r#"{{"pubAck":{{"st":1,"id":"{id}"}}}}"#)).await;
    }
    for ack in acks {
        ack.await.unwrap();
    }
}

#[tokio::test]
async fn requests_wait_while_the_connection_is_made_again() {
    // J-111: they come behind the conn and its acknowledgement.
    let broker = Broker::start(Scheme::WebSocket).await;
    let (client, peer) = broker.connect(persistent(broker.options())).await;
    drop(peer);
    let (subscribed, _peer) =
        tokio::join!(client.subscription("room", SubscribeOptions::default()), async {
            let mut peer = broker.let_in().await;
            peer.expect(r#"{"sub":{"cn":"room"}}"#).await;
            peer.say(r#"{"subAck":{"st":1,"cn":"room"}}"#).await;
            peer
        });
    subscribed.unwrap();
}

#[tokio::test]
async fn without_reconnecting_a_loss_ends_the_client_behind_what_had_arrived() {
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(broker.options()).await;
    let mut room = client.listen("room");
    peer.say(r#"{"push":{"cn":"room","dt":1,"cl":"bob"}}"#).await;
    drop(peer);

    assert!(matches!(client.ended().await, Disconnected::Broken(_)));
    assert_eq!(room.next().await.unwrap().payload.get(), "1");
    assert!(room.next().await.is_none());
    let error = client.subscription("room", SubscribeOptions::default()).await.unwrap_err();
    assert!(matches!(error, RequestError::Disconnected(Disconnected::Broken(_))), "{error}");
}

#[tokio::test]
async fn a_client_that_was_sent_away_does_not_come_back() {
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(persistent(broker.options())).await;
    peer.say(r#"{"connAck":{"st":7,"mg":"connected elsewhere"}}"#).await;
    let error = client.ended().await;
    assert_eq!(
        error.to_string(),
        "the broker ended the session with status 7 (not allowed): connected elsewhere"
    );
}

#[tokio::test]
async fn a_websocket_closed_for_policy_does_not_come_back_either() {
    let broker = Broker::start(Scheme::WebSocket).await;
    let (client, peer) = broker.connect(persistent(broker.options())).await;
    peer.close(1008, "connected elsewhere").await;
    let error = client.ended().await;
    assert_eq!(
        error.to_string(),
        "the broker ended the session with status 7 (not allowed): connected elsewhere"
    );
}

#[tokio::test]
async fn a_broker_that_goes_away_for_a_while_is_waited_for() {
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(persistent(broker.options())).await;
    peer.say(r#"{"connAck":{"st":5,"mg":"restarting"}}"#).await;
    drop(peer);
    let mut peer = broker.let_in().await;
    let mut room = client.listen("room");
    peer.say(r#"{"push":{"cn":"room","dt":1,"cl":"bob"}}"#).await;
    assert_eq!(room.next().await.unwrap().payload.get(), "1");
}

#[tokio::test]
async fn reconnecting_is_given_up_after_its_time() {
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = persistent(broker.options());
    let give_up_after = Some(Duration::ZERO);
    options.reconnect = options.reconnect.map(|backoff| Backoff { give_up_after, ..backoff });
    let (client, peer) = broker.connect(options).await;
    drop((broker, peer));
    let Disconnected::NotRestored(error) = client.ended().await else {
        panic!("the client should have ended")
    };
    assert!(matches!(*error, ConnectError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_client_can_be_closed_while_there_is_no_connection() {
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = persistent(broker.options());
    let first = Duration::from_secs(3_600);
    options.reconnect = Some(Backoff { first, longest: first, give_up_after: None });
    let (client, peer) = broker.connect(options).await;
    drop(peer);
    let watched = client.clone();
    client.close().await;
    assert!(matches!(watched.ended().await, Disconnected::Closed));
}

#[tokio::test]
async fn a_flood_larger_than_the_inbox_arrives_whole_and_in_order() {
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = broker.options();
    options.inbox_count_max = 3;
    let (client, mut peer) = broker.connect(options).await;
    let mut room = client.listen("room");
    let flooding = async {
        for number in 0..5_000 {
            peer.say(&format!(r#"{{"push":{{"cn":"room","dt":{number},"cl":""}}}}"#)).await;
        }
    };
    let reading = async {
        for number in 0..5_000 {
            assert_eq!(room.next().await.unwrap().payload.get(), number.to_string());
        }
    };
    tokio::join!(flooding, reading);
}

#[tokio::test]
async fn a_full_inbox_does_not_keep_an_acknowledgement_away() {
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = broker.options();
    options.inbox_count_max = 1;
    let (client, mut peer) = broker.connect(options).await;
    let _room = client.listen("room");
    for _ in 0..10_000 {
        peer.say(r#"{"push":{"cn":"room","dt":"some text to fill buffers","cl":""}}"#).await;
    }
    let playing = async {
        peer.expect(r#"{"sub":{"cn":"hall"}}"#).await;
        peer.say(r#"{"subAck":{"st":1,"cn":"hall"}}"#).await;
        peer
    };
    let (subscribed, _peer) =
        tokio::join!(client.subscription("hall", SubscribeOptions::default()), playing);
    subscribed.unwrap();
}

#[tokio::test]
async fn heartbeats_are_sent_by_themselves_and_silence_is_noticed() {
    let broker = Broker::start(Scheme::Tcp).await;
    let connecting = async {
        let mut peer = broker.accept().await;
        peer.hear().await;
        peer.say(r#"{"connAck":{"st":1,"ts":1}}"#).await;
        peer
    };
    let (client, peer) = tokio::join!(rialto_client::Client::connect(broker.options()), connecting);
    let (client, mut peer) = (client.unwrap(), peer);
    peer.expect(r#"{"hb":{}}"#).await;
    peer.say(r#"{"hbAck":{}}"#).await;
    peer.expect(r#"{"hb":{}}"#).await;
    assert!(matches!(client.ended().await, Disconnected::Silent(_)));
}

#[tokio::test]
async fn a_restored_subscription_that_is_refused_ends_with_an_event() {
    // K-25
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(persistent(broker.options())).await;
    let consent = async {
        peer.expect(r#"{"sub":{"cn":"room"}}"#).await;
        peer.say(r#"{"subAck":{"st":1,"cn":"room"}}"#).await;
        peer
    };
    let (room, peer) =
        tokio::join!(client.subscription("room", SubscribeOptions::default()), consent);
    let mut room = room.unwrap();
    let mut events = client.events();
    drop(peer);

    let mut peer = broker.let_in().await;
    peer.expect(r#"{"sub":{"cn":"room"}}"#).await;
    peer.say(r#"{"subAck":{"st":7,"cn":"room","mg":"not any more"}}"#).await;
    assert!(room.next().await.is_none());
    let refused = SubscriptionState::Ended(SubscriptionEnd::Refused);
    assert_eq!(room.state(), refused);
    loop {
        if let Event::Subscription(change) = events.recv().await.unwrap()
            && change.state == refused
        {
            assert_eq!(change.text.as_deref(), Some("not any more"));
            break;
        }
    }
}

#[tokio::test]
async fn credentials_are_asked_for_before_each_attempt() {
    // K-11, K-12
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = persistent(broker.options());
    let (asked, mut whys) = tokio::sync::mpsc::unbounded_channel();
    options.credentials = Credentials::provider(move |why| {
        asked.send(why).unwrap();
        async { Ok(Credentials::token("ada", "t1")) }
    });
    let playing = async {
        let mut peer = broker.accept().await;
        peer.hear().await;
        peer.say(r#"{"connAck":{"st":6}}"#).await;
        broker.let_in().await
    };
    let (client, peer) = tokio::join!(rialto_client::Client::connect(options), playing);
    let client = client.unwrap();
    drop(peer);
    let _peer = broker.let_in().await;
    client.online().await.unwrap();
    let mut reasons = Vec::new();
    while let Ok(why) = whys.try_recv() {
        reasons.push(why.reason);
    }
    assert_eq!(reasons, [None, Some(Reason::Unauthorized), Some(Reason::Lost)]);
}

#[tokio::test]
async fn a_dead_address_is_passed_over() {
    // K-6
    let dead = Broker::start(Scheme::Tcp).await.options().endpoint;
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = broker.options();
    options.more_endpoints = vec![std::mem::replace(&mut options.endpoint, dead)];
    options.in_order = true;
    let (_client, _peer) = broker.connect(options).await;
}

#[tokio::test]
async fn a_client_that_is_drained_waits_for_its_acknowledgements() {
    // K-61
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(persistent(broker.options())).await;
    let payload = to_raw_value(&1).unwrap();
    let ack = client.start_publish("room", &payload, PublishOptions::acknowledged()).await.unwrap();
    let playing = async {
        let packet = r#"{"pub":{"cn":"room","dt":1,"q":1,"id":"<id>"}}"#;
        let id = peer.expect_publish(packet).await;
        peer.say(&format!(r#"{{"pubAck":{{"st":1,"id":"{id}"}}}}"#)).await;
        peer.expect(r#"{"disconn":{}}"#).await;
        assert_eq!(peer.hear().await, None);
    };
    let (drained, ()) = tokio::join!(client.drain(Duration::from_secs(10)), playing);
    drained.unwrap();
    ack.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_cannot_be_drained_in_time_says_what_was_left() {
    // K-61
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(persistent(broker.options())).await;
    let payload = to_raw_value(&1).unwrap();
    let ack = client.start_publish("room", &payload, PublishOptions::acknowledged()).await.unwrap();
    peer.hear().await;
    let left = client.drain(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(left.unacknowledged_count, 1);
    assert!(ack.await.is_err());
}
