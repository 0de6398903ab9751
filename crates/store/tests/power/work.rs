//! What the store is given to do, and what must be there afterwards.

use std::{
    collections::hash_map::DefaultHasher,
    fs::File,
    hash::{Hash, Hasher},
    io::Write,
    path::Path,
};

use bytes::Bytes;
use rialto_domain::{
    Change, HistoryMessage, Load, MessageId, Page, PayloadsBuilder, Retained, Seen, StoreClock,
    Trim,
};
use rialto_store::{Durability, MemoryStore, SqliteSettings, SqliteStore, Store};

use crate::{dice::Dice, trace::acknowledgements_in};

/// One process' life: what it commits, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    pub(crate) seed: u64,
    /// The first of its commits; they are numbered over all lives.
    pub(crate) first: u64,
    pub(crate) count: u64,
    pub(crate) durability: Durability,
}

impl Life {
    /// Returns it as a text for another process.
    pub(crate) fn to_text(self, directory: &Path) -> String {
        let Life { seed, first, count, durability } = self;
        let is_synced = u8::from(durability == Durability::Fsync);
        format!("{seed} {first} {count} {is_synced} {}", directory.display())
    }

    /// Lives as that text says: opens the store below the directory, commits, and writes down
    /// each commit that is done.
    pub(crate) fn live(text: &str) {
        let mut words = text.splitn(5, ' ');
        let mut number = || words.next().unwrap().parse::<u64>().unwrap();
        let (seed, first, count, is_synced) = (number(), number(), number(), number() == 1);
        let directory = Path::new(words.next().unwrap());
        let mut acknowledgements = File::create(acknowledgements_in(directory)).unwrap();
        let mut dice = Dice::of(seed, u64::MAX - first);
        let settings = SqliteSettings {
            durability: if is_synced { Durability::Fsync } else { Durability::Os },
            checkpoint_pages: dice.pick(&[15, 60, 2048]),
            ..SqliteSettings::default()
        };
        let open = || SqliteStore::open(&directory.join("store"), &settings).unwrap();
        let mut store = open();
        store.load(Load::All).unwrap();
        for commit in first..first + count {
            store.commit(&batch(seed, commit)).unwrap();
            acknowledgements.write_all(b".").unwrap();
            match dice.below(30) {
                0 => store.close().unwrap(),
                1 => {
                    drop(store);
                    store = open();
                    store.load(Load::All).unwrap();
                }
                2 => drop(store.commit(&[]).unwrap()),
                _ => {}
            }
        }
        if dice.once_in(2) {
            store.close().unwrap();
        }
    }
}

/// Returns digests of what a store holds after none, one … of the commits from `first` on.
pub(crate) fn expected(seed: u64, first: u64, count: u64) -> Vec<u64> {
    let mut store = MemoryStore::default();
    for commit in 0..first {
        store.commit(&batch(seed, commit)).unwrap();
    }
    let mut digests = vec![digest(&mut store)];
    for commit in first..first + count {
        store.commit(&batch(seed, commit)).unwrap();
        digests.push(digest(&mut store));
    }
    digests
}

/// Returns a digest of all that a store holds, messages included.
pub(crate) fn digest(store: &mut dyn Store) -> u64 {
    let snapshot = store.load(Load::All).unwrap();
    let mut reader = store.reader().unwrap();
    let mut digest = DefaultHasher::new();
    for log in &snapshot.logs {
        let pages = reader.read(log.log, 1, usize::MAX).unwrap();
        format!("{pages:?}").hash(&mut digest);
    }
    format!("{snapshot:?}").hash(&mut digest);
    digest.finish()
}

/// Returns the changes of one commit.
fn batch(seed: u64, commit: u64) -> Vec<Change> {
    let mut dice = Dice::of(seed, commit);
    let mut changes: Vec<Change> =
        (0..1 + dice.below(5)).map(|_| change(commit, &mut dice)).collect();
    changes.push(Change::NoteClock(StoreClock { served: commit, logical: 2 * commit }));
    if commit == 0 {
        changes.insert(0, Change::Subscribe("ada".into(), "red".into()));
    }
    changes
}

fn change(commit: u64, dice: &mut Dice) -> Change {
    let client = dice.pick(&["ada", "bob"]);
    let channel = dice.pick(&["red", "green", "#ada"]);
    match dice.below(20) {
        0..9 => Change::Append(page(commit, channel, dice)),
        9 => Change::Retain(
            channel.into(),
            Retained { publisher: client.into(), payload: Bytes::from(commit.to_string()) },
        ),
        10 => Change::PutClient(client.into(), Seen { at: commit, served: commit }),
        11 if dice.once_in(4) => Change::ForgetClient(client.into()),
        11 => Change::Unsubscribe(client.into(), channel.into()),
        12 | 13 => Change::Subscribe(client.into(), channel.into()),
        14 => Change::MoveCursor(client.into(), channel.into(), commit / 2),
        15 => Change::Acknowledge(
            client.into(),
            channel.into(),
            vec![(commit + 2, commit + 4), (commit + 7, commit + 7)],
        ),
        16 if dice.once_in(4) => Change::DropLog(channel.into()),
        16 => Change::Trim(channel.into(), Trim::through(2 * commit / 3)),
        17 => Change::KeepHistory {
            channel: channel.into(),
            messages: vec![HistoryMessage {
                id: MessageId { origin: 1, sequence: commit },
                logical: commit,
                at: commit,
                publisher: client.into(),
                server: None,
                payload: Bytes::from(commit.to_string()),
            }],
            count_max: 3,
        },
        18 => Change::OpenSession(client.into(), commit),
        _ => Change::CloseSession(client.into()),
    }
}

fn page(commit: u64, channel: &str, dice: &mut Dice) -> Page {
    let count = 1 + dice.below(3) as u32;
    let mut payloads = PayloadsBuilder::default();
    for number in 0..count {
        let filling = "x".repeat(dice.pick(&[1, 100, 3000, 12_000]));
        payloads.push(format!("[{commit},{number},\"{filling}\"]").as_bytes());
    }
    let publisher = dice.pick(&["ada", "bob"]).into();
    Page {
        channel: channel.into(),
        publisher,
        at: commit,
        served: commit,
        count,
        payloads: payloads.finish(),
    }
}
