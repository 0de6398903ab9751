//! What acknowledgements cost in the file.

use std::{fs, path::Path};

use rialto_domain::{Change, Load, Page, Payloads, Sequence};

use super::{append, database_in, open, shell, subscribe, unsubscribe};
use crate::{SqliteStore, Store};

/// Messages that a cursor has not acknowledged among those that it has.
const HOLES: u64 = 9_500;

/// Acknowledgements that the real server's ten ticks of a second would write.
const ACKNOWLEDGED_A_TICK: u64 = 20;

const TICKS: u64 = 100;

#[test]
fn an_acknowledgement_out_of_order_costs_what_it_changes() {
    for clients in [1, 5, 20] {
        let directory = tempfile::tempdir().unwrap();
        let mut store = with_holes(directory.path(), clients);
        let per_client = ACKNOWLEDGED_A_TICK / clients;
        for tick in 0..TICKS {
            let batch: Vec<Change> = (0..clients)
                .map(|client| {
                    // Far from each other, as a client with many workers has it.
                    let place = |number| (tick * per_client + number) * 4_099 % HOLES * 2 + 1;
                    let stretches = (0..per_client).map(|number| {
                        let place = place(number).max(3);
                        (place - 1, place + 1)
                    });
                    acknowledge(client, stretches.collect())
                })
                .collect();
            store.commit(&batch).unwrap();
        }
        let written = fs::metadata(write_ahead_log_in(directory.path())).unwrap().len();
        let each = written / (TICKS * ACKNOWLEDGED_A_TICK);
        assert!(each <= 1000, "{clients} clients: {each} bytes an acknowledgement");
    }
}

#[test]
fn acknowledgements_that_say_little_are_folded() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = with_holes(directory.path(), 1);
    store.commit(&[subscribe("gone", "room"), append("room", 1)]).unwrap();
    for round in 0..6_u64 {
        // The same again and again, and something of a cursor that goes.
        let all: Vec<_> = (0..HOLES).map(|number| (2 * number + 2, 2 * number + 2)).collect();
        let gone = Change::Acknowledge("gone".into(), "room".into(), vec![(40_001, 40_001)]);
        store.commit(&[acknowledge(0, all), gone]).unwrap();
        let before = store.load(Load::All).unwrap();
        store.commit(&[]).unwrap();
        assert_eq!(store.load(Load::All).unwrap(), before, "round {round}");
        let rows = count(directory.path());
        assert!(rows <= 3 * HOLES + 4_096 + 10, "{rows} rows");
    }
    store.commit(&[Change::MoveCursor("client-0".into(), "room".into(), 2 * HOLES)]).unwrap();
    store.commit(&[unsubscribe("gone", "room")]).unwrap();
    drop(store);
    let mut store = open(directory.path());
    let before = store.load(Load::All).unwrap();
    store.commit(&[]).unwrap();
    assert_eq!(count(directory.path()), 0, "nothing is left to say");
    assert_eq!(store.load(Load::All).unwrap(), before);
}

/// Returns a store whose clients have each acknowledged every second message of many, all of it in
/// the database itself.
fn with_holes(directory: &Path, clients: u64) -> SqliteStore {
    let mut store = open(directory);
    let payloads = Payloads::single(b"1");
    let (channel, publisher) = ("room".into(), "publisher".into());
    let page = Page { channel, publisher, at: 1, served: 1, count: 40_000, payloads };
    let clients_there = (0..clients).map(|client| subscribe(&format!("client-{client}"), "room"));
    store.commit(&clients_there.collect::<Vec<_>>()).unwrap();
    store.commit(&[Change::Append(page)]).unwrap();
    for client in 0..clients {
        let all = (0..HOLES).map(|number| (2 * number + 2, 2 * number + 2)).collect();
        store.commit(&[acknowledge(client, all)]).unwrap();
    }
    store.close().unwrap();
    assert_eq!(fs::metadata(write_ahead_log_in(directory)).unwrap().len(), 0);
    store.load(Load::All).unwrap();
    store
}

fn acknowledge(client: u64, stretches: Vec<(Sequence, Sequence)>) -> Change {
    Change::Acknowledge(format!("client-{client}").as_str().into(), "room".into(), stretches)
}

fn count(directory: &Path) -> u64 {
    let sql = "SELECT (SELECT count(*) FROM acknowledged) + (SELECT count(*) FROM stretch)";
    shell(directory).query_one(sql, [], |row| row.get(0)).unwrap()
}

fn write_ahead_log_in(directory: &Path) -> std::path::PathBuf {
    database_in(directory).with_extension("db-wal")
}
