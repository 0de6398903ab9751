use rialto_domain::LogId;
use rusqlite::{Connection, params};

use super::{Leftovers, ROW_EFFORT, WHOLE_LOG};

#[test]
fn a_sweep_removes_what_the_effort_allows_and_forgets_logs_that_are_clean() {
    let connection = pages(&[(1, 3), (1, 5), (1, 9), (2, 4)]);
    let mut leftovers = Leftovers::default();
    leftovers.add(LogId(1), 6);
    leftovers.add(LogId(2), WHOLE_LOG);
    leftovers.add(LogId(3), 1);

    for (left, logs_left) in [
        (vec![(1, 5), (1, 9), (2, 4)], vec![1, 2, 3]),
        (vec![(1, 9), (2, 4)], vec![2, 3]),
        (vec![(1, 9)], vec![3]),
        (vec![(1, 9)], vec![]),
    ] {
        let mut draft = leftovers.draft();
        draft.sweep(&connection, ROW_EFFORT).unwrap();
        draft.keep();
        assert_eq!(rows(&connection), left);
        assert!(leftovers.gone.keys().copied().eq(logs_left.into_iter().map(LogId)));
    }
}

#[test]
fn a_draft_that_is_not_kept_comes_to_nothing() {
    let connection = pages(&[(1, 3)]);
    let mut leftovers = Leftovers::default();
    leftovers.add(LogId(1), 3);

    let mut draft = leftovers.draft();
    draft.add(&connection, LogId(2), 7).unwrap();
    draft.sweep(&connection, ROW_EFFORT).unwrap();
    drop(draft);
    assert!(leftovers.gone.into_iter().eq([(LogId(1), 3)]));
}

/// Returns a database with such pages, each by its log and last message.
fn pages(pages: &[(u64, u64)]) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let tables = "CREATE TABLE page (log, last, bytes);
                  CREATE TABLE leftover (log PRIMARY KEY, through)";
    connection.execute_batch(tables).unwrap();
    for (log, last) in pages {
        connection.execute("INSERT INTO page VALUES (?1, ?2, 0)", params![log, last]).unwrap();
    }
    connection
}

fn rows(connection: &Connection) -> Vec<(u64, u64)> {
    let mut statement = connection.prepare("SELECT log, last FROM page ORDER BY 1, 2").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}
