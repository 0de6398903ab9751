//! Random batches must leave SQLite and memory alike, across restarts.

use std::collections::BTreeSet;

use bytes::Bytes;
use proptest::prelude::*;
use rialto_domain::{
    Change, ChannelName, ClientId, HistoryMessage, Load, LogId, MessageId, Outcome, Page,
    PayloadsBuilder, Retained, Sequence, StoreClock, Trim,
};

use super::{open, put_client};
use crate::{MemoryStore, Store};

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Change>),
    Reopen { closed: bool },
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn sqlite_does_what_memory_does(steps in prop::collection::vec(step(), 1..24)) {
        let directory = tempfile::tempdir().unwrap();
        let mut sqlite = open(directory.path());
        let mut memory = MemoryStore::default();
        let mut logs = BTreeSet::new();

        for step in steps {
            match step {
                Step::Commit(changes) => {
                    let outcomes = memory.commit(&changes).map_err(|error| error.kind);
                    logs.extend(outcomes.iter().flatten().filter_map(log_of));
                    prop_assert_eq!(sqlite.commit(&changes).map_err(|error| error.kind), outcomes);
                }
                Step::Reopen { closed } => {
                    if closed {
                        sqlite.close().unwrap();
                    }
                    drop(sqlite);
                    sqlite = open(directory.path());
                }
            }
            for load in [Load::Heads, Load::All] {
                prop_assert_eq!(sqlite.load(load).unwrap(), memory.load(load).unwrap());
            }
            check_clients(&sqlite, &memory)?;
            check_pages(&sqlite, &memory, &logs)?;
        }
    }
}

/// Checks that the pages of all logs there ever were are alike, from every start.
fn check_pages(
    sqlite: &dyn Store,
    memory: &dyn Store,
    logs: &BTreeSet<LogId>,
) -> Result<(), TestCaseError> {
    let mut sqlite = sqlite.reader().unwrap();
    let mut memory = memory.reader().unwrap();
    for &log in logs {
        for (from, bytes_max) in [(0, usize::MAX), (1, 40), (4, 0), (7, usize::MAX)] {
            let pages = sqlite.read(log, from, bytes_max).unwrap();
            prop_assert_eq!(pages, memory.read(log, from, bytes_max).unwrap());
        }
    }
    Ok(())
}

/// Checks that what is read of each client, known or not, is alike.
fn check_clients(sqlite: &dyn Store, memory: &dyn Store) -> Result<(), TestCaseError> {
    let (mut sqlite, mut memory) = (sqlite.reader().unwrap(), memory.reader().unwrap());
    for id in ["ada", "bob", "", "nobody"].map(ClientId::from) {
        prop_assert_eq!(sqlite.client(&id).unwrap(), memory.client(&id).unwrap());
    }
    let first = ClientId::from("");
    prop_assert_eq!(sqlite.clients(&first, 9).unwrap(), memory.clients(&first, 9).unwrap());
    Ok(())
}

