//! The Rust client for programs without a runtime of their own, against a real broker.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rialto_client::blocking::Client;
use rialto_client::{
    Credentials, Disconnected, Options, PublishOptions, RequestError, State, SubscribeOptions,
};
use rialto_testkit::Broker;
use rustix::process::{Signal, getpid, kill_process};
use serde_json::value::to_raw_value;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rialto");
const PATIENCE: Duration = Duration::from_secs(20);

fn options(broker: &Broker, scheme: &str, name: &str) -> Options {
    let address = format!("{scheme}://localhost:{}", broker.address().port());
    let mut options = Options::new(address.parse().unwrap(), Credentials::named(name));
    options.tls.authority = Some(broker.certificate_file().to_owned());
    options
}

fn client(broker: &Broker, name: &str) -> Client {
    Client::connect(options(broker, "jmqt", name)).unwrap()
}

/// Counts the threads of this process, which has one test.
fn thread_count() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn each_call_does_what_it_says_over_every_carrier() {
    let broker = Broker::start(PROGRAM);
    for scheme in ["jmqt", "jmqts", "ws", "wss"] {
        let ada = Client::connect(options(&broker, scheme, "ada")).unwrap();
        let bob = Client::connect(options(&broker, scheme, "bob")).unwrap();
        assert_eq!((ada.identity().unwrap().client, ada.state()), ("ada".into(), State::Online));

        let mut room = bob.subscription("room", SubscribeOptions::persistent()).unwrap();
        ada.publish_json("room", &scheme, PublishOptions::acknowledged()).unwrap();
        let message = room.next_within(PATIENCE).unwrap();
        assert_eq!(
            (message.json::<String>().unwrap(), &*message.publisher),
            (scheme.into(), "ada")
        );
        drop(message);
        assert!(room.next_within(Duration::ZERO).is_none());
        room.unsubscribe().unwrap();

        let mut direct = bob.direct();
        ada.send("bob", &to_raw_value(&7).unwrap(), PublishOptions::acknowledged()).unwrap();
        assert_eq!(direct.next_within(PATIENCE).unwrap().json::<u32>().unwrap(), 7);

        let time: serde_json::Value = ada.request("$time", &()).unwrap();
        assert!(time.is_object(), "{time}");
        // The message in hand is acknowledged by asking for the next one, of which there is none.
        assert!(direct.next_within(Duration::ZERO).is_none());
        bob.drain(PATIENCE).unwrap();
        ada.close();
    }
}

#[test]
fn an_interrupt_ends_a_call_that_waits() {
    let broker = Broker::start(PROGRAM);
    let ada = client(&broker, "ada");
    let mut room = ada.subscription("room", SubscribeOptions::default()).unwrap();
    let (closer, (listens, listening)) = (ada.clone(), mpsc::channel());
    let stopper = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let mut interrupts = signal(SignalKind::interrupt()).unwrap();
            listens.send(()).unwrap();
            interrupts.recv().await;
        });
        closer.close();
    });
    listening.recv().unwrap();
    kill_process(getpid(), Signal::INT).unwrap();
    assert!(room.next().is_none());
    stopper.join().unwrap();
    let late = ada.publish_json("room", &1, PublishOptions::acknowledged());
    assert!(late.is_err(), "{late:?}");
}

#[test]
fn several_threads_share_a_client() {
    const THREADS: u32 = 4;
    const MESSAGES: u32 = 100;
    let broker = Broker::start(PROGRAM);
    let ada = client(&broker, "ada");
    let room = client(&broker, "bob").subscription("room", SubscribeOptions::default()).unwrap();
    let publishers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let ada = ada.clone();
            thread::spawn(move || {
                for number in 0..MESSAGES {
                    let value = (thread, number);
                    ada.publish_json("room", &value, PublishOptions::acknowledged()).unwrap();
                }
            })
        })
        .collect();

    let mut next = [0; THREADS as usize];
    for message in room.take((THREADS * MESSAGES) as usize) {
        let (thread, number) = message.json::<(usize, u32)>().unwrap();
        assert_eq!(number, next[thread], "K-45: in the order of the thread's calls");
        next[thread] += 1;
    }
    assert_eq!(next, [MESSAGES; THREADS as usize]);
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
}

#[test]
fn what_waits_ends_when_another_thread_closes_the_client() {
    // K-62: whoever handles Ctrl-C closes the client, and the waiting calls return.
    let broker = Broker::start(PROGRAM);
    let client = client(&broker, "ada");
    let mut room = client.subscription("room", SubscribeOptions::default()).unwrap();
    let reader = thread::spawn(move || room.next().is_none());
    let other = client.clone();
    let question = thread::spawn(move || {
        // Whether it is answered or not, it returns.
        drop(other.request::<_, serde_json::Value>("$time", &()));
        let payload = to_raw_value(&1).unwrap();
        loop {
            if let Err(error) = other.publish("room", &payload, PublishOptions::acknowledged()) {
                return error;
            }
        }
    });
    client.close();
    assert!(reader.join().unwrap());
    let error = question.join().unwrap();
    assert!(matches!(error, RequestError::Disconnected(Disconnected::Closed)), "{error}");
}

#[test]
fn the_last_handle_closes_the_session_and_leaves_no_thread() {
    let broker = Broker::start(PROGRAM);
    let before = thread_count();
    let client = client(&broker, "ada");
    let room = client.subscription("room", SubscribeOptions::default()).unwrap();
    drop(client);
    assert!(before < thread_count(), "a subscription keeps the client open");
    drop(room);
    let deadline = Instant::now() + PATIENCE;
    // A thread that was joined is listed for another moment.
    while before < thread_count() {
        assert!(Instant::now() < deadline, "a thread is left");
        thread::yield_now();
    }
}

#[test]
fn a_call_that_would_wait_for_itself_panics_instead() {
    let broker = Broker::start(PROGRAM);
    let client = client(&broker, "ada");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let publish = || client.publish_json("room", &1, PublishOptions::acknowledged()).map(drop);
    let inside = runtime.block_on(async { catch_unwind(AssertUnwindSafe(publish)) });
    assert!(inside.is_err(), "a call inside of a runtime must not wait");
    publish().unwrap();
    // Neither does the end of the last handle wait there, nor panic.
    runtime.block_on(async move { drop(client) });
}

#[test]
fn a_credentials_function_that_would_wait_for_itself_fails_the_call() {
    let broker = Broker::start(PROGRAM);
    let other = client(&broker, "other");
    let mut options = options(&broker, "jmqt", "ada");
    options.credentials = Credentials::provider(move |_| {
        let other = other.clone();
        async move {
            other.publish_json("room", &1, PublishOptions::acknowledged()).unwrap();
            Ok(Credentials::named("ada"))
        }
    });
    let error = Client::connect(options).unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
}
