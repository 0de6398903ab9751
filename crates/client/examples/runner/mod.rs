//! The clients of a scenario, and what they tell.

mod calls;
mod options;
mod reading;

use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rialto_client::{Client, Event, SubscriptionState};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;

use reading::Reading;

/// How far the clock moves at once, at least, so that each timer runs at about its time.
const STEP: Duration = Duration::from_millis(100);
/// Into how many steps a long time is divided.
const STEPS_MAX: u64 = 40;
/// Tasks of the runner itself that have not ended.
static OWN_TASKS: AtomicUsize = AtomicUsize::new(0);

/// Panics of any task: what nobody caught, as a rejection that nobody handled is elsewhere.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts panics from now on, besides telling of them.
pub fn count_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        tell(panic);
    }));
}

/// Lines that leave soon: many events are one write.
static OUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static WRITTEN: Notify = Notify::const_new();

pub fn write(line: &impl Display) {
    writeln!(OUT.lock().unwrap(), "{line}").unwrap();
    WRITTEN.notify_one();
}

/// Writes the lines out, when all that can run has run.
pub async fn flush() {
    loop {
        WRITTEN.notified().await;
        yield_now().await;
        let lines = std::mem::take(&mut *OUT.lock().unwrap());
        let mut out = std::io::stdout().lock();
        out.write_all(&lines).unwrap();
        out.flush().unwrap();
    }
}

pub fn tell(who: &str, event: &Value) {
    write(&json!({ "who": who, "event": event }));
}

/// Lets everything run that can without new bytes and time.
pub async fn settle() {
    turns(24).await;
}

async fn turns(count: u32) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// Runs something beside the scenario.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    OWN_TASKS.fetch_add(1, Ordering::SeqCst);
    tokio::spawn(async move {
        task.await;
        OWN_TASKS.fetch_sub(1, Ordering::SeqCst);
    });
}

/// What the clients of a scenario are and have.
pub struct Stage {
    clients: HashMap<String, (Client, Value)>,
    readings: HashMap<String, Reading>,
    cancels: HashMap<String, oneshot::Sender<()>>,
    is_real_time: bool,
    baseline: [usize; 4],
}

impl Stage {
    pub fn new() -> Self {
        let (clients, readings, cancels) = (HashMap::new(), HashMap::new(), HashMap::new());
        Stage { clients, readings, cancels, is_real_time: false, baseline: counts() }
    }

    /// Does what a line says, and returns what its answer has besides.
    pub async fn act(&mut self, action: &Value) -> Result<Value, String> {
        let who = text(action, "who");
        let name = text(action, "as");
        match text(action, "do") {
            "connect" => self.connect(who, action),
            "subscribe" | "listen" | "direct" => {
                let decodes = self
                    .clients
                    .get(who)
                    .is_some_and(|(_, given)| given["options"]["codec"].is_string());
                let reading = Reading::start(self.client(who)?, action, decodes)?;
                self.readings.insert(name.to_owned(), reading);
            }
            "handler" => self.reading(name)?.does(text(action, "does")),
            "release" => self.reading(name)?.release(action["count"].as_u64()),
            "ack" => self.reading(name)?.acknowledge(action["message"].as_u64()),
            "next" | "leave" | "stop" => self.reading(name)?.command(text(action, "do")),
            "unsubscribe" => {
                let remote = self.reading(name)?.remote();
                calls::outcome(who, text(action, "call"), async move {
                    remote
                        .unsubscribe()
                        .await
                        .map(|()| Value::Null)
                        .map_err(|error| calls::failure(&error))
                });
            }
            "publish" | "send" | "request" => {
                let cancel = calls::start(self.client(who)?, action);
                self.cancels.insert(name.to_owned(), cancel);
            }
            "cancel" => drop(self.cancels.remove(name).map(|cancel| cancel.send(()))),
            "wake" => self.client(who)?.wake(),
            "drain" => {
                let client = self.client(who)?.clone();
                let limit = Duration::from_millis(action["limit_ms"].as_u64().unwrap_or(10_000));
                calls::outcome(who, name, async move {
                    // What was left has outcomes of its own; how much it was is told all the same.
                    let left = client.drain(limit).await.err();
                    Ok(left.map_or(Value::Null, |left| left.to_string().into()))
                });
            }
            "close" => {
                let client = self.client(who)?.clone();
                calls::outcome(who, name, async move {
                    client.close().await;
                    Ok(Value::Null)
                });
            }
            "advance" => self.advance(action["ms"].as_u64().unwrap_or(0)).await,
            "sync" | "left" => {}
            "memory" => return Ok(json!({ "bytes": resident_bytes() })),
            "end" => self.end().await,
            other => return Err(format!("there is no action {other}")),
        }
        Ok(json!({}))
    }

