//! In which stage changes are carried out.

use std::collections::BTreeSet;

use rialto_domain::{Change, Page, Payloads};

use super::Plan;

fn append(channel: &str) -> Change {
    let payloads = Payloads::single(b"1");
    let (at, served) = (1, 1);
    Change::Append(Page {
        channel: channel.into(),
        publisher: "bob".into(),
        at,
        served,
        count: 1,
        payloads,
    })
}

fn subscribe(client: &str, channel: &str) -> Change {
    Change::Subscribe(client.into(), channel.into())
}

fn move_cursor(client: &str, channel: &str) -> Change {
    Change::MoveCursor(client.into(), channel.into(), 1)
}

/// Says in which stages so many changes of each kind are: subscriptions, pages, moves, clients forgotten.
fn stages(changes: &[Change]) -> Vec<[usize; 4]> {
    let plan = Plan::of(changes.iter(), BTreeSet::new());
    assert_eq!(plan.change_count, changes.len());
    let counts = plan.stages.iter().map(|stage| {
        [stage.subscribes.len(), stage.appends.len(), stage.moves.len(), stage.forgets.len()]
    });
    counts.collect()
}

#[test]
fn changes_that_do_not_concern_each_other_share_a_stage() {
    let changes = [
        append("a"),
        move_cursor("ada", "b"),
        append("a"),
        subscribe("eve", "c"),
        append("c"),
        move_cursor("ada", "a"),
        move_cursor("eve", "a"),
    ];
    assert_eq!(stages(&changes), [[1, 3, 3, 0]]);
}

#[test]
fn what_must_come_later_is_in_a_later_stage() {
    let changes =
        [append("a"), subscribe("eve", "a"), append("a"), move_cursor("eve", "a"), append("b")];
    assert_eq!(stages(&changes), [[0, 2, 0, 0], [1, 1, 1, 0]]);
}

#[test]
fn forgetting_a_client_parts_what_is_before_from_what_is_behind() {
    let forget = |client: &str| Change::ForgetClient(client.into());
    let changes =
        [subscribe("eve", "a"), forget("eve"), forget("ada"), subscribe("eve", "b"), append("c")];
    assert_eq!(stages(&changes), [[1, 0, 0, 2], [1, 1, 0, 0]]);
    assert_eq!(stages(&[forget("eve"), forget("eve")]), [[0, 0, 0, 1]]);
    assert_eq!(stages(&[]), [[0; 4]; 0]);
}
