//! How old a count may be: the more there is to count, the older.

use std::time::Duration;

/// So many are counted anew whenever somebody asks.
const FEW: usize = 1024;
/// How long a snapshot of more is fresh, for each entry: counting takes about one part in fifty of the broker's time, however
/// often somebody asks.
const FRESH_FOR_EACH: Duration = Duration::from_micros(40);
/// How long one is fresh at most. Then it serves for half as long again, while another is made.
const FRESH_MAX: Duration = Duration::from_secs(4);
/// How long one is used, whoever reads on in it.
pub(super) const USED_MAX: Duration = Duration::from_secs(6);
/// Whether a snapshot serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    Fresh,
    /// It serves, and another is to be made.
    Ageing,
    Stale,
}

pub(super) fn freshness(count: usize, age: Duration) -> Freshness {
    if count <= FEW {
        return Freshness::Stale;
    }
    let fresh =
        FRESH_FOR_EACH.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)).min(FRESH_MAX);
    if age <= fresh {
        Freshness::Fresh
    } else if age <= fresh * 3 / 2 {
        Freshness::Ageing
    } else {
        Freshness::Stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_anew_and_the_more_there_are_the_older_a_count_may_be() {
        let ms = Duration::from_millis;
        for (count, age, expected) in [
            (0, ms(0), Freshness::Stale),
            (FEW, ms(0), Freshness::Stale),
            (10_000, ms(400), Freshness::Fresh),
            (10_000, ms(600), Freshness::Ageing),
            (10_000, ms(601), Freshness::Stale),
            (100_000, ms(4000), Freshness::Fresh),
            (10_000_000, ms(6000), Freshness::Ageing),
            (10_000_000, ms(6001), Freshness::Stale),
        ] {
            assert_eq!(freshness(count, age), expected, "{count} of {age:?}");
        }
    }
}
