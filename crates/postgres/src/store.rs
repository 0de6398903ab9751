//! The store itself.

use rialto_database::{
    Database, DatabaseSettings, DatabaseStore, DatabaseTarget, DatabaseWalk, Joined, Node, Trouble,
    no_store,
};
use rialto_domain::{Commit, Load, Outcome, Snapshot};
use rialto_store::{
    Cause, Membership, Report, Store, StoreError, StoreReader, StoreTarget, StoreWalk,
};

use crate::{address::Address, check, link::PostgresLink, node, nodes, reads, schema, statements};

/// Keeps everything in a schema of a PostgreSQL database, which no other server may use meanwhile.
///
/// # Limits
/// Names of 2,600 bytes; a page of 512 MiB. Places in logs and times: 2⁶³ - 1.
#[derive(Debug)]
pub struct PostgresStore(DatabaseStore<Postgres>);

impl PostgresStore {
    /// Opens it as [`DatabaseStore::open`] does.
    ///
    /// # Errors
    /// As there.
    pub fn open(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        Ok(PostgresStore(DatabaseStore::open(Postgres::of(settings)?)?))
    }
}

impl Store for PostgresStore {
    fn load(&mut self, load: Load) -> Result<Snapshot, StoreError> {
        self.0.load(load)
    }

    fn commit_all(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        self.0.commit_all(commits)
    }

    fn reader(&self) -> Result<Box<dyn StoreReader>, StoreError> {
        self.0.reader()
    }

    fn membership(&mut self) -> Result<Option<Box<dyn Membership>>, StoreError> {
        self.0.membership()
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
    DatabaseWalk::open(&Postgres::of(settings)?)?.check()
}

/// Begins to read all of a database that no server uses, as [`DatabaseWalk::open_unused`] does.
///
/// # Errors
/// As there.
pub fn open_walk(settings: &DatabaseSettings) -> Result<Box<dyn StoreWalk>, StoreError> {
    Ok(Box::new(DatabaseWalk::open_unused(&Postgres::of(settings)?)?))
}

/// Makes a database ready for a copy of `origin`, as [`DatabaseTarget::open`] does.
///
/// # Errors
/// As there.
pub fn open_target(
    settings: &DatabaseSettings,
    origin: &str,
) -> Result<Box<dyn StoreTarget>, StoreError> {
    Ok(Box::new(DatabaseTarget::open(Postgres::of(settings)?, origin)?))
}

/// A PostgreSQL database.
#[derive(Clone)]
pub(crate) struct Postgres {
    settings: DatabaseSettings,
    address: Address,
}

impl Postgres {
    /// Returns the one that the settings name.
    pub(crate) fn of(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let address = Address::of(settings)
            .map_err(|cause| StoreError::new("opening", None, Cause::Database(cause)))?;
        Ok(Postgres { settings: settings.clone(), address })
    }

    async fn open(&self) -> Result<PostgresLink, Trouble> {
        let link = PostgresLink::open(&self.address).await?;
        link.run(&check::session(&self.settings)).await?;
        Ok(link)
    }
}

impl Database for Postgres {
    type Link = PostgresLink;

    fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }

    async fn connect(&self) -> Result<(PostgresLink, Vec<String>), Trouble> {
        let link = self.open().await?;
        let warnings = check::fitness(&link).await?;
        Ok((link, warnings))
    }

    async fn connect_to_read(&self) -> Result<PostgresLink, Trouble> {
        let mut link = self.open().await?;
        link.parse(&[reads::LOG, reads::CLIENT, reads::CLIENTS, reads::IDS]).await?;
        Ok(link)
    }

    async fn connect_to_belong(&self) -> Result<PostgresLink, Trouble> {
        let mut link = self.open().await?;
        link.parse(&nodes::BELONGING).await?;
        link.parse(&[statements::BEGIN, statements::COMMIT, statements::RENEW]).await?;
        Ok(link)
    }

    async fn connect_to_walk(&self) -> Result<PostgresLink, Trouble> {
        let link = self.open().await?;
        match schema::version(&link, &self.settings.schema).await? {
            None => return Err(no_store()),
            Some((version, oldest)) => {
                schema::require_known(version, oldest)?;
                schema::require_latest(version)?;
            }
        }
        // Whoever reads may be busy with what was read for a while.
        link.run(
            "SET idle_in_transaction_session_timeout = '10min';
             BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
             SELECT 1 FROM cluster",
        )
        .await?;
        Ok(link)
    }

    async fn make_tables(&self, link: &mut PostgresLink) -> Result<(), Trouble> {
        schema::prepare(link, &self.settings.schema).await
    }

    async fn join(&self, link: &mut PostgresLink) -> Result<Joined, Trouble> {
        match self.settings.is_shared {
            true => node::join_others(link, &self.settings).await,
            false => node::join(link, &self.settings).await,
        }
    }

    async fn resume(&self, link: &mut PostgresLink, node: Node) -> Result<Node, Trouble> {
        node::resume(link, node).await
    }
}

#[cfg(test)]
mod tests;
