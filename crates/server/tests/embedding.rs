//! The server as a library: several in one process, an application that is asked, and the handle.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use rialto_server::{
    Application, AuthenticateRequest, Authentication, Client, ConnectRequest, Control,
    ControlRequest, Delivery, Event, Events, Handle, Message, Publication, PublishError,
    PublishRequest, Qos, Reject, Server, ServerBuilder, SessionEnded, SessionStart, Settings,
    SubscribeRequest, UnsubscribeRequest,
    config::{Flag, Sources, load},
};
use rialto_testkit::{CoremqPeer, PATIENCE, Peer, PubsubxPeer};
use serde_json::json;

const ACKNOWLEDGED: Delivery = Delivery { qos: Qos::AtLeastOnce, retain: false };

/// Settings for a server that keeps nothing, with a listener for each dialect.
fn settings(more: &[&str]) -> Settings {
    let own = ["store.kind=memory", "server.data_dir=/nonexistent/rialto"];
    let listeners = ["jmqt", "coremq", "pubsubx"].into_iter().flat_map(|dialect| {
        ["address=127.0.0.1:0".to_owned(), format!("dialect={dialect}")]
            .map(|setting| format!("listeners.{dialect}.{setting}"))
    });
    let settings = own.iter().chain(more).map(|setting| (*setting).to_owned()).chain(listeners);
    let flags = settings.map(|setting| Flag::set(&setting)).collect();
    let listen = vec!["127.0.0.1:0".parse().unwrap()];
    load(&Sources { listen, flags, ..Sources::default() }).unwrap()
}

async fn start(builder: ServerBuilder) -> Server {
    builder.start().await.unwrap()
}

fn at(server: &Server, listener: &str) -> SocketAddr {
    server.addresses()[listener]
}

fn online(server: &Server, client: &str) -> Peer {
    let mut peer = Peer::plain(at(server, "jmqt"));
    peer.log_in(client);
    peer
}

/// Tells the test each event it hears of, in a line.
struct Witness {
    events: Events,
    told: Mutex<Sender<String>>,
}

/// What the application of a test heard.
struct Heard(Receiver<String>);

impl Witness {
    fn of(events: Events) -> (Self, Heard) {
        let (told, heard) = channel();
        (Witness { events, told: Mutex::new(told) }, Heard(heard))
    }

    fn tell(&self, event: String) {
        _ = self.told.lock().unwrap().send(event);
    }
}

impl Heard {
    #[track_caller]
    fn expect(&self, events: &[&str]) {
        for event in events {
            assert_eq!(self.0.recv_timeout(PATIENCE).as_deref(), Ok(*event));
        }
    }

    #[track_caller]
    fn expect_nothing_more(&self) {
        assert_eq!(self.0.try_iter().collect::<Vec<_>>(), Vec::<String>::new());
    }
}

fn who(client: &Client) -> String {
    format!("{} ({})", client.id, client.peer.protocol)
}

impl Application for Witness {
    fn events(&self) -> Events {
        self.events
    }

    async fn authenticate(&self, request: AuthenticateRequest) -> Result<Authentication, Reject> {
        self.tell(format!("auth {} {}", request.data, request.peer.protocol));
        Ok(Authentication::Default)
    }

    async fn connect(&self, request: ConnectRequest) -> Result<SessionStart, Reject> {
        let has_id = request.peer.protocol != rialto_server::Protocol::Coremq;
        let client = if has_id { request.client.as_str() } else { "somebody" };
        self.tell(format!("connect {client} {} {:?}", request.peer.protocol, request.verdict));
        request.verdict.map(|()| SessionStart::default())
    }

    async fn subscribe(&self, request: SubscribeRequest) -> Result<(), Reject> {
        let SubscribeRequest { client, channel, persistent } = request;
        self.tell(format!("subscribe {} {channel} {persistent}", who(&client)));
        Ok(())
    }

    async fn unsubscribe(&self, request: UnsubscribeRequest) -> Result<(), Reject> {
        self.tell(format!("unsubscribe {} {}", who(&request.client), request.channel));
        Ok(())
    }

    async fn publish(&self, request: PublishRequest) -> Result<Publication, Reject> {
        let PublishRequest { client, channel, payload, qos, retain } = request;
        let name = if client.peer.protocol == rialto_server::Protocol::Coremq {
            "somebody (coremq)".to_owned()
        } else {
            who(&client)
        };
        self.tell(format!("publish {name} {channel} {payload} {qos:?} {retain}"));
        Ok(Publication::AsSent)
    }

    async fn control(&self, request: ControlRequest) -> Result<Control, Reject> {
        self.tell(format!("control {} {} {}", who(&request.client), request.name, request.payload));
        Ok(Control::NotMine)
    }

