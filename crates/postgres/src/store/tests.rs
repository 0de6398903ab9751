//! The store's duties and its own dangers, on a real server.

use std::time::Duration;

use rialto_store::{Store, conformance};
use rialto_testkit::Postgres;

use crate::{PostgresSettings, PostgresStore};

/// A server, and how many stores were made there: each has a schema of its own.
struct Driver {
    server: Postgres,
    made: u32,
}

impl Driver {
    fn open(&self) -> Box<dyn Store> {
        let settings = settings(&self.server, &format!("store {}", self.made));
        Box::new(PostgresStore::open(&settings).expect("the store opens"))
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
}

#[test]
fn postgres_fulfils_every_duty() {
    conformance::check_all(&mut Driver { server: Postgres::start_in_memory(&[]), made: 0 });
}

fn settings(server: &Postgres, schema: &str) -> PostgresSettings {
    PostgresSettings {
        schema: schema.to_owned(),
        patience: Duration::from_secs(20),
        ..PostgresSettings::new(server.url(), "test")
    }
}
