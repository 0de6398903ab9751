//! What can happen, as data that proptest makes and shrinks.

use std::time::Duration;

use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{HistorySettings, LogLimits, Settings};

pub(super) const CLIENTS: [&str; 3] = ["ada", "bob", "eve"];
pub(super) const CHANNELS: [&str; 2] = ["a", "b"];

/// One thing that happens, and whether the round ends behind it.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) operation: Operation,
    pub(super) ends_round: bool,
}

/// Clients and channels are given by their place in [`CLIENTS`] and [`CHANNELS`].
#[derive(Debug, Clone)]
pub(super) enum Operation {
    /// A new connection opens the client's session, taking over an older one.
    Connect {
        client: usize,
        format: u8,
        window: u32,
    },
    /// The client's connection is gone.
    Disconnect {
        client: usize,
    },
    Subscribe {
        client: usize,
        channel: usize,
        persistent: bool,
    },
    Unsubscribe {
        client: usize,
        channel: usize,
    },
    Publish {
        client: usize,
        channel: usize,
        qos1: bool,
        retain: bool,
        has_id: bool,
    },
    Direct {
        client: usize,
        to: usize,
        qos1: bool,
        has_id: bool,
    },
    /// The client acknowledges something it was once pushed.
    Acknowledge {
        client: usize,
        which: Index,
    },
    /// The client acknowledges all it was pushed on this connection.
    AcknowledgeAll {
        client: usize,
    },
    /// The client acknowledges what somebody was pushed.
    Guess {
        client: usize,
        which: Index,
    },
    /// A command on a connection whose session has ended, or that is gone.
    Stale {
        which: Index,
        command: u8,
    },
    /// The server subscribes or unsubscribes a client.
    Force {
        client: usize,
        channel: usize,
        persistent: Option<bool>,
    },
    /// The server publishes.
    Push {
        channel: usize,
        qos1: bool,
        retain: bool,
    },
    /// The operator removes what a channel retains.
    RemoveRetained {
        channel: usize,
    },
    Tick {
        ms: u64,
    },
    /// The store carries out, or refuses, the oldest batch.
    Commit {
        is_done: bool,
    },
    /// The broker hears of the oldest batch that the store has finished.
    Complete,
    /// The store reads the pages of the oldest request.
    Look,
    /// The broker gets what was read for some request, or hears that it could not be.
    Answer {
        which: Index,
        is_done: bool,
    },
    /// The page of a channel's log that holds a message is damaged, if there is one.
    Damage {
        channel: usize,
        sequence: u64,
    },
    /// Connections that the broker wants closed are gone.
    CloseDue,
    /// The process dies and starts again.
    Crash,
}

/// Settings under which the promises must hold alike.
pub(super) fn settings() -> impl Strategy<Value = Settings> {
    let log = prop_oneof![
        4 => Just(LogLimits::default()),
        1 => Just(LogLimits { messages_max: 4, ..LogLimits::default() }),
        1 => Just(LogLimits { messages_max: 4, drop_oldest: true, ..LogLimits::default() }),
        1 => Just(LogLimits { age_max: Duration::from_secs(3), ..LogLimits::default() }),
    ];
    let window_bytes_max = prop_oneof![1 => Just(40), 1 => Just(200), 2 => Just(1 << 20)];
    (any::<bool>(), log, window_bytes_max).prop_map(|(echo, log, window_bytes_max)| Settings {
        echo,
        log,
        window_bytes_max,
        heartbeat_timeout: Duration::from_secs(1 << 30),
        // It would keep channels in memory that the model does not know of.
        history: HistorySettings { count_max: 0, ..HistorySettings::default() },
        ..Settings::default()
    })
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (operation(), prop::bool::weighted(0.7))
        .prop_map(|(operation, ends_round)| Step { operation, ends_round });
    vec(step, 1..160)
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        20 => by_clients(),
        6 => acknowledging(),
        2 => by_the_server(),
        9 => in_the_store(),
    ]
}

fn by_clients() -> impl Strategy<Value = Operation> {
    let (client, channel) = (0..CLIENTS.len(), 0..CHANNELS.len());
    let flag = any::<bool>;
    let window = prop_oneof![2 => 1_u32..5, 1 => Just(1000)];
    prop_oneof![
        4 => (client.clone(), 0_u8..2, window)
            .prop_map(|(client, format, window)| Operation::Connect { client, format, window }),
        2 => client.clone().prop_map(|client| Operation::Disconnect { client }),
        4 => (client.clone(), channel.clone(), prop::bool::weighted(0.7)).prop_map(
            |(client, channel, persistent)| Operation::Subscribe { client, channel, persistent }
        ),
        2 => (client.clone(), channel.clone())
            .prop_map(|(client, channel)| Operation::Unsubscribe { client, channel }),
        12 => (client.clone(), channel, prop::bool::weighted(0.7), prop::bool::weighted(0.3), flag())
            .prop_map(|(client, channel, qos1, retain, has_id)| {
                Operation::Publish { client, channel, qos1, retain, has_id }
            }),
        3 => (client.clone(), client, flag(), flag())
            .prop_map(|(client, to, qos1, has_id)| Operation::Direct { client, to, qos1, has_id }),
        1 => (any::<Index>(), 0_u8..7).prop_map(|(which, command)| Operation::Stale { which, command }),
    ]
}

fn acknowledging() -> impl Strategy<Value = Operation> {
    let client = 0..CLIENTS.len();
    prop_oneof![
        8 => (client.clone(), any::<Index>())
            .prop_map(|(client, which)| Operation::Acknowledge { client, which }),
        4 => client.clone().prop_map(|client| Operation::AcknowledgeAll { client }),
        1 => (client, any::<Index>())
            .prop_map(|(client, which)| Operation::Guess { client, which }),
    ]
}

fn by_the_server() -> impl Strategy<Value = Operation> {
    let (client, channel) = (0..CLIENTS.len(), 0..CHANNELS.len());
    prop_oneof![
        1 => (client, channel.clone(), any::<Option<bool>>()).prop_map(
            |(client, channel, persistent)| Operation::Force { client, channel, persistent }
        ),
        1 => (channel, any::<bool>(), any::<bool>())
            .prop_map(|(channel, qos1, retain)| Operation::Push { channel, qos1, retain }),
        1 => (0..CHANNELS.len()).prop_map(|channel| Operation::RemoveRetained { channel }),
    ]
}

fn in_the_store() -> impl Strategy<Value = Operation> {
    let tick = prop_oneof![3 => Just(100), 3 => Just(600), 2 => Just(2500), 2 => Just(12_000)];
    let mostly = || prop::bool::weighted(0.85);
    prop_oneof![
        3 => tick.prop_map(|ms| Operation::Tick { ms }),
        7 => mostly().prop_map(|is_done| Operation::Commit { is_done }),
        7 => Just(Operation::Complete),
        3 => Just(Operation::Look),
        3 => (any::<Index>(), mostly())
            .prop_map(|(which, is_done)| Operation::Answer { which, is_done }),
        1 => (0..CHANNELS.len(), 1..12_u64)
            .prop_map(|(channel, sequence)| Operation::Damage { channel, sequence }),
        2 => Just(Operation::CloseDue),
        1 => Just(Operation::Crash),
    ]
}
