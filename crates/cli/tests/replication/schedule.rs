//! Random bursts, cuts and repairs.

use super::{
    cluster::{COUNT, Cluster},
    common::{Cut, Dice, number_from, seed_of_the_moment},
};

const STEPS: u64 = 40;

#[test]
fn whatever_is_cut_and_repaired_every_message_comes_once_or_is_counted() {
    let steps = number_from("RIALTO_REPLICATION_STEPS").unwrap_or(STEPS);
    let seed = number_from("RIALTO_REPLICATION_SEED").unwrap_or_else(seed_of_the_moment);
    eprintln!("{steps} steps with RIALTO_REPLICATION_SEED={seed}");
    let mut dice = Dice::new(seed);
    let backlog = *dice.pick(&["0", "2KiB", "100KiB", "16MiB"]);
    let backlog = format!("cluster.backlog_bytes_max={backlog}");
    let Some(mut cluster) = Cluster::try_start(&[&backlog]) else { return };
    cluster.add_all_clients();

    for _ in 0..steps {
        take_a_step(&mut cluster, &mut dice);
    }
    cluster.network.heal_all();
    cluster.expect_all_delivered_or_missed();
    cluster.expect_equal_histories();
}

fn take_a_step(cluster: &mut Cluster, dice: &mut Dice) {
    let pairs: Vec<_> = cluster.network.pairs().collect();
    let (server, pair) = (dice.within(0..COUNT as u64) as usize, *dice.pick(&pairs));
    match dice.within(0..10) {
        0..5 => cluster.publish(&[server], dice.within(1..200)),
        5 => cluster.publish(&[0, 1, 2], dice.within(1..50)),
        6 => cluster.network.cut(pair, *dice.pick(&[Cut::Silent, Cut::Down])),
        7 => cluster.network.heal(pair),
        8 if dice.once_in(4) => {
            for pair in pairs {
                cluster.network.cut(pair, Cut::Silent);
            }
        }
        // What was cut by now may be given up meanwhile.
        9 if dice.once_in(20) => cluster.wait_for_losses(),
        _ => cluster.wait_delivered(&[server], &[server]),
    }
}
