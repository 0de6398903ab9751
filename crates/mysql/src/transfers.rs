//! The statements of a copy into the database.

use rialto_database::{CopiedLog, CopiedSegment, TransferStatement, shard};
use rialto_domain::{ClientId, CursorState, LogId, Sequence};
use rialto_store::Progress;

use crate::{
    script::{Rows, Script, unsigned},
    sets,
};

const UNDER_WAY: &str = "SELECT origin, part, name, `first`, `second`, `third` FROM `copy`";

const IS_EMPTY: &str = "
    SELECT NOT EXISTS (SELECT 1 FROM `client`) AND NOT EXISTS (SELECT 1 FROM `log`)
        AND NOT EXISTS (SELECT 1 FROM `segment`) AND NOT EXISTS (SELECT 1 FROM `gone_log`)
        AND NOT EXISTS (SELECT 1 FROM `cursor`) AND NOT EXISTS (SELECT 1 FROM `retained`)
        AND NOT EXISTS (SELECT 1 FROM `history`) AND NOT EXISTS (SELECT 1 FROM `session`)";

const BEGIN: &str = "INSERT INTO `copy` (one, origin) VALUES (1, ?)";

const NOTE: &str = "UPDATE `copy` SET part = ?, name = ?, `first` = ?, `second` = ?, `third` = ?";

const FINISH: &str = "DELETE FROM `copy`";

/// A row with an id has later ones get ids beyond it, and that outlasts the row. To set the next id by itself would
/// end the transaction.
const LAST_LOG: &str = "INSERT INTO `log` (id, kind, name, shard, generation) SELECT ?, 255, '', 0, 0 FROM DUAL WHERE 0 < ?";
const LAST_LOG_REMOVE: &str = "DELETE FROM `log` WHERE id = ? AND kind = 255";

const LOGS: Rows = Rows::new(
    "INSERT INTO `log` (id, kind, name, shard, `last`, trimmed, generation) VALUES ",
    "(?, 0, ?, ?, ?, ?, ?)",
    "",
);

const SEGMENT: &str = "
    INSERT INTO `segment` (log, `last`, `count`, node, pages, size, body) VALUES (?, ?, ?, ?, ?, ?, ?)";

const BYTES_MORE: &str = "UPDATE `log` SET bytes = bytes + ? WHERE id = ?";

const CURSORS: Rows = Rows::new(
    "INSERT INTO `cursor` (owner_kind, owner, log, floor, acknowledged) VALUES ",
    "(0, ?, ?, ?, ?)",
    "",
);

/// Adds a statement in SQL.
pub(crate) fn add(script: &mut Script, statement: &TransferStatement<'_>) {
    match statement {
        TransferStatement::UnderWay => script.add(UNDER_WAY, &[]),
        TransferStatement::IsEmpty => script.add(IS_EMPTY, &[]),
        TransferStatement::Begin { origin } => script.add(BEGIN, &[(*origin).into()]),
        TransferStatement::Note(progress) => note(script, progress),
        TransferStatement::Finish => script.add(FINISH, &[]),
        TransferStatement::GiveIds { last } => {
            script.add(LAST_LOG, &[unsigned(*last), unsigned(*last)]);
            script.add(LAST_LOG_REMOVE, &[unsigned(*last)]);
        }
        TransferStatement::Logs { logs, node } => add_logs(script, logs, node.generation),
        TransferStatement::Segments { segments, node } => {
            segments.iter().for_each(|segment| add_segment(script, segment, node.id));
        }
        TransferStatement::Cursors(cursors) => add_cursors(script, cursors),
    }
}

fn note(script: &mut Script, progress: &Progress) {
    let key = progress.after.clone().unwrap_or_default();
    let [first, second, third] = key.numbers;
    let (part, name) = (progress.part.name().into(), key.name.as_slice().into());
    script.add(NOTE, &[part, name, first.into(), second.into(), third.into()]);
}

fn add_logs(script: &mut Script, logs: &[CopiedLog<'_>], generation: i64) {
    let rows = logs.iter().map(|log| {
        let name = log.channel.as_str();
        let (last, trimmed) = (unsigned(log.last), unsigned(log.trimmed));
        let (id, shard) = (unsigned(log.log.0), i64::from(shard(name)).into());
        [id, name.into(), shard, last, trimmed, generation.into()]
    });
    script.add_rows(LOGS, rows);
}

fn add_segment(script: &mut Script, segment: &CopiedSegment, node: i64) {
    let (log, size) = (unsigned(segment.log.0), unsigned(segment.body.len() as u64));
    let (last, count) = (unsigned(segment.last), unsigned(segment.count));
    let (pages, body) = (segment.pages.as_slice().into(), segment.body.as_slice().into());
    script.add(SEGMENT, &[log, last, count, node.into(), pages, size, body]);
    script.add(BYTES_MORE, &[size, log]);
}

fn add_cursors(script: &mut Script, cursors: &[(&ClientId, LogId, &CursorState)]) {
    let sets: Vec<Vec<u8>> = cursors
        .iter()
        .map(|(.., state)| {
            sets::with_more(&[], state.acknowledged.clone(), state.floor, Sequence::MAX)
        })
        .collect();
    let rows = cursors.iter().zip(&sets).map(|((client, log, state), set)| {
        let (log, floor) = (unsigned(log.0), unsigned(state.floor));
        [client.as_str().into(), log, floor, set.as_slice().into()]
    });
    script.add_rows(CURSORS, rows);
}
