//! The store's duties and its own dangers, on a real server.

use std::time::Duration;

use rialto_database::{DatabaseSettings, DatabaseWalk};
use rialto_store::{Store, StoreError, StoreWalk, conformance};
use rialto_testkit::Mariadb;

use crate::{MysqlStore, store::Mysql};

/// With which every commit is synced, too.
const BINARY_LOG: [&str; 3] = ["log-bin=log", "sync-binlog=1", "binlog-format=MIXED"];

/// A server, and how many stores were made there: each has a database of its own.
struct Driver {
    server: Mariadb,
    made: u32,
}

impl Driver {
    fn settings(&self) -> DatabaseSettings {
        settings(&self.server, &format!("store {}", self.made))
    }

    fn open(&self) -> Box<dyn Store> {
        Box::new(MysqlStore::open(&self.settings()).expect("the store opens"))
    }
}

impl conformance::Driver for Driver {
    fn create(&mut self) -> Box<dyn Store> {
        self.made += 1;
        self.open()
    }

    fn reopen(&mut self, store: Box<dyn Store>) -> Option<Box<dyn Store>> {
        drop(store);
        Some(self.open())
    }

    fn name_bytes_max(&self) -> usize {
        2600
    }
}

impl conformance::WalkDriver for Driver {
    fn walk(&mut self, store: Box<dyn Store>) -> Box<dyn StoreWalk> {
        drop(store);
        Box::new(walk(&self.settings()).expect("the walk begins"))
    }
}

#[test]
fn mariadb_fulfils_every_duty() {
    conformance::check_all(&mut Driver { server: Mariadb::start_in_memory(&[]), made: 0 });
}

#[test]
fn mariadb_with_a_binary_log_fulfils_every_duty() {
    conformance::check_all(&mut Driver { server: Mariadb::start_in_memory(&BINARY_LOG), made: 0 });
}

#[test]
fn a_walk_through_a_database_fulfils_every_duty() {
    conformance::check_walk(&mut Driver { server: Mariadb::start_in_memory(&[]), made: 0 });
}

fn walk(settings: &DatabaseSettings) -> Result<DatabaseWalk<Mysql>, StoreError> {
    DatabaseWalk::open(&Mysql::of(settings)?)
}

fn settings(server: &Mariadb, database: &str) -> DatabaseSettings {
    DatabaseSettings {
        schema: database.to_owned(),
        patience: Duration::from_secs(20),
        ..DatabaseSettings::new(server.url(), "test")
    }
}
