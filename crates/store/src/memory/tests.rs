use crate::{MemoryStore, Store, conformance};

struct Driver;

impl conformance::Driver for Driver {
    fn create(&mut self) -> Box<dyn Store> {
        Box::new(MemoryStore::default())
    }

    fn reopen(&mut self, _: Box<dyn Store>) -> Option<Box<dyn Store>> {
        None
    }
}

#[test]
fn memory_fulfils_every_duty() {
    conformance::check_all(&mut Driver);
}
