//! What a client is to do, and which server stands for it.

use std::str::FromStr;

use anyhow::bail;
use rialto_bench::kind::Kind;

/// The channel, or subject.
pub const CHANNEL: &str = "bench.clients";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Publishes without acknowledgement, until the server has taken the last one.
    Publish,
    /// Publishes that are stored and acknowledged, so many at once.
    Acknowledged { window: usize },
    /// Messages that come as fast as the client takes them, without acknowledgement.
    Deliver,
    /// Stored messages, each acknowledged once it was taken.
    DeliverStored,
    /// Stores messages for the task above; not measured.
    Fill,
}

/// A task of the table.
#[derive(Debug)]
pub struct Entry {
    /// What `--only` takes.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// What is to be done.
    pub task: Task,
    /// How many messages, such that a run takes two seconds or so.
    pub messages: u64,
    /// Who takes part, in the order of the table.
    pub servers: &'static [Kind],
}

const CORE: &[Kind] = &[Kind::Rialto, Kind::Nats];
const STORED: &[Kind] = &[Kind::Rialto, Kind::JetStreamSynced, Kind::JetStream];

/// All tasks, in the order of the table.
pub const ENTRIES: &[Entry] = &[
    Entry {
        name: "publish",
        title: "publishes/s, QoS 0 and core NATS",
        task: Task::Publish,
        messages: 3_000_000,
        servers: CORE,
    },
    Entry {
        name: "ack-1",
        title: "acknowledged publishes/s, stored, one at a time",
        task: Task::Acknowledged { window: 1 },
        messages: 6_000,
        servers: STORED,
    },
    Entry {
        name: "ack-100",
        title: "acknowledged publishes/s, stored, 100 at a time",
        task: Task::Acknowledged { window: 100 },
        messages: 150_000,
        servers: STORED,
    },
    Entry {
        name: "ack-1000",
        title: "acknowledged publishes/s, stored, 1,000 at a time",
        task: Task::Acknowledged { window: 1_000 },
        messages: 300_000,
        // One that syncs each message does not acknowledge so many within the client's patience.
        servers: &[Kind::Rialto, Kind::JetStream],
    },
    Entry {
        name: "deliver",
        title: "deliveries/s, QoS 0 and core NATS",
        task: Task::Deliver,
        messages: 3_000_000,
        servers: CORE,
    },
    Entry {
        name: "deliver-stored",
        title: "deliveries/s, stored, each acknowledged",
        task: Task::DeliverStored,
        messages: 300_000,
        servers: &[Kind::Rialto, Kind::JetStream],
    },
];

impl Task {
    /// Whether it needs messages in the store.
    pub fn needs_fill(self) -> bool {
        self == Task::DeliverStored
    }
}

impl std::fmt::Display for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Task::Publish => f.write_str("publish"),
            Task::Acknowledged { window } => write!(f, "acknowledged-{window}"),
            Task::Deliver => f.write_str("deliver"),
            Task::DeliverStored => f.write_str("deliver-stored"),
            Task::Fill => f.write_str("fill"),
        }
    }
}

impl FromStr for Task {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "publish" => Task::Publish,
            "deliver" => Task::Deliver,
            "deliver-stored" => Task::DeliverStored,
            "fill" => Task::Fill,
            _ => match text.strip_prefix("acknowledged-") {
                Some(window) => Task::Acknowledged { window: window.parse()? },
                None => bail!("there is no task {text}"),
            },
        })
    }
}
