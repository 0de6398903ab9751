//! Whether a database is fit to keep what is acknowledged.

use std::{collections::HashMap, time::SystemTime};

use rialto_database::{DatabaseSettings, Found, Row, Trouble, clock_warning, look, unfit};
use rialto_store::{Cause, DatabaseCause, StoreError};

use crate::{address::Address, link::MysqlLink, schema};

/// Below this, pages of messages as a broker takes them by default may be longer than what the server takes.
const PACKET_BYTES_MIN: usize = 16 << 20;

/// What a server is asked about itself.
const VARIABLES: &str = "
    SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'innodb_flush_log_at_trx_commit', 'log_bin',
        'sync_binlog', 'binlog_format', 'max_allowed_packet', 'innodb_doublewrite', 'read_only',
        'innodb_read_only', 'rpl_semi_sync_master_enabled', 'hostname', 'port', 'server_id', 'server_uuid')";

/// What a server says about itself.
pub(crate) struct Server {
    variables: HashMap<String, String>,
}

impl Server {
    pub(crate) async fn ask(link: &mut MysqlLink) -> Result<Self, Trouble> {
        let rows = link.rows(VARIABLES, &[]).await?;
        let variables = rows.iter().map(|row| (row.text(0), row.text(1)));
        Ok(Server { variables: variables.collect() })
    }

    fn get(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }

    fn is_on(&self, name: &str) -> bool {
        matches!(self.get(name), "ON" | "1")
    }

    pub(crate) fn is_mariadb(&self) -> bool {
        self.get("version").contains("MariaDB")
    }

    /// Says whether what others see of a transaction is synced: with a binary log, whose sync comes first.
    pub(crate) fn has_binary_log(&self) -> bool {
        self.is_on("log_bin")
    }

    /// Returns its name and version.
    fn name(&self) -> String {
        let kind = if self.is_mariadb() { "MariaDB" } else { "MySQL" };
        let version = self.get("version");
        format!("{kind} {}", version.split("-MariaDB").next().unwrap_or(version))
    }

    /// Returns what tells it from other servers.
    pub(crate) fn identity(&self) -> String {
        let uuid = self.get("server_uuid");
        if !uuid.is_empty() {
            return uuid.to_owned();
        }
        format!("{}:{}:{}", self.get("hostname"), self.get("port"), self.get("server_id"))
    }

    fn number(&self, name: &str) -> usize {
        self.get(name).parse().unwrap_or(0)
    }

    fn version(&self) -> (u32, u32) {
        let mut parts = self.get("version").split(['.', '-']);
        let mut part = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
        (part(), part())
    }
}

/// Connects to the database that the settings name and looks whether it can be used; changes nothing there.
///
/// # Errors
/// Why it cannot be used.
pub fn check_connection(settings: &DatabaseSettings) -> Result<Found, StoreError> {
    let error = |cause| StoreError::new("looking at the database", None, cause);
    let address = Address::of(settings).map_err(|cause| error(Cause::Database(cause)))?;
    look(settings.patience * 2, async {
        let (mut link, server) = connect(&address, true).await?;
        let warnings = fitness(&mut link, &server).await?;
        let has_database = schema::enter(&mut link, &address.database).await?;
        let version = if has_database { schema::version(&mut link).await? } else { None };
        if version.is_none() {
            may_create(&mut link, &address.database).await?;
        }
        Ok(Found {
            server: server.name(),
            is_encrypted: address.is_encrypted,
            schema_version: version.map(|(version, _)| version),
            warnings,
        })
    })
}

/// Connects to the first host that can be reached, and written to if need be, and sets the session up.
pub(crate) async fn connect(
    address: &Address,
    is_to_write: bool,
) -> Result<(MysqlLink, Server), Trouble> {
    let mut failure = None;
    for host in &address.hosts {
        match connect_to(host.clone(), is_to_write).await {
            Ok(connected) => return Ok(connected),
            Err(trouble) => failure = Some(trouble),
        }
    }
    Err(failure.unwrap_or_else(|| unfit("the store's URL names no host")))
}

async fn connect_to(
    host: mysql_async::Opts,
    is_to_write: bool,
) -> Result<(MysqlLink, Server), Trouble> {
    let mut link = MysqlLink::open(host).await?;
    // What waits for a lock gives up before we do. Values are bytes, whatever they are, and wrong ones are errors.
    link.run(
        "SET NAMES binary;
         SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_BACKSLASH_ESCAPES',
             time_zone = '+00:00', autocommit = 1, innodb_lock_wait_timeout = 3, lock_wait_timeout = 3;
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    )
    .await?;
    let server = Server::ask(&mut link).await?;
    link.set_packet_bytes_max(server.number("max_allowed_packet"));
    if is_to_write && (server.is_on("read_only") || server.is_on("innodb_read_only")) {
        let text = "the server is read-only".to_owned();
        return Err(Trouble { is_broken: true, ..DatabaseCause::Busy(text).into() });
    }
    Ok((link, server))
}

