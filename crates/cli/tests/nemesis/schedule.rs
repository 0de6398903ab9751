//! What happens to nodes, database, cables and clocks, and when, by a seed.

use std::time::Duration;

use super::common::{Cut, Dice, Pair};

/// Something that goes wrong, and after a while does not any more.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) at: Duration,
    pub(crate) lasts: Duration,
    pub(crate) what: What,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// A node is killed, and started again in the end.
    Kill(usize),
    /// A node is stopped, and goes on.
    Stop(usize),
    KillDatabase,
    StopDatabase,
    /// A cable.
    Cut(Pair, Cut),
    /// A cable passes little, late, and not all of it.
    Slow(Pair),
    /// A node's clock is so many seconds ahead.
    Clock(usize, i64),
}

/// Makes a schedule of that length for so many nodes, whose hosts come first, then those of the database and of the clients.
pub(crate) fn schedule(dice: &mut Dice, length: Duration, node_count: usize) -> Vec<Trouble> {
    let mut all = Vec::new();
    let mut at = Duration::from_millis(500);
    while at < length {
        let what = roll(dice, node_count);
        let lasts = Duration::from_millis(dice.within(100..longest_ms(what)));
        all.push(Trouble { at, lasts: lasts.min(length - at), what });
        at += Duration::from_millis(dice.within(200..2500));
    }
    all
}

fn roll(dice: &mut Dice, node_count: usize) -> What {
    let node = dice.within(0..node_count as u64) as usize;
    let cuts = [Cut::Silent, Cut::Silent, Cut::FromLower, Cut::FromHigher, Cut::Down];
    match dice.within(0..20) {
        0..4 => What::Kill(node),
        4..8 => What::Stop(node),
        8 => What::KillDatabase,
        9 => What::StopDatabase,
        10..14 => What::Cut((node, node_count), *dice.pick(&cuts)),
        14..16 => What::Cut((node, node_count + 1), *dice.pick(&cuts)),
        16..18 => What::Slow((node, node_count + dice.within(0..2) as usize)),
        _ => What::Clock(node, *dice.pick(&[3600, -3600])),
    }
}

/// Longer than a lease, where that makes a difference.
fn longest_ms(what: What) -> u64 {
    match what {
        What::KillDatabase => 2_000,
        What::StopDatabase | What::Kill(_) => 4_000,
        What::Stop(_) | What::Cut(..) => 10_000,
        What::Slow(_) | What::Clock(..) => 6_000,
    }
}
