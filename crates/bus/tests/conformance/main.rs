//! What [`Bus`] and [`Line`] promise, of each driver on a real server: one suite, called for each.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod memory;
mod nats;
mod redis;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use rialto_bus::{Bus, Event, Heard, Kind, Line, Outgoing, Subject, Subjects};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);
const QUEUE_BYTES_MAX: usize = 16 << 20;

/// A node on a bus, as far as the bus knows.
struct Node {
    line: Arc<Line>,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
    /// Messages that the engine has taken.
    published: Arc<AtomicUsize>,
}

impl Node {
    /// Begins, and waits until the line is there.
    async fn start(bus: impl Bus) -> Self {
        let mut node = Node::begin(bus);
        node.expect(&Event::Up).await;
        node
    }

    fn begin(bus: impl Bus) -> Self {
        let published = Arc::<AtomicUsize>::default();
        let count = published.clone();
        let note = move |_| _ = count.fetch_add(1, Ordering::SeqCst);
        let line = Arc::new(Line::new(QUEUE_BYTES_MAX, note));
        let (sender, events) = mpsc::channel(64);
        let running = line.clone();
        let task = tokio::spawn(async move { running.run(bus, sender).await });
        Node { line, events, task, published }
    }

    async fn next(&mut self) -> Event {
        timeout(PATIENCE, self.events.recv()).await.expect("something happens").unwrap()
    }

    /// Waits for an event; others before it may be of another kind, and no message.
    async fn expect(&mut self, expected: &Event) {
        loop {
            let event = self.next().await;
            if event == *expected {
                return;
            }
            let is_message = matches!(event, Event::Message(..));
            assert!(!is_message, "{event:?} instead of {expected:?}");
        }
    }

    /// Subscribes, and waits until that is confirmed.
    async fn subscribe(&mut self, subject: &Subject) {
        self.line.subscribe(subject.clone());
        loop {
            if let Event::Subscribed(subjects) = self.next().await
                && subjects.contains(subject)
            {
                return;
            }
        }
    }

    fn publish(&self, subject: &Subject, text: &str) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        self.line.publish(Outgoing::new(subject.clone(), Kind::Run, bytes));
    }

    /// Takes the next message, whatever else happens.
    async fn message(&mut self) -> (Subject, String) {
        loop {
            if let Event::Message(subject, bytes) = self.next().await {
                return (subject, String::from_utf8(bytes.to_vec()).unwrap());
            }
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Duties 1 to 3: what is subscribed comes, in order, and nothing else does.
async fn check_delivery<B: Bus>(bus: impl Fn() -> B, subjects: &Subjects) {
    let (mut hearer, speaker) = (Node::start(bus()).await, Node::start(bus()).await);
    let (room, hall) = (subjects.channel("room"), subjects.channel("hall"));
    hearer.subscribe(&room).await;
    for number in 0..2000 {
        speaker.publish(&hall, "nobody hears this");
        speaker.publish(&room, &number.to_string());
    }
    for number in 0..2000 {
        assert_eq!(hearer.message().await, (room.clone(), number.to_string()));
    }
    // What it does not want any more does not come, once that is done; what it wants does.
    hearer.line.unsubscribe(&room);
    hearer.subscribe(&hall).await;
    speaker.publish(&room, "late");
    speaker.publish(&hall, "now");
    assert_eq!(hearer.message().await, (hall.clone(), "now".to_owned()));
    // And back again.
    hearer.subscribe(&room).await;
    speaker.publish(&room, "again");
    assert_eq!(hearer.message().await, (room.clone(), "again".to_owned()));
}

/// Many subjects, of nodes and channels, each with messages of any bytes and up to a megabyte.
async fn check_many_subjects<B: Bus>(bus: impl Fn() -> B, subjects: &Subjects) {
    let (mut hearer, speaker) = (Node::start(bus()).await, Node::start(bus()).await);
    let channels = (0..2500).map(|number| subjects.channel(&format!("channel {number}")));
    let all: Vec<Subject> = channels.chain([subjects.node(3), subjects.all()]).collect();
    all.iter().for_each(|subject| hearer.line.subscribe(subject.clone()));
    let mut confirmed = 0;
    while confirmed < all.len() {
        if let Event::Subscribed(some) = hearer.next().await {
            confirmed += some.len();
        }
    }
    let large = Bytes::from((0..1_000_000).map(|byte| byte as u8).collect::<Vec<_>>());
    for subject in &all {
        let bytes = Bytes::copy_from_slice(subject.as_str().as_bytes());
        speaker.line.publish(Outgoing::new(subject.clone(), Kind::Doorbell, bytes));
    }
    speaker.line.publish(Outgoing::new(all[0].clone(), Kind::Run, large.clone()));
    let mut heard = Vec::new();
    while heard.len() < all.len() + 1 {
        if let Event::Message(subject, bytes) = hearer.next().await {
            assert!(bytes == subject.as_str().as_bytes() || bytes == large);
            heard.push(subject);
        }
    }
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), all.len());
}

