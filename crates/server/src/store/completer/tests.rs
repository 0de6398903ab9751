use std::time::Duration;

use rialto_domain::Change;

use super::{BatchSize, first_round};

fn sizes(messages: &[usize]) -> Vec<BatchSize> {
    let size = |&messages| BatchSize { changes: 1, messages, stored: 0, taken: Duration::ZERO };
    messages.iter().map(size).collect()
}

/// Returns how many messages each round completes.
fn rounds(messages: &[usize]) -> Vec<usize> {
    let batches = sizes(messages);
    let mut rest = batches.as_slice();
    let mut rounds = Vec::new();
    while let Some(part) = first_round(rest) {
        rounds.push(part.iter().map(|size| size.messages).sum());
        rest = &rest[part.len()..];
    }
    rounds
}

#[test]
fn a_commit_is_completed_in_rounds_no_larger_than_a_round_of_packets() {
    assert_eq!(rounds(&[]), [0_usize; 0]);
    assert_eq!(rounds(&[100, 100, 56]), [256]);
    assert_eq!(rounds(&[100, 100, 57, 1]), [200, 58]);
    assert_eq!(rounds(&[100; 50]).len(), 25);
}

#[test]
fn a_batch_is_completed_whole_however_large_it_is() {
    assert_eq!(rounds(&[1000, 1, 1000]), [1000, 1, 1000]);
}

#[test]
fn a_page_counts_its_messages_and_any_other_change_as_one() {
    let page = rialto_domain::Page {
        channel: "room".into(),
        publisher: "ada".into(),
        at: 0,
        served: 0,
        count: 7,
        payloads: rialto_domain::Payloads::default(),
    };
    let changes = [Change::Append(page), Change::ForgetClient("bob".into())];
    let size = BatchSize::of(&changes, Duration::ZERO);
    assert_eq!((size.changes, size.messages, size.stored), (2, 8, 7));
}