    async fn disconnected(&self, departure: SessionEnded) {
        self.tell(format!("disconnect {}", departure.client));
    }

    async fn closed(&self, departure: SessionEnded) {
        self.tell(format!("close {}: {}", departure.client, departure.reason));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_hears_of_the_eight_events_in_order() {
    let (witness, heard) = Witness::of(Events::ALL);
    let server = start(ServerBuilder::new(settings(&[])).application(witness)).await;
    let mut ada = online(&server, "ada");
    ada.subscribe_for_good("news");
    ada.ask(r#"{"unsub":{"cn":"news"}}"#);
    ada.ask(r#"{"pub":{"cn":"news","dt":{"a":1},"q":1,"rt":1,"id":"1"}}"#);
    ada.ask(r#"{"pub":{"cn":"$mySubscriptions","dt":{},"id":"2"}}"#);
    ada.leave();
    heard.expect(&[
        r#"auth {"client_name":"ada"} jmqt"#,
        "connect ada jmqt Ok(())",
        "subscribe ada (jmqt) news true",
        "unsubscribe ada (jmqt) news",
        r#"publish ada (jmqt) news {"a":1} AtLeastOnce true"#,
        "control ada (jmqt) mySubscriptions {}",
        "disconnect ada",
        "close ada: the client disconnected",
    ]);
    online(&server, "bob").hang_up();
    heard.expect(&[
        r#"auth {"client_name":"bob"} jmqt"#,
        "connect bob jmqt Ok(())",
        "close bob: the connection ended",
    ]);
    server.stop().await;
    heard.expect_nothing_more();
}

/// Panics when it is told for the first time who has gone.
struct Fragile(Mutex<Sender<String>>, AtomicBool);

impl Application for Fragile {
    fn events(&self) -> Events {
        Events::NONE.with(Event::Close)
    }

    async fn closed(&self, departure: SessionEnded) {
        assert!(self.1.swap(true, Ordering::Relaxed), "the first time");
        _ = self.0.lock().unwrap().send(departure.client.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_panicked_once_is_told_of_the_next_departure() {
    let (told, heard) = channel();
    let fragile = Fragile(Mutex::new(told), AtomicBool::new(false));
    let server = start(ServerBuilder::new(settings(&[])).application(fragile)).await;
    // Of one client, whose departures are told one after the other.
    for _ in 0..2 {
        online(&server, "ada").leave();
    }
    assert_eq!(heard.recv_timeout(PATIENCE).as_deref(), Ok("ada"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_hears_of_the_other_dialects_too() {
    let (witness, heard) = Witness::of([Event::Connect, Event::Publish].into_iter().collect());
    let server = start(ServerBuilder::new(settings(&[])).application(witness)).await;
    let mut coremq = CoremqPeer::plain(at(&server, "coremq"));
    coremq.expect_response("news", r#"{"a":1}"#, "OK: Message sent");
    heard.expect(&[
        "connect somebody coremq Ok(())",
        r#"publish somebody (coremq) news {"a":1} AtMostOnce false"#,
    ]);
    let mut pubsubx = PubsubxPeer::plain(at(&server, "pubsubx"));
    pubsubx.send("CONNECT ada");
    pubsubx.expect("OK: Conn accepted");
    pubsubx.send("PUBLISH news hello");
    heard.expect(&[
        "connect ada pubsubx Ok(())",
        r#"publish ada (pubsubx) news "hello" AtMostOnce false"#,
    ]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_is_not_asked_what_it_leaves_out() {
    let (witness, heard) = Witness::of(Events::NONE.with(Event::Subscribe));
    let server = start(ServerBuilder::new(settings(&[])).application(witness)).await;
    let mut ada = online(&server, "ada");
    ada.ask(r#"{"pub":{"cn":"news","dt":1,"q":1,"id":"1"}}"#);
    ada.subscribe("news");
    ada.leave();
    server.stop().await;
    heard.expect(&["subscribe ada (jmqt) news false"]);
    heard.expect_nothing_more();
}

struct Indifferent;

impl Application for Indifferent {}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_without_a_method_changes_nothing_and_servers_are_apart() {
    let one = start(ServerBuilder::new(settings(&[])).application(Indifferent)).await;
    let other = start(ServerBuilder::new(settings(&[]))).await;
    for server in [&one, &other] {
        let mut ada = online(server, "ada");
        ada.subscribe("news");
        let mut bob = online(server, "bob");
        bob.send(r#"{"pub":{"cn":"news","dt":"hello"}}"#);
        ada.expect(r#"{"push":{"cn":"news","dt":"hello","cl":"bob"}}"#);
        ada.expect_silence();
    }
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_publishes() {
    let server = start(ServerBuilder::new(settings(&["limits.packet_bytes_max=2KiB"]))).await;
    let handle = server.handle();
    let mut ada = online(&server, "ada");
    ada.subscribe("news");
    handle.publish("news", &json!({"a": 1}), Delivery::default()).await.unwrap();
    ada.expect(r#"{"push":{"cn":"news","dt":{"a":1},"cl":""}}"#);
    handle.publish("#ada", &"for you", ACKNOWLEDGED).await.unwrap();
    ada.expect(r##"{"push":{"cn":"#ada","dt":"for you","cl":"","q":1,"id":"*"}}"##);
    let retained = Delivery { retain: true, ..Delivery::default() };
    handle.publish("news", &"kept", retained).await.unwrap();
    ada.expect(r#"{"push":{"cn":"news","dt":"kept","cl":""}}"#);
    assert_eq!(handle.retained("news").unwrap().payload, r#""kept""#);

    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let large = format!("\"{}\"", "x".repeat(2048));
    let message = |payload| Message { channel: "news", payload, delivery: Delivery::default() };
    let batch = ["1", "{", &deep, &large, "2"].map(message);
    let results = handle.publish_all(&batch).await;
    assert!(
        matches!(
            results.as_slice(),
            [
                Ok(()),
                Err(PublishError::NotJson(_)),
                Err(PublishError::TooDeep { .. }),
                Err(PublishError::TooLarge { limit: 2048 }),
                Ok(())
            ]
        ),
        "{results:?}"
    );
    ada.expect(r#"{"push":{"cn":"news","dt":1,"cl":""}}"#);
    ada.expect(r#"{"push":{"cn":"news","dt":2,"cl":""}}"#);
    let result = handle.publish("#nobody", &1, Delivery::default()).await;
    assert_eq!(result, Err(PublishError::Rejected(Reject::ClientOffline)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_subscribes_clients_and_asks_who_is_there() {
    let server = start(ServerBuilder::new(settings(&[]))).await;
    let handle = server.handle();
    let mut ada = online(&server, "ada");
    let _others = ["bob", "cleo"].map(|client| online(&server, client));
    handle.subscribe("ada", "news", true).await.unwrap();
    assert_eq!(handle.subscribe("nobody", "news", false).await, Err(Reject::ClientOffline));
    handle.subscribe("later", "news", true).await.unwrap();
    assert_eq!(handle.subscriptions("later").unwrap()[0].channel, "news");
    let subscriptions = handle.subscriptions("ada").unwrap();
    let news = subscriptions.iter().find(|it| it.channel == "news").unwrap();
    assert!(news.persistent);
    handle.publish("news", &1, Delivery::default()).await.unwrap();
    ada.expect(r#"{"push":{"cn":"news","dt":1,"cl":""}}"#);
    handle.unsubscribe("ada", "news").await.unwrap();
    handle.publish("news", &2, Delivery::default()).await.unwrap();
    ada.expect_silence();
    assert_eq!(handle.subscriptions("nobody"), None);

    let ids = |after| -> Vec<String> {
        handle.clients(after, true, 2).into_iter().map(|client| client.id).collect()
    };
    assert_eq!(ids(""), ["ada", "bob"]);
    assert_eq!(ids("bob"), ["cleo"]);
    let status = handle.client("ada").unwrap();
    assert_eq!((status.is_online, status.protocol), (true, Some("jmqt")));
    assert_eq!(status.address, Some(ada.socket().local_addr().unwrap()));
    assert_eq!(handle.stats().sessions, 3);
    assert_eq!(handle.settings().listeners["jmqt"].address.port(), 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_sends_clients_away() {
    let server = start(ServerBuilder::new(settings(&["access.mode=tokens"]))).await;
    let handle = server.handle();
    let token = handle.sign_token("ada").unwrap();
    let connect = || {
        let mut ada = Peer::plain(at(&server, "jmqt"));
        let answer = ada.ask(format!(r#"{{"conn":{{"cl":"ada","at":"{token}"}}}}"#));
        (ada, answer["connAck"]["st"].as_u64().unwrap())
    };
    let (ada, status) = connect();
    assert_eq!(status, 1);
    assert!(handle.disconnect("ada") && !handle.disconnect("nobody"));
    drop(ada);
    handle.ban("ada", Some(Duration::from_hours(1)), "too loud").unwrap();
    assert_ne!(connect().1, 1);
    assert_eq!(handle.bans().len(), 1);
    assert_eq!(handle.unban("ada"), Ok(true));
    assert_eq!(connect().1, 1);
    handle.revoke_tokens("ada").unwrap();
    assert_eq!(connect().1, 6);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_control_channel_answers_what_it_understands() {
    let add = |_client, (one, other): (i64, i64)| async move {
        one.checked_add(other).ok_or(Reject::Failed("too much".into()))
    };
    let server = start(ServerBuilder::new(settings(&[])).control("add", add)).await;
    let mut ada = online(&server, "ada");
    for (question, answer) in [
        ("[1,2]", json!({"st": 1, "id": "1", "dt": 3})),
        ("[9223372036854775807,1]", json!({"st": 0, "id": "1", "mg": "too much"})),
        (r#"["a",2]"#, json!({"st": 0, "id": "1", "mg": "*"})),
    ] {
        ada.send(format!(r#"{{"pub":{{"cn":"$add","dt":{question},"id":"1"}}}}"#));
        ada.expect(json!({ "pubAck": answer }));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_are_refused_whole() {
    let server = start(ServerBuilder::new(settings(&[])).application(Indifferent)).await;
    let (handle, before) = (server.handle(), server.handle().settings());
    let mut wrong = settings(&["limits.packet_bytes_max=2KiB"]);
    wrong.webhook.url = "http://127.0.0.1:1/".to_owned();
    let error = handle.reload(wrong).unwrap_err();
    assert!(error.contains("webhook.url"), "{error}");
    assert_eq!(*handle.settings(), *before);
    handle.reload(settings(&["limits.packet_bytes_max=2KiB"])).unwrap();
    assert_eq!(handle.settings().limits.packet_bytes_max.get(), 2048);
    server.stop().await;
}

/// Publishes by the handle of its server.
struct Herald(Handle);

impl Application for Herald {
    async fn subscribe(&self, request: SubscribeRequest) -> Result<(), Reject> {
        let id = request.client.id.as_str();
        self.0.publish("arrivals", &id, ACKNOWLEDGED).await.map_err(|_| Reject::Undecided)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_uses_its_server_and_is_let_go_of_at_the_stop() {
    let server = start(ServerBuilder::new(settings(&[])).application_with(Herald)).await;
    let handle = server.handle();
    let mut ada = online(&server, "ada");
    handle.subscribe("ada", "arrivals", false).await.unwrap();
    let mut bob = online(&server, "bob");
    bob.subscribe("news");
    ada.expect(r#"{"push":{"cn":"arrivals","dt":"bob","cl":"","q":1,"id":"*"}}"#);
    server.stop().await;
    assert_eq!(handle.clients("", true, 10), []);
}

/// Gathers the lines of the log.
#[derive(Clone, Default)]
struct Lines(std::sync::Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Takes what the trace of operators has had since this was last asked, a line each.
    fn take(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        let audit = text.lines().filter_map(|line| line.split_once("rialto::audit: "));
        audit.map(|(_, told)| told.to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_program_does_is_told_as_what_operators_do() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    // Of this thread, on which the program acts.
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = start(ServerBuilder::new(settings(&[]))).await;
    let handle = server.handle();
    let _ada = online(&server, "ada");
    lines.take();
    let told = |expected: &[&str]| {
        let done = "done by an operator event=";
        let expected: Vec<String> = expected.iter().map(|line| format!("{done}{line}")).collect();
        assert_eq!(lines.take(), expected);
    };

    handle.subscribe("ada", "room", false).await.unwrap();
    handle.unsubscribe("ada", "room").await.unwrap();
    told(&[
        r#""client-subscribed" client="ada" channel="room""#,
        r#""client-unsubscribed" client="ada" channel="room""#,
    ]);
    let retained = Delivery { retain: true, ..Delivery::default() };
    handle.publish("room", &1, retained).await.unwrap();
    assert!(handle.remove_retained("room").await.unwrap());
    told(&[r#""published""#, r#""retained-removed" channel="room""#]);
    handle.sign_token("ada").unwrap();
    handle.revoke_tokens("ada").unwrap();
    told(&[r#""token-signed" client="ada""#, r#""tokens-revoked" client="ada""#]);
    assert!(handle.disconnect("ada"));
    handle.ban("ada", Some(Duration::from_secs(60)), "too loud").unwrap();
    assert!(handle.unban("ada").unwrap());
    assert!(handle.forget("ada").await.unwrap());
    told(&[
        r#""client-disconnected" client="ada""#,
        r#""client-banned" client="ada" reason="too loud" seconds=60"#,
        r#""client-unbanned" client="ada""#,
        r#""client-forgotten" client="ada""#,
    ]);
    // What was not done, is not told.
    assert!(!handle.disconnect("nobody"));
    assert!(!handle.unban("nobody").unwrap());
    assert!(!handle.forget("nobody").await.unwrap());
    assert!(!handle.remove_retained("room").await.unwrap());
    assert!(handle.subscribe("nobody", "room", false).await.is_err());
    assert!(handle.publish("$no", &1, Delivery::default()).await.is_err());
    told(&[]);
    server.stop().await;
}
