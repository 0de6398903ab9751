//! The right to write: one server's, until its lease is over by the database's clock.

use std::time::Duration;

use rialto_store::DatabaseCause;

use crate::{PostgresSettings, cause::Trouble, link::Link};

/// Keeps those apart that look for a lease, or make the tables, at the same time.
pub(crate) const LOCK: i64 = 0x7269_616c_746f;

/// The protocol between servers that this release speaks.
const PROTOCOL: i32 = 1;

/// One run of a server, as the database knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) id: i64,
    /// What its transactions must name to take effect.
    pub(crate) revision: i64,
    /// What logs that it appends to are marked with.
    pub(crate) generation: i64,
}

/// How an attempt to become the server of a database ended.
pub(crate) enum Joined {
    Yes(Node),
    /// Another one is.
    No {
        /// What it is called.
        name: String,
        /// Until when, in microseconds of the database's clock.
        until: i64,
    },
}

/// Tries to become the server of the database.
pub(crate) async fn join(link: &Link, settings: &PostgresSettings) -> Result<Joined, Trouble> {
    link.run("BEGIN").await?;
    link.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let others = link
        .query(
            "SELECT n.name, (extract(epoch FROM l.until) * 1000000)::int8
             FROM node n JOIN lease l ON l.node = n.id
             WHERE n.state < 3 AND clock_timestamp() < l.until ORDER BY l.until DESC LIMIT 1",
            &[],
        )
        .await?;
    if let Some(other) = others.first() {
        link.run("ROLLBACK").await?;
        return Ok(Joined::No { name: other.get(0), until: other.get(1) });
    }
    // Waits for what is under way of one that was only slow, and makes void what it sends later.
    link.run("UPDATE node SET state = 3 WHERE state < 3").await?;
    link.run("DELETE FROM lease; DELETE FROM journal").await?;
    let generation = generation(link).await?;
    let rows = link
        .query(
            "INSERT INTO node (name, state, protocol, lanes) VALUES ($1, 1, $2, 1) RETURNING id, revision",
            &[&settings.name, &PROTOCOL],
        )
        .await?;
    let row = rows.first().ok_or(DatabaseCause::TakenOver)?;
    let node = Node { id: row.get(0), revision: row.get(1), generation };
    link.query(
        "INSERT INTO lease (node, until) VALUES ($1, clock_timestamp() + make_interval(secs => $2))",
        &[&node.id, &settings.lease.as_secs_f64()],
    )
    .await?;
    link.run("COMMIT").await?;
    Ok(Joined::Yes(node))
}

/// Makes void what an earlier connection has under way, waiting for it if need be, and returns the node as it is then.
///
/// # Errors
/// [`DatabaseCause::TakenOver`] if another server has the database now.
pub(crate) async fn resume(
    link: &Link,
    node: Node,
    settings: &PostgresSettings,
) -> Result<Node, Trouble> {
    link.run("BEGIN").await?;
    link.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let rows = link
        .query(
            "UPDATE node SET revision = revision + 1 WHERE id = $1 AND state < 3 RETURNING revision",
            &[&node.id],
        )
        .await?;
    let revision = rows.first().ok_or(DatabaseCause::TakenOver)?.get(0);
    let generation = generation(link).await?;
    link.run("COMMIT").await?;
    renew(link, node, settings.lease).await?;
    Ok(Node { revision, generation, ..node })
}

/// Prolongs the lease.
pub(crate) async fn renew(link: &Link, node: Node, lease: Duration) -> Result<(), Trouble> {
    let renewed = link
        .query(
            "UPDATE lease SET until = clock_timestamp() + make_interval(secs => $2)
             WHERE node = $1 AND EXISTS (SELECT 1 FROM node WHERE id = $1 AND state < 3) RETURNING 1",
            &[&node.id, &lease.as_secs_f64()],
        )
        .await?;
    if renewed.is_empty() { Err(DatabaseCause::TakenOver.into()) } else { Ok(()) }
}

/// Gives the lease back, so that the next server need not wait for its end.
pub(crate) async fn leave(link: &Link, node: Node) -> Result<(), Trouble> {
    link.query("UPDATE node SET state = 3 WHERE id = $1", &[&node.id]).await?;
    Ok(())
}

/// Says whether a transaction of the node was committed.
pub(crate) async fn was_committed(link: &Link, node: Node, number: i64) -> Result<bool, Trouble> {
    let sql = "SELECT 1 FROM journal WHERE node = $1 AND lane = 0 AND n = $2";
    Ok(!link.query(sql, &[&node.id, &number]).await?.is_empty())
}

/// Forgets transactions that nobody will ask for.
pub(crate) async fn forget_before(link: &Link, node: Node, number: i64) -> Result<(), Trouble> {
    let sql = "DELETE FROM journal WHERE node = $1 AND lane = 0 AND n < $2";
    link.query(sql, &[&node.id, &number]).await?;
    Ok(())
}

/// Returns the generation, which rises if the database is not the one that was written to last: it may lack what that one
/// had, so that numbers of messages would be given twice. Within a transaction that holds the lock.
async fn generation(link: &Link) -> Result<i64, Trouble> {
    let rows = link
        .query(
            "UPDATE cluster c SET server = now.server,
                 generation = c.generation + CASE WHEN c.server = now.server THEN 0 ELSE 1 END
             FROM (SELECT system_identifier::text || ':' ||
                       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS server
                   FROM pg_control_system()) AS now
             RETURNING c.generation",
            &[],
        )
        .await?;
    let row = rows.first().ok_or_else(|| {
        Trouble::from(DatabaseCause::Damaged("the table cluster is empty".to_owned()))
    })?;
    Ok(row.get(0))
}
