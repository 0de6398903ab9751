//! How the database finds what a statement is about.

use std::collections::BTreeSet;

use rialto_database::{
    ClientStatement, Control, CursorStatement, LogStatement, Node, Read, RecordStatement, Segment,
    Statement,
};
use rialto_domain::{
    ChannelName, ClientId, HistoryMessage, LogExtent, MessageId, Seen, StoreClock,
};
use rialto_store::Key;

use super::*;
use crate::{script::Script, statements};

/// Enough that looking at each of them is not what is cheapest.
const COUNT: usize = 300;

fn name(number: usize) -> String {
    format!("name {number:04}")
}

/// Fills the tables.
fn fill(store: &mut MysqlStore) {
    let mut changes = Vec::new();
    for number in 0..COUNT {
        let (channel, client) = (name(number), name(number));
        changes.push(Change::PutClient(client.as_str().into(), Seen::default()));
        changes.push(Change::OpenSession(client.as_str().into(), 7));
        changes.push(subscribe(&client, &channel));
        changes.push(subscribe(&client, &name((number + 1) % COUNT)));
        changes.push(append(&channel, 1));
        changes.push(retain(&channel));
        changes.push(history(&channel));
    }
    store.commit(&changes).unwrap();
}

fn history_message() -> HistoryMessage {
    HistoryMessage {
        id: MessageId { origin: 7, sequence: 8 },
        logical: 1,
        at: 1,
        publisher: "ada".into(),
        server: None,
        payload: "1".into(),
    }
}

fn history(channel: &str) -> Change {
    let messages = vec![history_message()];
    Change::KeepHistory { channel: channel.into(), messages, count_max: 9 }
}

/// Returns the statements that a server sends while it runs, each about a few of many.
fn all<'a>(
    channel: &'a ChannelName,
    client: &'a ClientId,
    message: &'a HistoryMessage,
    retained: &'a Retained,
) -> Vec<Statement<'a>> {
    let node = Node { id: 1, revision: 0, generation: 1 };
    let segment = Segment { channel, count: 1, pages: vec![1], body: vec![1] };
    let pairs = || vec![(client, channel)];
    let after = Key { name: name(7).into_bytes(), numbers: [7, 7, 7] };
    let after: &'a Key = Box::leak(Box::new(after));
    let walk = |part| Read::Walk { part, after: Some(after), rows_max: 10, bytes_max: 10 };
    let mut all = vec![
        Control::Fence(node).into(),
        Control::Journal { node, number: 1, heads: String::new() }.into(),
        Control::WasCommitted { node, number: 1 }.into(),
        Control::Forget { node, before: 1 }.into(),
        Control::Renew { node, lease: Duration::from_secs(1) }.into(),
        Control::Leave(node).into(),
        LogStatement::Make { channels: vec![channel], generation: 1 }.into(),
        LogStatement::Append { segments: vec![segment], node }.into(),
        LogStatement::Oldest { logs: vec![(channel, 1)], rows_max: 10 }.into(),
        LogStatement::Trim(vec![(1, LogExtent::default())]).into(),
        LogStatement::SetAside { channel, log: LogId(1), last: 1 }.into(),
        LogStatement::BytesLess { log: 1, bytes: 1 }.into(),
        LogStatement::Remove(vec![channel]).into(),
        LogStatement::SweepTrimmed(vec![1]).into(),
        LogStatement::SweepGone(1).into(),
        LogStatement::ForgetGone(1).into(),
        CursorStatement::Make(pairs()).into(),
        CursorStatement::Floors(pairs()).into(),
        CursorStatement::Move(vec![(client, channel, 1)]).into(),
        CursorStatement::Slowest(vec![channel]).into(),
        CursorStatement::Remove(pairs()).into(),
        CursorStatement::RemoveAll(vec![client]).into(),
        ClientStatement::Put(vec![(client, Seen::default())]).into(),
        ClientStatement::Known(vec![client]).into(),
        ClientStatement::Remove(vec![client]).into(),
        RecordStatement::Retain(vec![(channel, retained)]).into(),
        RecordStatement::DropRetained(vec![channel]).into(),
        RecordStatement::OpenSessions { sessions: vec![(client, 1)], node }.into(),
        RecordStatement::CloseSessions(vec![client]).into(),
        RecordStatement::NoteClock(StoreClock::default()).into(),
        RecordStatement::DropHistories(vec![channel]).into(),
        RecordStatement::AddHistory(vec![(channel, message)]).into(),
        RecordStatement::PruneHistories(vec![(channel, 1)]).into(),
        Read::Log { log: LogId(7), from: 1, bytes_max: 10, rows_max: 10 }.into(),
        Read::Client(client).into(),
        Read::Clients { after: client, count_max: 10 }.into(),
        Read::Ids { after: client, count_max: 10 }.into(),
    ];
    // The first part is single rows.
    all.extend(Part::ALL.into_iter().skip(1).map(|part| walk(part).into()));
    all
}

#[test]
fn every_statement_finds_its_rows_by_a_key() {
    let server = Mariadb::start_in_memory(&[]);
    let settings = settings(&server, "rialto");
    fill(&mut open(&settings));
    server.sql("ANALYZE TABLE rialto.log, rialto.segment, rialto.`cursor`, rialto.history, rialto.client, rialto.session, rialto.retained");
    let (channel, client) = (ChannelName::from(name(7).as_str()), ClientId::from(name(7).as_str()));
    let (message, retained) =
        (history_message(), Retained { publisher: "a".into(), payload: "1".into() });
    let mut script = Script::default();
    for statement in all(&channel, &client, &message, &retained) {
        statements::add(&mut script, statement);
    }
    script.add(statements::ACKNOWLEDGED, &[client.as_str().into(), channel.as_str().into()]);
    script.add(statements::ACKNOWLEDGE, &["".into(), client.as_str().into(), 1.into()]);
    let mut looked_at = BTreeSet::new();
    for (sql, _) in script.packets(0) {
        let sql = String::from_utf8_lossy(sql);
        if sql.starts_with("SET ") {
            continue;
        }
        // Columns: id, kind of select, table, type, possible keys, key, key's length, ref, rows, extra.
        let plan = server.sql(&format!("USE rialto; SET NAMES binary; EXPLAIN {sql}"));
        for line in plan.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [table, kind, key, extra] = [2, 3, 5, 9].map(|column| columns[column]);
            let is_own = !table.starts_with('<') && table != "NULL" && !line.contains("INSERT");
            let is_inserted =
                kind == "ALL" && key == "NULL" && extra == "NULL" && sql.contains("INSERT");
            if is_own && !is_inserted {
                assert_ne!(key, "NULL", "{sql}\n{plan}");
                assert!(!matches!(kind, "ALL" | "index"), "{sql}\n{plan}");
                looked_at.insert(table.to_owned());
            }
        }
    }
    assert!(5 < looked_at.len(), "{looked_at:?}");
}