/// Has the server let go of the locks of a connection that was cut off, by itself.
pub(crate) async fn let_go(link: &mut MysqlLink, server: &Server) -> Result<(), Trouble> {
    let limit = if server.is_mariadb() { "idle_transaction_timeout" } else { "wait_timeout" };
    link.run(&format!("SET SESSION {limit} = 10")).await
}

/// Refuses a server that does not keep what it commits; returns what should be otherwise.
pub(crate) async fn fitness(link: &mut MysqlLink, server: &Server) -> Result<Vec<String>, Trouble> {
    if server.version() < if server.is_mariadb() { (10, 5) } else { (8, 0) } {
        return Err(unfit(
            "the database server is older than MySQL 8.0 or MariaDB 10.5: use one of these or a later one",
        ));
    }
    // 3 is the 1 of MariaDB with one sync more.
    if !matches!(server.get("innodb_flush_log_at_trx_commit"), "1" | "3") {
        return Err(unfit(
            "the database server does not sync what it commits, so that what is acknowledged may be lost: set \
             innodb_flush_log_at_trx_commit = 1",
        ));
    }
    if server.has_binary_log() && server.number("sync_binlog") != 1 {
        return Err(unfit(
            "the database server does not sync its binary log at each commit, so that what is acknowledged may be \
             lost: set sync_binlog = 1",
        ));
    }
    if server.has_binary_log() && server.get("binlog_format") == "STATEMENT" {
        return Err(unfit(
            "the database server has binlog_format = STATEMENT, with which it takes no transactions of ours: set it \
             to ROW or MIXED",
        ));
    }
    let mut warnings = settings_warnings(server);
    warnings.extend(replica_warning(link, server).await?);
    let began = SystemTime::now();
    let clock = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)";
    let rows = link.rows(clock, &[]).await?;
    let there = rows.first().and_then(|row| row.number(0)).unwrap_or(0);
    warnings.extend(clock_warning(began, SystemTime::now(), there));
    Ok(warnings)
}

fn settings_warnings(server: &Server) -> Vec<String> {
    let mut warnings = Vec::new();
    if server.get("innodb_doublewrite") == "OFF" {
        warnings.push(
            "the database server has innodb_doublewrite = OFF: unless its file system never writes a part of a \
             page, turn it on"
                .to_owned(),
        );
    }
    if !server.has_binary_log() {
        warnings.push(
            "the database server has no binary log: a replica cannot follow it, and each log of messages leaves out \
             a million numbers whenever it starts anew (docs/stores.md)"
                .to_owned(),
        );
    }
    let packet = server.number("max_allowed_packet");
    if packet < PACKET_BYTES_MIN {
        warnings.push(format!(
            "the database server has max_allowed_packet = {packet}: what is longer cannot be stored; set it to \
             16M or more"
        ));
    }
    warnings
}

/// Warns of replicas that commits do not wait for, where the server tells of its replicas.
async fn replica_warning(link: &mut MysqlLink, server: &Server) -> Result<Option<String>, Trouble> {
    let rows =
        link.rows("SHOW GLOBAL STATUS WHERE Variable_name = 'Slaves_connected'", &[]).await?;
    let count = rows.first().and_then(|row| row.number(1)).unwrap_or(0);
    let is_waited_for = server.is_on("rpl_semi_sync_master_enabled");
    Ok((0 < count && !is_waited_for).then(|| {
        "the database has replicas that it does not wait for: a failover may lose acknowledged messages \
         (docs/stores.md)"
            .to_owned()
    }))
}

/// Refuses a user that could not make the tables, as far as that can be told: what roles may do is not listed.
async fn may_create(link: &mut MysqlLink, database: &str) -> Result<(), Trouble> {
    let rows = link
        .rows(
            "SELECT 1 FROM information_schema.schema_privileges
             WHERE privilege_type = 'CREATE' AND ? LIKE table_schema
             UNION SELECT 1 FROM information_schema.user_privileges WHERE privilege_type = 'CREATE'
             UNION SELECT 1 FROM DUAL WHERE COALESCE(CURRENT_ROLE(), 'NONE') <> 'NONE'",
            &[database.into()],
        )
        .await?;
    if rows.is_empty() {
        return Err(unfit(
            "the store's user may not make the tables: GRANT ALL ON the database TO it (docs/stores.md)",
        ));
    }
    Ok(())
}
