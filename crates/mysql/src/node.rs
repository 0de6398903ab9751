//! The right to write: one server's, until its lease is over by the database's clock.

use rialto_database::{DatabaseSettings, Joined, Node, Row, Trouble};
use rialto_store::DatabaseCause;

use crate::{
    check::Server,
    link::MysqlLink,
    script::{Value, unsigned},
};

/// The protocol between servers that this release speaks.
const PROTOCOL: i64 = 1;

/// Keeps those apart that look for a lease at the same time.
const LOCK: &str = "START TRANSACTION; SELECT generation, server FROM `cluster` FOR UPDATE";

/// Tries to become the server of the database.
pub(crate) async fn join(
    link: &mut MysqlLink,
    settings: &DatabaseSettings,
) -> Result<Joined, Trouble> {
    let server = Server::ask(link).await?;
    link.run(LOCK).await?;
    let others = link
        .rows(
            "SELECT n.name, CAST(UNIX_TIMESTAMP(l.until) * 1000000 AS SIGNED)
             FROM `node` n JOIN `lease` l ON l.node = n.id
             WHERE n.state < 3 AND UTC_TIMESTAMP(6) < l.until ORDER BY l.until DESC LIMIT 1",
            &[],
        )
        .await?;
    if let Some(other) = others.first() {
        link.run("ROLLBACK").await?;
        return Ok(Joined::No { name: other.text(0), until: other.number(1).unwrap_or(0) });
    }
    // Waits for what is under way of one that was only slow, and makes void what it sends later.
    link.run(
        "UPDATE `node` SET state = 3 WHERE state < 3; DELETE FROM `lease`; DELETE FROM `journal`",
    )
    .await?;
    let generation = generation(link, &server).await?;
    let sql = "INSERT INTO `node` (name, state, protocol, lanes) VALUES (?, 1, ?, 1)";
    link.rows(sql, &[settings.name.as_str().into(), PROTOCOL.into()]).await?;
    let rows = link.rows("SELECT LAST_INSERT_ID()", &[]).await?;
    let id = rows.first().and_then(|row| row.number(0)).ok_or(DatabaseCause::TakenOver)?;
    link.rows(
        "INSERT INTO `lease` (node, until) VALUES (?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)",
        &[id.into(), unsigned(settings.lease.as_micros() as u64)],
    )
    .await?;
    link.run("COMMIT").await?;
    Ok(Joined::Yes(Node { id, revision: 0, generation }))
}

/// Makes void what an earlier connection has under way, waiting for it if need be, and returns the node as it is then.
///
/// # Errors
/// [`DatabaseCause::TakenOver`] if another server has the database now.
pub(crate) async fn resume(link: &mut MysqlLink, node: Node) -> Result<Node, Trouble> {
    let server = Server::ask(link).await?;
    link.run(LOCK).await?;
    let sql = "UPDATE `node` SET revision = revision + 1 WHERE id = ? AND state < 3";
    link.rows(sql, &[node.id.into()]).await?;
    let rows = link
        .rows("SELECT revision FROM `node` WHERE id = ? AND state < 3", &[node.id.into()])
        .await?;
    let revision = rows.first().and_then(|row| row.number(0)).ok_or(DatabaseCause::TakenOver)?;
    let generation = generation(link, &server).await?;
    link.run("COMMIT").await?;
    Ok(Node { revision, generation, ..node })
}

/// Returns the generation, which rises if the database may lack what it had when it was written to last, so that numbers of
/// messages would be given twice: if it is another one, and, where readers see what is not synced yet, if it was started
/// since. Within a transaction that holds the lock.
async fn generation(link: &mut MysqlLink, server: &Server) -> Result<i64, Trouble> {
    let mut identity = server.identity();
    if !server.has_binary_log() {
        identity.push_str(&format!(":{}", started(link, server).await?));
    }
    let there = link.rows("SELECT server FROM `cluster`", &[]).await?;
    let before = there.first().map(|row| row.text(0)).unwrap_or_default();
    if !before.is_empty() && before != identity {
        leave_ids_out(link).await?;
    }
    let sql = "UPDATE `cluster` SET generation = generation + IF(server = ?, 0, 1), server = ?";
    link.rows(sql, &[identity.as_str().into(), identity.as_str().into()]).await?;
    let rows = link.rows("SELECT generation FROM `cluster`", &[]).await?;
    rows.first().and_then(|row| row.number(0)).ok_or_else(|| {
        Trouble::from(DatabaseCause::Damaged("the table cluster is empty".to_owned()))
    })
}

/// Has ids of logs go on a million later: what the database lacks may have been given some. A row that is there for a moment moves
/// the counter on, which no statement that a transaction may hold does otherwise.
async fn leave_ids_out(link: &mut MysqlLink) -> Result<(), Trouble> {
    let row = "INSERT INTO `log` (id, kind, name, shard, generation) VALUES (?, 127, '', 0, 0)";
    link.rows(row, &[Value::Null]).await?;
    let rows = link.rows("SELECT LAST_INSERT_ID()", &[]).await?;
    let next = rows.first().and_then(|row| row.number(0)).ok_or(DatabaseCause::TakenOver)?;
    link.rows("DELETE FROM `log` WHERE id = ?", &[next.into()]).await?;
    link.rows(row, &[(next + (1 << 20)).into()]).await?;
    link.rows("DELETE FROM `log` WHERE id = ?", &[(next + (1 << 20)).into()]).await?;
    Ok(())
}

/// Returns when the server was started, in seconds of its clock then: both numbers are of the same moment.
async fn started(link: &mut MysqlLink, server: &Server) -> Result<i64, Trouble> {
    let schema = if server.is_mariadb() { "information_schema" } else { "performance_schema" };
    let sql = format!(
        "SELECT CAST(UNIX_TIMESTAMP() - variable_value AS SIGNED) FROM {schema}.global_status
         WHERE variable_name = 'UPTIME'"
    );
    let rows = link.rows(&sql, &[]).await?;
    let started = rows.first().and_then(|row| row.number(0));
    started.ok_or_else(|| {
        DatabaseCause::Unfit("the database server does not say since when it runs".to_owned())
            .into()
    })
}