/// Who heard it is told, as far as the engine knows.
async fn check_heard<B: Bus>(bus: impl Fn() -> B, subjects: &Subjects, is_told: bool) {
    let (mut hearer, speaker) = (Node::start(bus()).await, Node::start(bus()).await);
    let (room, hall) = (subjects.channel("room"), subjects.channel("hall"));
    hearer.subscribe(&room).await;
    for (subject, count) in [(&room, 1), (&hall, 0)] {
        let (tell, told) = oneshot::channel();
        let message = Outgoing::new(subject.clone(), Kind::Run, Bytes::from_static(b"1"));
        speaker.line.publish(Outgoing { heard: Some(tell), ..message });
        let expected = if is_told { Heard::By(count) } else { Heard::Unknown };
        assert_eq!(timeout(PATIENCE, told).await.unwrap(), Ok(expected));
    }
}

/// Duty 4, and that a line comes back by itself: `interrupt` ends connections, and may keep others from being made until it
/// returns.
async fn check_interruption<B: Bus>(
    bus: impl Fn() -> B,
    subjects: &Subjects,
    mut interrupt: impl FnMut(),
) {
    let (mut hearer, speaker) = (Node::start(bus()).await, Node::start(bus()).await);
    let room = subjects.channel("room");
    hearer.subscribe(&room).await;
    interrupt();
    hearer.expect(&Event::Down).await;
    hearer.expect(&Event::Up).await;
    hearer.expect(&Event::Subscribed(vec![room.clone()])).await;
    assert!(hearer.line.counts().is_up);
    // The speaker may have been interrupted too, and one message be lost with its connection: but not two on end.
    let mut speaker = speaker;
    for number in 0.. {
        speaker.publish(&room, &number.to_string());
        let heard = timeout(Duration::from_millis(500), hearer.events.recv()).await;
        if let Ok(Some(Event::Message(subject, _))) = heard {
            assert_eq!(subject, room);
            break;
        }
        assert!(number < 20, "nothing comes any more");
    }
    while let Ok(event) = speaker.events.try_recv() {
        assert!(!matches!(event, Event::Message(..)));
    }
}

/// A line whose engine is away queues what fits, leaves out what does not, and sends the rest when it comes back.
async fn check_absence<B: Bus>(
    bus: impl Fn() -> B,
    subjects: &Subjects,
    go_away: impl FnOnce(),
    come_back: impl FnOnce(),
) {
    let room = subjects.channel("room");
    let mut speaker = Node::start(bus()).await;
    go_away();
    speaker.expect(&Event::Down).await;
    let bytes = Bytes::from(vec![b'7'; 1 << 20]);
    for _ in 0..20 {
        speaker.line.publish(Outgoing::new(room.clone(), Kind::Run, bytes.clone()));
    }
    let counts = speaker.line.counts();
    assert!(!counts.is_up && counts.queue_bytes <= QUEUE_BYTES_MAX as u64, "{counts:?}");
    assert_eq!(counts.dropped_runs, 5);
    let before = speaker.published.load(Ordering::SeqCst);
    come_back();
    speaker.expect(&Event::Up).await;
    while speaker.published.load(Ordering::SeqCst) < before + 15 {
        tokio::task::yield_now().await;
    }
    assert_eq!(speaker.line.counts().queue_bytes, 0);
}
