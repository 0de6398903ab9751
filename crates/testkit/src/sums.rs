//! The sums of the broker's counters that come out even, as its manual has them.

use serde_json::Value;

/// Each side of each sum: what came in, and what became of it.
const SUMS: [(&[&str], &[&str]); 4] = [
    (&["received"], &["published", "publish_refused", "publish_waiting"]),
    (&["published", "relayed"], &["answered", "routed", "discarded"]),
    (
        &["deliveries"],
        &[
            "delivered",
            "deliveries_waiting",
            "dropped_slow",
            "dropped_closed",
            "dropped_absent",
            "dropped_expired",
            "dropped_dialect",
        ],
    ),
    (
        &["log_found", "stored"],
        &["log_held", "log_acknowledged", "log_unread", "dropped_log", "dropped_damaged"],
    ),
];

/// Expects that what came in and what became of it come out even in the answer of `$stats` or of the
/// HTTP API.
#[track_caller]
pub fn expect_even_sums(stats: &Value) {
    let total = |names: &[&str]| -> u64 {
        names.iter().map(|name| stats[name].as_u64().expect("a counter of that name")).sum()
    };
    for (one, other) in SUMS {
        assert_eq!(total(one), total(other), "{one:?} = {other:?}: {stats:#}");
    }
}
