//! What must hold for all actors together.

use std::collections::{HashMap, HashSet};

use super::{
    PUBLISHERS,
    publisher::own_channel,
    stage::Stage,
    subscriber::{Record, Stored},
};
use crate::common::Wire;

/// Checks, while nobody publishes, that no retained message is older than one acknowledged.
pub(crate) fn retained_messages_are_there(stage: &Stage) {
    let mut wire = Wire::online(stage.address, "auditor").unwrap();
    for publisher in 0..PUBLISHERS {
        let channel = own_channel(publisher);
        let sent = stage.update_sent(publisher, &channel, |sent| sent.clone());
        wire.subscribe(&channel).unwrap();
        wire.send(r#"{"hb":{}}"#).unwrap();
        let packet = wire.next().unwrap();
        if packet.get("hbAck").is_some() {
            assert_eq!(sent.retained_acknowledged, 0, "{channel} lost its retained message");
            continue;
        }
        assert_eq!(packet["push"]["rt"], 1, "{packet}");
        let number = packet["push"]["dt"][1].as_u64().unwrap();
        let lawful = sent.retained_acknowledged..=sent.retained_last;
        assert!(lawful.contains(&number), "{channel} retains {number} instead of {lawful:?}");
        assert!(wire.next().unwrap().get("hbAck").is_some());
    }
}

/// Checks that subscribers agree on what each id stands for.
pub(crate) fn every_id_is_one_message(records: &[Record]) {
    let mut all: HashMap<&str, &Stored> = HashMap::new();
    for record in records {
        record.check_beginnings();
        for (id, message) in &record.messages {
            let known = all.entry(id).or_insert(message);
            assert_eq!(*known, message, "{} has another message under {id}", record.name);
        }
    }
}

/// Checks that a message has no more ids than it was sent times: sent again by the broker, it keeps
/// the one it had.
pub(crate) fn messages_sent_once_have_one_id(records: &[Record], stage: &Stage) {
    let mut ids: HashMap<&Stored, HashSet<&str>> = HashMap::new();
    for (id, message) in records.iter().flat_map(|record| &record.messages) {
        ids.entry(message).or_default().insert(id);
    }
    let sent = stage.sent();
    for ((publisher, channel, number), ids) in ids {
        let repeated = &sent[&(*publisher, channel.clone())].repeated;
        let times = 1 + repeated.get(number).copied().unwrap_or_default() as usize;
        assert!(ids.len() <= times, "sent {times} times, has ids {ids:?}: {channel} {number}");
    }
}
