//! The right to write: one server's, until its lease is over by the database's clock.

use rialto_database::{DatabaseSettings, Joined, Node, Trouble};
use rialto_store::DatabaseCause;

use crate::link::PostgresLink;

/// Keeps those apart that look for a lease, or make the tables, at the same time.
pub(crate) const LOCK: i64 = 0x7269_616c_746f;

/// The protocol between servers that this release speaks.
const PROTOCOL: i32 = 2;

/// What a server says that has the database for itself.
const ALONE: i32 = 1;

/// Tries to become the server of the database.
pub(crate) async fn join(
    link: &PostgresLink,
    settings: &DatabaseSettings,
) -> Result<Joined, Trouble> {
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
    begin(link, settings, ALONE).await
}

/// Tries to become one of the servers of the database.
pub(crate) async fn join_others(
    link: &PostgresLink,
    settings: &DatabaseSettings,
) -> Result<Joined, Trouble> {
    link.run("BEGIN").await?;
    link.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let alone = link
        .query(
            "SELECT n.name, (extract(epoch FROM l.until) * 1000000)::int8
             FROM node n JOIN lease l ON l.node = n.id
             WHERE n.state < 3 AND n.protocol = $1 AND clock_timestamp() < l.until LIMIT 1",
            &[&ALONE],
        )
        .await?;
    if let Some(other) = alone.first() {
        link.run("ROLLBACK").await?;
        return Ok(Joined::No { name: other.get(0), until: other.get(1) });
    }
    link.run(
        "UPDATE node n SET state = 3, died = clock_timestamp() WHERE n.state < 3 AND NOT EXISTS (
             SELECT 1 FROM lease l WHERE l.node = n.id AND clock_timestamp() < l.until)",
    )
    .await?;
    begin(link, settings, PROTOCOL).await
}

/// Adds a node with its lease, and ends the transaction.
async fn begin(
    link: &PostgresLink,
    settings: &DatabaseSettings,
    protocol: i32,
) -> Result<Joined, Trouble> {
    let generation = generation(link).await?;
    let rows = link
        .query(
            "INSERT INTO node (name, state, protocol, lanes) VALUES ($1, 1, $2, 1) RETURNING id, revision",
            &[&settings.name, &protocol],
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
pub(crate) async fn resume(link: &PostgresLink, node: Node) -> Result<Node, Trouble> {
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
    Ok(Node { revision, generation, ..node })
}

/// Returns the generation, which rises if the database is not the one that was written to last: it may lack what that one
/// had, so that numbers of messages would be given twice; ids of logs, nodes and claims then leave out as many. Within a transaction that holds the lock.
async fn generation(link: &PostgresLink) -> Result<i64, Trouble> {
    let rows = link
        .query(
            "UPDATE cluster c SET server = now.server,
                 generation = c.generation + CASE WHEN c.server = now.server THEN 0 ELSE 1 END
             FROM (SELECT system_identifier::text || ':' ||
                       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS server
                   FROM pg_control_system()) AS now, (SELECT server FROM cluster) AS before
             RETURNING c.generation, before.server <> '' AND before.server <> now.server",
            &[],
        )
        .await?;
    let row = rows.first().ok_or_else(|| {
        Trouble::from(DatabaseCause::Damaged("the table cluster is empty".to_owned()))
    })?;
    if row.get(1) {
        // What it lacks may have been given ids.
        link.query(
            "SELECT setval(s.id, nextval(s.id) + 1048576) FROM unnest(ARRAY[
                 pg_get_serial_sequence('log', 'id')::regclass,
                 pg_get_serial_sequence('node', 'id')::regclass, 'claim'::regclass]) AS s(id)",
            &[],
        )
        .await?;
    }
    Ok(row.get(0))
}
