use rialto_broker::ReadRequest;
use rialto_domain::{ClientId, ClientState, FailureKind, LogEntry, LogId, StoredClient, StoredId};
use rialto_store::{Cause, StoreError, StoreReader};

use super::Reader;

/// A reader that finds what it is told to.
struct Found(Vec<Result<Vec<LogEntry>, FailureKind>>);

impl StoreReader for Found {
    fn client(&mut self, _: &ClientId) -> Result<Option<ClientState>, StoreError> {
        unreachable!("no client is asked for")
    }

    fn clients(&mut self, _: &ClientId, _: usize) -> Result<Vec<StoredClient>, StoreError> {
        unreachable!("no clients are asked for")
    }

    fn ids(&mut self, _: &ClientId, _: usize) -> Result<Vec<StoredId>, StoreError> {
        unreachable!("no ids are asked for")
    }

    fn read(&mut self, _: LogId, _: u64, _: usize) -> Result<Vec<LogEntry>, StoreError> {
        self.0.remove(0).map_err(|kind| {
            let cause = Box::new(Cause::Damaged("torn".into()));
            StoreError { kind, during: "reading", path: None, cause }
        })
    }
}

#[test]
fn what_a_read_came_to_is_handed_on_by_its_kind() {
    let request = ReadRequest {
        client: Default::default(),
        connection: Default::default(),
        channel: Default::default(),
        log: LogId(1),
        from: 1,
        through: 9,
        bytes_max: 1,
    };
    let found = vec![
        Err(FailureKind::Transient),
        Err(FailureKind::Corrupt),
        Err(FailureKind::Corrupt),
        Ok(vec![LogEntry::Damaged { first: 4, last: 4 }]),
    ];
    let mut reader = Reader::new(Box::new(Found(found.clone())));
    for (expected, is_told) in found.into_iter().zip([false, true, true, false]) {
        assert_eq!(reader.read(request.log, request.from, request.bytes_max), expected);
        assert_eq!(reader.unreadable.contains(&LogId(1)), is_told, "a log is told of once");
    }
}
