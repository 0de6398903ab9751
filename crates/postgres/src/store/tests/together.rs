//! Nodes that write to the same logs at the same time.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use super::*;

const NODES: usize = 8;
const COMMITS: usize = 25;
/// Channels, and how many of them a commit appends to: each time others, in another order.
const CHANNELS: usize = 12;
const OF_A_COMMIT: usize = 6;

/// Returns what a node appends in one commit.
fn shuffled(node: usize, commit: usize) -> Vec<Change> {
    let place = |index| (index * 5 + commit * 3 + node * 7) % CHANNELS;
    (0..OF_A_COMMIT).map(|index| append(&format!("channel {}", place(index)), 1)).collect()
}

#[test]
fn nodes_that_append_to_the_same_channels_never_wait_for_each_other_in_a_circle() {
    let server = Postgres::start_in_memory(&[]);
    let settings = PostgresSettings { is_shared: true, ..settings(&server, "rialto") };
    let mut given: BTreeMap<LogId, BTreeSet<Sequence>> = BTreeMap::new();
    thread::scope(|scope| {
        let nodes = (0..NODES).map(|node| {
            let mut store = open(&settings);
            scope.spawn(move || {
                let commits = (0..COMMITS).map(|commit| {
                    let outcomes = store.commit(&shuffled(node, commit));
                    outcomes.expect("nothing keeps it from being committed")
                });
                commits.flatten().map(appended).collect::<Vec<_>>()
            })
        });
        let nodes: Vec<_> = nodes.collect();
        for (log, first) in nodes.into_iter().flat_map(|node| node.join().unwrap()) {
            assert!(given.entry(log).or_default().insert(first), "{first} was given twice");
        }
    });
    assert_eq!(given.len(), CHANNELS);
    assert_eq!(given.values().map(BTreeSet::len).sum::<usize>(), NODES * COMMITS * OF_A_COMMIT);
    for numbers in given.values() {
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'";
    assert_eq!(server.sql(deadlocks), "0\n");
}
