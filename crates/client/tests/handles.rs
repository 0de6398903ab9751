//! What becomes of calls whose future, handle, handler or runtime goes away.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may fail loudly")]

mod broker;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use broker::Broker;
use rialto_client::{
    Credentials, Disconnected, PublishOptions, RequestError, Scheme, State, SubscribeOptions,
};
use serde_json::value::to_raw_value;
use tokio::runtime::Builder;

/// Polls a future once, and drops it unfinished.
async fn poll_once<F: Future>(future: F) {
    let mut future = pin!(future);
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn calls_are_answered_when_the_runtime_of_the_client_is_shut_down() {
    // K-62
    let own = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (client, _peer) = own.block_on(async {
        let broker = Broker::start(Scheme::Tcp).await;
        broker.connect(broker.options()).await
    });
    let payload = to_raw_value(&1).unwrap();
    let other = Builder::new_current_thread().enable_all().build().unwrap();
    let options = PublishOptions::acknowledged();
    let pending = other.block_on(client.start_publish("room", &payload, options)).unwrap();
    let mut room = client.subscribe("room", SubscribeOptions::default());

    own.shutdown_timeout(Duration::from_secs(5));
    let error = other.block_on(pending).unwrap_err();
    assert!(matches!(error, RequestError::Disconnected(Disconnected::Closed)), "{error}");
    assert!(other.block_on(room.next()).is_none());
    assert!(matches!(other.block_on(client.ended()), Disconnected::Closed));
    assert_eq!(client.state(), State::Closed);
}

#[tokio::test]
async fn a_credentials_function_that_panics_ends_the_client() {
    let broker = Broker::start(Scheme::Tcp).await;
    let mut options = broker.options();
    options.credentials = Credentials::provider(|_| async { panic!("the application fails") });
    let error = rialto_client::Client::connect(options).await.unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
}

#[tokio::test]
async fn a_refusal_is_told_each_time_it_is_asked_for() {
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(broker.options()).await;
    let mut room = client.subscribe("room", SubscribeOptions::default());
    // A wait that was given up leaves the decision for the next one.
    poll_once(room.active()).await;
    peer.expect(r#"{"sub":{"cn":"room"}}"#).await;
    peer.say(r#"{"subAck":{"st":7,"cn":"room"}}"#).await;
    for _ in 0..2 {
        let error = room.active().await.unwrap_err();
        assert!(matches!(error, RequestError::Refused(_)), "{error}");
    }
}

#[tokio::test]
async fn draining_ends_with_a_client_that_is_sent_away() {
    // K-61: what is in hand then cannot be acknowledged any more.
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(broker.options()).await;
    let mut room = client.listen("room");
    peer.say(r#"{"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}"#).await;
    let message = room.next().await.unwrap();
    let draining = tokio::spawn(client.drain(Duration::from_secs(3_600)));
    peer.say(r#"{"connAck":{"st":7,"rs":"taken-over"}}"#).await;
    let left = draining.await.unwrap().unwrap_err();
    assert_eq!((left.in_hand_count, left.unacknowledged_count), (1, 0));
    drop(message);
}

#[tokio::test]
async fn a_call_whose_future_is_dropped_leaves_the_client_as_it_was() {
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(broker.options()).await;
    let payload = to_raw_value(&1).unwrap();

    poll_once(client.request_raw("$time", &payload, Default::default())).await;
    poll_once(client.ping()).await;
    poll_once(client.publish("room", &payload, PublishOptions::acknowledged())).await;
    poll_once(client.subscription("room", SubscribeOptions::default())).await;
    poll_once(client.unsubscribe("other")).await;

    let question = peer.expect_publish(r#"{"pub":{"cn":"$time","dt":1,"id":"<id>"}}"#).await;
    peer.expect(r#"{"hb":{}}"#).await;
    // K-48: it was sent already, so that only the waiting for it has ended.
    let publish = peer.expect_publish(r#"{"pub":{"cn":"room","dt":1,"q":1,"id":"<id>"}}"#).await;
    peer.expect(r#"{"sub":{"cn":"room"}}"#).await;
    peer.expect(r#"{"unsub":{"cn":"room"}}"#).await;
    peer.expect(r#"{"unsub":{"cn":"other"}}"#).await;
    for answer in [
        format!(r#"{{"pubAck":{{"st":1,"id":"{question}"}}}}"#),
        r#"{"hbAck":{}}"#.to_owned(),
        format!(r#"{{"pubAck":{{"st":1,"id":"{publish}"}}}}"#),
        r#"{"subAck":{"st":1,"cn":"room"}}"#.to_owned(),
        r#"{"unsubAck":{"st":1,"cn":"room"}}"#.to_owned(),
        r#"{"unsubAck":{"st":1,"cn":"other"}}"#.to_owned(),
    ] {
        peer.say(&answer).await;
    }
    // Nothing is awaited any more: there is nothing to drain.
    let drained = tokio::spawn(client.drain(Duration::from_secs(3_600)));
    peer.expect(r#"{"disconn":{}}"#).await;
    drop(peer);
    drained.await.unwrap().unwrap();
}

#[tokio::test]
async fn handlers_whose_loop_is_dropped_acknowledge_nothing() {
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(broker.options()).await;
    let room = client.listen("room");
    peer.say(r#"{"push":{"cn":"room","dt":1,"cl":"bob","id":"4-1","q":1}}"#).await;
    let (started, has_started) = tokio::sync::oneshot::channel();
    let mut started = Some(started);
    let handling = tokio::spawn(room.handle(1, move |_| {
        let _ = started.take().map(|it| it.send(()));
        std::future::pending::<Result<(), io::Error>>()
    }));
    has_started.await.unwrap();
    handling.abort();
    assert!(handling.await.unwrap_err().is_cancelled());
    client.close().await;
    peer.expect(r#"{"disconn":{}}"#).await;
}

/// A log that a test reads.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

#[tokio::test]
async fn an_error_without_a_listener_is_one_line_of_log() {
    // K-63
    let log = Log::default();
    let writer = log.clone();
    let logger = tracing_subscriber::fmt()
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(logger);
    let broker = Broker::start(Scheme::Tcp).await;
    let (client, mut peer) = broker.connect(broker.options()).await;

    peer.say("no packet").await;
    client_takes_all(&client, &mut peer).await;
    let lines = log.take();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.contains("a frame of the broker that is no packet was ignored"), "{lines}");

    let room = client.listen("room");
    let handling = tokio::spawn(room.handle(1, |_| async { Err("two\nlines") }));
    peer.say(r#"{"push":{"cn":"room","dt":1,"cl":"bob"}}"#).await;
    while log.0.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let lines = log.take();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.contains("the handler of a message failed"), "{lines}");
    handling.abort();

    // Whoever listens decides alone.
    let mut events = client.events();
    peer.say("no packet").await;
    events.recv().await.unwrap();
    assert_eq!(log.take(), "");
}

/// Returns when the client has read all that the peer said.
async fn client_takes_all(client: &rialto_client::Client, peer: &mut broker::Peer) {
    let mut ping = Box::pin(client.ping());
    poll_fn(|context| {
        assert!(Pin::new(&mut ping).poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    peer.expect(r#"{"hb":{}}"#).await;
    peer.say(r#"{"hbAck":{}}"#).await;
    ping.await.unwrap();
}
