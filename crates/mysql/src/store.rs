//! The store itself.

use rialto_database::{
    Database, DatabaseSettings, DatabaseStore, DatabaseTarget, DatabaseWalk, Joined, Node, Trouble,
    no_store,
};
use rialto_domain::{Commit, Load, Outcome, Snapshot};
use rialto_store::{
    Cause, DatabaseCause, Report, Store, StoreError, StoreReader, StoreTarget, StoreWalk,
};

use crate::{address::Address, check, link::MysqlLink, node, schema};

/// Keeps everything in a MySQL or MariaDB database, which no other server may use meanwhile.
///
/// # Limits
/// Names of 2,600 bytes; a page of half of what the server takes as `max_allowed_packet`. Places in logs and times: 2⁶³ - 1.
#[derive(Debug)]
pub struct MysqlStore(DatabaseStore<Mysql>);

impl MysqlStore {
    /// Opens it as [`DatabaseStore::open`] does.
    ///
    /// # Errors
    /// As there.
    pub fn open(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        Ok(MysqlStore(DatabaseStore::open(Mysql::of(settings)?)?))
    }
}

impl Store for MysqlStore {
    fn load(&mut self, load: Load) -> Result<Snapshot, StoreError> {
        self.0.load(load)
    }

    fn commit_all(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        self.0.commit_all(commits)
    }

    fn reader(&self) -> Result<Box<dyn StoreReader>, StoreError> {
        self.0.reader()
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.0.close()
    }
}

/// Reads all of a database, whether or not a server uses it, as [`DatabaseWalk::check`] does.
///
/// # Errors
/// As there.
pub fn check_store(settings: &DatabaseSettings) -> Result<Report, StoreError> {
    DatabaseWalk::open(&Mysql::of(settings)?)?.check()
}

/// Begins to read all of a database that no server uses, as [`DatabaseWalk::open_unused`] does.
///
/// # Errors
/// As there.
pub fn open_walk(settings: &DatabaseSettings) -> Result<Box<dyn StoreWalk>, StoreError> {
    Ok(Box::new(DatabaseWalk::open_unused(&Mysql::of(settings)?)?))
}

/// Makes a database ready for a copy of `origin`, as [`DatabaseTarget::open`] does.
///
/// # Errors
/// As there.
pub fn open_target(
    settings: &DatabaseSettings,
    origin: &str,
) -> Result<Box<dyn StoreTarget>, StoreError> {
    Ok(Box::new(DatabaseTarget::open(Mysql::of(settings)?, origin)?))
}

/// A MySQL or MariaDB database.
#[derive(Clone)]
pub(crate) struct Mysql {
    settings: DatabaseSettings,
    address: Address,
}

impl Mysql {
    /// Returns the one that the settings name.
    pub(crate) fn of(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let address = Address::of(settings)
            .map_err(|cause| StoreError::new("opening", None, Cause::Database(cause)))?;
        Ok(Mysql { settings: settings.clone(), address })
    }
}

impl Database for Mysql {
    type Link = MysqlLink;

    fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }

    async fn connect(&self) -> Result<(MysqlLink, Vec<String>), Trouble> {
        let (mut link, server) = check::connect(&self.address, true).await?;
        let warnings = check::fitness(&mut link, &server).await?;
        check::let_go(&mut link, &server).await?;
        schema::enter(&mut link, &self.address.database).await?;
        Ok((link, warnings))
    }

    async fn connect_to_read(&self) -> Result<MysqlLink, Trouble> {
        // Of the server that is written to, since a replica may lag behind.
        let (mut link, _) = check::connect(&self.address, true).await?;
        schema::enter(&mut link, &self.address.database).await?;
        Ok(link)
    }

    async fn connect_to_walk(&self) -> Result<MysqlLink, Trouble> {
        let (mut link, _) = check::connect(&self.address, false).await?;
        if !schema::enter(&mut link, &self.address.database).await? {
            return Err(no_store());
        }
        match schema::version(&mut link).await? {
            None => return Err(no_store()),
            Some((version, oldest)) => {
                schema::require_known(version, oldest)?;
                schema::require_latest(version)?;
            }
        }
        link.run(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
             START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        )
        .await?;
        Ok(link)
    }

    async fn make_tables(&self, link: &mut MysqlLink) -> Result<(), Trouble> {
        schema::prepare(link, &self.address.database).await
    }

    async fn join(&self, link: &mut MysqlLink) -> Result<Joined, Trouble> {
        if self.settings.is_shared {
            let text = "only a PostgreSQL database can be shared by several servers";
            return Err(DatabaseCause::Unfit(text.to_owned()).into());
        }
        node::join(link, &self.settings).await
    }

    async fn resume(&self, link: &mut MysqlLink, node: Node) -> Result<Node, Trouble> {
        node::resume(link, node).await
    }
}

#[cfg(test)]
mod tests;
