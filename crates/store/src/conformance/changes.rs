//! The changes that stores are checked with.

use rialto_domain::{Change, ClientId, Page, PayloadsBuilder, Seen, Sequence, Trim};

/// Returns a page of `count` small messages, or none.
pub(super) fn page(channel: &str, count: u32) -> Page {
    let mut payloads = PayloadsBuilder::default();
    for number in 0..count {
        payloads.push(format!("{{\"number\":{number}}}").as_bytes());
    }
    Page {
        channel: channel.into(),
        publisher: "publisher".into(),
        at: 1_700_000_000_000,
        served: 77,
        count,
        payloads: payloads.finish(),
    }
}

pub(super) fn append(channel: &str, count: u32) -> Change {
    Change::Append(page(channel, count))
}

pub(super) fn append_if_read(channel: &str, count: u32) -> Change {
    Change::AppendIfRead(page(channel, count))
}

pub(super) fn subscribe(client: &str, channel: &str) -> Change {
    Change::Subscribe(client.into(), channel.into())
}

pub(super) fn unsubscribe(client: &str, channel: &str) -> Change {
    Change::Unsubscribe(client.into(), channel.into())
}

pub(super) fn forget(client: &str) -> Change {
    Change::ForgetClient(client.into())
}

pub(super) fn move_cursor(client: &str, channel: &str, floor: Sequence) -> Change {
    Change::MoveCursor(client.into(), channel.into(), floor)
}

pub(super) fn acknowledge(
    client: &str,
    channel: &str,
    stretches: &[(Sequence, Sequence)],
) -> Change {
    Change::Acknowledge(client.into(), channel.into(), stretches.to_vec())
}

pub(super) fn trim(channel: &str, through: Sequence) -> Change {
    Change::Trim(channel.into(), Trim::through(through))
}

pub(super) fn drop_log(channel: &str) -> Change {
    Change::DropLog(channel.into())
}

pub(super) fn put_client(client: &str, seen: u64) -> Change {
    Change::PutClient(ClientId::from(client), self::seen(seen))
}

/// Returns a moment whose parts differ, and neither follows from the other.
pub(super) fn seen(number: u64) -> Seen {
    Seen { at: number ^ 5, served: number }
}