    fn connect(&mut self, who: &str, action: &Value) {
        // Connecting again, the scenario does not repeat the options.
        let given = self.clients.remove(who).map_or_else(|| action.clone(), |(_, given)| given);
        if given["time"] == "real" && !self.is_real_time {
            tokio::time::resume();
            self.is_real_time = true;
        }
        let client = Client::start(options::read(who, &given));
        let (mut events, who_told) = (client.events(), who.to_owned());
        spawn(async move {
            while let Ok(event) = events.recv().await {
                tell(&who_told, &shown(event));
            }
        });
        self.clients.insert(who.to_owned(), (client, given));
    }

    async fn advance(&self, millis: u64) {
        // Timers run up to a millisecond late.
        let step = STEP.max(Duration::from_millis(millis / STEPS_MAX));
        let end = tokio::time::Instant::now() + Duration::from_millis(millis + 1);
        loop {
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            match self.is_real_time {
                // Whoever was connected to just now has a moment to notice.
                _ if left.is_zero() => return std::thread::sleep(Duration::from_millis(5)),
                true => tokio::time::sleep(left).await,
                false => tokio::time::advance(left.min(step)).await,
            }
            turns(12).await;
        }
    }

    /// Returns what is left of the clients.
    pub fn left(&self) -> Value {
        let now = counts();
        let [timers, threads, sockets, rejections] =
            [0, 1, 2, 3].map(|index| now[index].saturating_sub(self.baseline[index]));
        json!({
            "timers": timers, "threads": threads, "rejections": rejections, "sockets": sockets,
        })
    }

    async fn end(&mut self) {
        self.cancels.clear();
        self.readings.clear();
        for (_, (client, _)) in self.clients.drain() {
            client.close().await;
        }
        if self.is_real_time {
            tokio::time::pause();
            self.is_real_time = false;
        }
        settle().await;
        self.baseline = counts();
    }

    fn client(&self, who: &str) -> Result<&Client, String> {
        self.clients.get(who).map(|(client, _)| client).ok_or_else(|| format!("no client {who}"))
    }

    fn reading(&mut self, name: &str) -> Result<&mut Reading, String> {
        self.readings.get_mut(name).ok_or_else(|| format!("no subscription {name}"))
    }
}

/// Returns a text of an action, empty if there is none.
pub fn text<'a>(action: &'a Value, key: &str) -> &'a str {
    action[key].as_str().unwrap_or_default()
}

/// Returns how many tasks, threads and sockets there are, without those of the runner, and how many
/// panics there were.
fn counts() -> [usize; 4] {
    let tasks = Handle::current().metrics().num_alive_tasks();
    let threads = fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let is_socket = |link: std::path::PathBuf| link.to_string_lossy().starts_with("socket:");
    let files = fs::read_dir("/proc/self/fd").unwrap();
    let sockets = files
        .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
        .filter(|link| is_socket(link.clone()))
        .count();
    let tasks = tasks.saturating_sub(OWN_TASKS.load(Ordering::SeqCst));
    [tasks, threads, sockets, PANICS.load(Ordering::SeqCst)]
}

fn resident_bytes() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

fn shown(event: Event) -> Value {
    match event {
        Event::State(change) => json!({
            "state": change.state.word(), "previous": change.previous.word(),
            "reason": change.reason.map(rialto_client::Reason::word),
            "status": change.status.map(|status| status.0), "text": change.text,
            "address": change.address, "attempt": change.attempt,
            "wait": change.wait.map(|wait| wait.as_millis()),
        }),
        Event::Subscription(change) => json!({
            "subscription": change.state.word(), "channel": change.channel,
            "reason": match change.state {
                SubscriptionState::Ended(end) => Some(end.word()),
                _ => None,
            },
            "status": change.status.map(|status| status.0), "text": change.text,
            "restored": change.restored, "gap": change.gap,
        }),
        Event::Publish { channel, error, .. } => {
            let mut event = calls::failure(&error);
            event["publish"] = event["is"].take();
            event["channel"] = channel.into();
            event
        }
        Event::Slow { channel, dropped } => json!({ "slow": channel, "dropped": dropped }),
        Event::BadFrame => json!({ "error": "frame" }),
        Event::HandlerFailed { error, .. } => json!({ "error": "handler", "text": error }),
        other => json!({ "other": format!("{other:?}") }),
    }
}
