//! The database while subscribers keep up.

use std::{fs, path::Path};

use serde_json::json;

use super::{acknowledge_all, launch, online, until};
use crate::common::{frames, page_count, publish_stored};

const BATCH_COUNT: u64 = 100;
const BATCHES: u64 = 200;
const PAYLOAD_BYTES: usize = 1000;
/// The write-ahead log at its usual size, and as much again for the rest.
const DATABASE_BYTES_MAX: u64 = 24 << 20;

#[test]
fn the_database_does_not_grow_while_its_subscriber_keeps_up() {
    let mut broker = launch().start();
    let data_dir = broker.data_dir();
    let mut ada = online(&broker, "ada");
    ada.subscribe_for_good("room");
    let mut bob = online(&broker, "bob");
    let payload = json!("x".repeat(PAYLOAD_BYTES));
    for _ in 0..BATCHES {
        bob.send_raw(&frames((0..BATCH_COUNT).map(|id| publish_stored("room", &payload, id))));
        for id in 0..BATCH_COUNT {
            bob.expect(json!({"pubAck": {"st": 1, "id": id.to_string()}}));
        }
        let take = |_| ada.recv()["push"]["id"].as_str().unwrap().to_owned();
        let ids: Vec<String> = (0..BATCH_COUNT).map(take).collect();
        acknowledge_all(&mut ada, &ids);
    }
    let bytes = bytes_in(&data_dir);
    assert!(bytes < DATABASE_BYTES_MAX, "{bytes} bytes are in the directory");

    // Rows of what is acknowledged are removed by the commits that follow.
    until("all rows with acknowledged messages are gone", || {
        bob.send(publish_stored("other", 1, "other"));
        bob.expect(r#"{"pubAck":{"st":1,"id":"other"}}"#);
        bob.send(r#"{"pub":{"cn":"lamp","dt":1,"rt":1,"q":1,"id":"lamp"}}"#);
        bob.expect(r#"{"pubAck":{"st":1,"id":"lamp"}}"#);
        (page_count(&data_dir) == 0).then_some(())
    });
    assert!(broker.terminate().0.success());
    let bytes = bytes_in(&data_dir);
    assert!(bytes < DATABASE_BYTES_MAX / 2, "{bytes} bytes are left in the directory");
}

fn bytes_in(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}