fn log_of(outcome: &Outcome) -> Option<LogId> {
    match outcome {
        Outcome::Appended { log, .. }
        | Outcome::Subscribed { log, .. }
        | Outcome::Handed { log, .. } => Some(*log),
        Outcome::Moved { .. }
        | Outcome::Trimmed(_)
        | Outcome::ClientUnknown
        | Outcome::Unread
        | Outcome::Lost
        | Outcome::Done => None,
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec(change(), 0..6).prop_map(Step::Commit),
        1 => any::<bool>().prop_map(|closed| Step::Reopen { closed }),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => page().prop_map(Change::Append),
        2 => page().prop_map(Change::AppendIfRead),
        2 => (client(), page()).prop_map(|(client, page)| {
            Change::AppendDirect(client.clone(), Page { channel: client.direct_channel(), ..page })
        }),
        1 => (channel(), retained()).prop_map(|(channel, retained)| {
            Change::Retain(channel, retained)
        }),
        1 => (client(), 0..9_u64).prop_map(|(client, seen)| put_client(client.as_str(), seen)),
        1 => client().prop_map(Change::ForgetClient),
        4 => (client(), channel()).prop_map(|(client, channel)| Change::Subscribe(client, channel)),
        2 => (client(), channel()).prop_map(|(client, channel)| {
            Change::Unsubscribe(client, channel)
        }),
        2 => (client(), channel(), 0..12_u64).prop_map(|(client, channel, floor)| {
            Change::MoveCursor(client, channel, floor)
        }),
        2 => (client(), channel(), stretches()).prop_map(|(client, channel, stretches)| {
            Change::Acknowledge(client, channel, stretches)
        }),
        3 => (channel(), trim()).prop_map(|(channel, trim)| Change::Trim(channel, trim)),
        2 => channel().prop_map(Change::DropLog),
        4 => history(),
        1 => channel().prop_map(Change::DropHistory),
        1 => channel().prop_map(Change::DropRetained),
        1 => (0..9_u64, 0..9_u64).prop_map(|(served, logical)| {
            Change::NoteClock(StoreClock { served, logical })
        }),
        2 => (client(), 0..9_u64).prop_map(|(client, number)| Change::OpenSession(client, number)),
        1 => client().prop_map(Change::CloseSession),
    ]
}

fn trim() -> impl Strategy<Value = Trim> {
    let bound = |max: u64| prop_oneof![3 => Just(u64::MAX), 1 => 0..max];
    (0..20_u64, bound(9), bound(200), prop_oneof![3 => Just(0), 1 => any::<u32>()]).prop_map(
        |(through, count_max, bytes_max, at)| {
            let served_min = u64::from(at) / 3;
            Trim { through, count_max, bytes_max, served_min, ..Trim::default() }
        },
    )
}

/// One in twenty is empty, and fails its batch.
fn page() -> impl Strategy<Value = Page> {
    let count = prop_oneof![1 => Just(0_u32), 19 => 1..5_u32];
    (channel(), client(), count, any::<u32>()).prop_map(|(channel, publisher, count, at)| {
        let mut payloads = PayloadsBuilder::default();
        for number in 0..count {
            payloads.push(format!("[{at},{number}]").as_bytes());
        }
        let (served, payloads) = (u64::from(at) / 3, payloads.finish());
        Page { channel, publisher, at: at.into(), served, count, payloads }
    })
}

fn retained() -> impl Strategy<Value = Retained> {
    (client(), "[0-9]{1,3}")
        .prop_map(|(publisher, text)| Retained { publisher, payload: Bytes::from(text) })
}

fn history() -> impl Strategy<Value = Change> {
    let messages = prop::collection::vec(history_message(), 0..5);
    (channel(), messages, 0..7_u32).prop_map(|(channel, messages, count_max)| Change::KeepHistory {
        channel,
        messages,
        count_max,
    })
}

/// Ids often come again, and not always with the same moment of the logical clock.
fn history_message() -> impl Strategy<Value = HistoryMessage> {
    let number = || prop_oneof![8 => 0..4_u64, 1 => Just(1 << 63), 1 => Just(u64::MAX)];
    let server = prop::option::of(prop_oneof![Just("north"), Just("")]);
    (number(), number(), 0..4_u64, client(), server, "[0-9]{1,3}").prop_map(
        |(origin, sequence, logical, publisher, server, text)| HistoryMessage {
            id: MessageId { origin, sequence },
            logical,
            at: sequence % 5,
            publisher,
            server: server.map(Into::into),
            payload: Bytes::from(text),
        },
    )
}

fn stretches() -> impl Strategy<Value = Vec<(Sequence, Sequence)>> {
    let stretch = (1..20_u64, 0..4_u64).prop_map(|(first, more)| (first, first + more));
    prop::collection::vec(stretch, 0..5)
}

fn client() -> impl Strategy<Value = ClientId> {
    prop_oneof![Just("ada"), Just("bob"), Just("")].prop_map(ClientId::from)
}

fn channel() -> impl Strategy<Value = ChannelName> {
    prop_oneof![Just("room"), Just("#ada"), Just("Room")].prop_map(ChannelName::from)
}
