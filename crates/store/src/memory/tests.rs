use std::time::Duration;

use crate::{MemoryCluster, MemoryStore, Store, conformance};

struct Driver;

impl conformance::Driver for Driver {
    fn create(&mut self) -> Box<dyn Store> {
        Box::new(MemoryStore::default())
    }

    fn reopen(&mut self, _: Box<dyn Store>) -> Option<Box<dyn Store>> {
        None
    }
}

#[derive(Default)]
struct Shared(MemoryCluster);

impl conformance::SharedDriver for Shared {
    fn create(&mut self) -> Box<dyn Store> {
        self.0 = MemoryCluster::default();
        self.join()
    }

    fn join(&mut self) -> Box<dyn Store> {
        Box::new(self.0.join())
    }

    fn pass(&mut self, time: Duration) {
        self.0.pass(time);
    }
}

impl conformance::Driver for Shared {
    fn create(&mut self) -> Box<dyn Store> {
        Box::new(MemoryCluster::default().join())
    }

    fn reopen(&mut self, _: Box<dyn Store>) -> Option<Box<dyn Store>> {
        None
    }
}

#[test]
fn memory_fulfils_every_duty() {
    conformance::check_all(&mut Driver);
}

#[test]
fn memory_that_nodes_share_fulfils_their_duties() {
    conformance::check_shared(&mut Shared::default());
}
