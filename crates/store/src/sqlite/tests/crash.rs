//! A process that dies while it commits.

use rialto_domain::Load;
use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use super::{append, end_of, open, pages_of, put_client, seen, subscribe};
use crate::Store;

/// Tells the test that it is the process to die, and where its store is.
const DOOMED_STORE: &str = "RIALTO_TEST_DOOMED_STORE";

/// After how many commits it is killed.
const COMMITS: u64 = 50;

#[test]
fn commits_outlive_a_process_that_is_killed() {
    if let Some(directory) = env::var_os(DOOMED_STORE) {
        commit_until_killed(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let told = kill_while_committing(directory.path());
    assert!(COMMITS <= told, "the other process told of {told} commits");

    let mut store = open(directory.path());
    let (log, last) = end_of(&mut store, "room");
    assert!(2 * told <= last, "{told} commits were told of, {last} messages are there");
    let clients = store.load(Load::All).unwrap().clients;
    assert_eq!(
        clients,
        [("ada".into(), seen(last / 2))],
        "the last commit is there whole or not at all"
    );
    let pages = pages_of(&store, log);
    assert!(pages.iter().map(|page| page.first).eq(1..=last));
}

/// Commits two messages and their count, again and again, telling of each commit afterwards.
fn commit_until_killed(directory: &Path) -> ! {
    let mut store = open(directory);
    store.commit(&[subscribe("ada", "room")]).unwrap();
    for count in 1.. {
        let seen = put_client("ada", count);
        store.commit(&[append("room", 5000), seen, append("room", 10)]).unwrap();
        // Not println: the test harness would keep it to itself.
        writeln!(std::io::stdout(), "commit {count}").unwrap();
    }
    unreachable!("it is killed long before")
}

/// Runs this test in another process, kills that, and returns how many commits it told of.
fn kill_while_committing(directory: &Path) -> u64 {
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "sqlite::tests::crash::commits_outlive_a_process_that_is_killed"])
        .env(DOOMED_STORE, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut told = 0;
    for line in lines {
        if let Some(count) = line.strip_prefix("commit ") {
            told = count.parse().unwrap();
        }
        if told == COMMITS {
            process.kill().unwrap(); // And reads on: what it told of until it died counts.
        }
    }
    process.wait().unwrap();
    told
}
