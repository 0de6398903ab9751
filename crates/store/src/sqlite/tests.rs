use tempfile::TempDir;

use crate::{SqliteSettings, SqliteStore, Store, conformance};

/// Keeps the latest store's directory.
#[derive(Default)]
struct Driver {
    directory: Option<TempDir>,
}

impl Driver {
    fn open(&self) -> Box<dyn Store> {
        let directory = self.directory.as_ref().expect("a store was created").path();
        Box::new(SqliteStore::open(directory, &SqliteSettings::default()).unwrap())
    }
}

impl conformance::Driver for Driver {
    fn create(&mut self) -> Box<dyn Store> {
        self.directory = Some(tempfile::tempdir().unwrap());
        self.open()
    }

    fn reopen(&mut self, store: Box<dyn Store>) -> Option<Box<dyn Store>> {
        drop(store);
        Some(self.open())
    }
}

#[test]
fn sqlite_fulfils_every_duty() {
    conformance::check_all(&mut Driver::default());
}
