//! Lets clients go a few at a time, so that they do not all connect elsewhere at once.

use std::{pin::pin, time::Duration};

use rialto_domain::CloseReason;
use tokio::time::{MissedTickBehavior, interval};

use crate::hub::Hub;

/// How far groups are apart.
const STEP: Duration = Duration::from_millis(100);

/// Ends all connections of the broker in groups, over so long at most; whatever is left when `hurry` ends is left to
/// others. Where there are few, it takes no longer than one a step.
pub(crate) async fn over(time: Duration, hub: &Hub, hurry: impl Future<Output = ()>) {
    let steps = (time.as_millis() / STEP.as_millis()) as usize;
    if steps == 0 {
        return;
    }
    let mut hurry = pin!(hurry);
    let mut step = interval(STEP);
    // A machine that was busy is not to be made busier.
    step.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let connections = hub.round(|broker| broker.connection_keys());
    tracing::info!(connections = connections.len(), "draining: clients are let go");
    for group in connections.chunks(connections.len().div_ceil(steps).max(1)) {
        tokio::select! {
            biased;
            () = &mut hurry => {
                tracing::info!("draining ends before its time: it was asked for once more");
                return;
            }
            _ = step.tick() => {}
        }
        hub.round(|broker| {
            group.iter().for_each(|connection| broker.close(*connection, CloseReason::Draining));
        });
    }
}
