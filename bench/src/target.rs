//! The stated targets, as a table, and whether they are met.

use crate::kind::Kind;
use crate::report::Summary;
use crate::suite::Against;

/// A figure that must be reached.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) workload: &'static str,
    bound: Bound,
}

#[derive(Debug)]
enum Bound {
    /// Rate, as a multiple of the peer's.
    RatioAtLeast(f64),
    RateAtLeast(f64),
    /// Memory of the server per connection.
    KibibytesAtMost(f64),
}

/// All targets, in the order they are checked.
pub(crate) const TARGETS: &[Target] = &[
    Target { workload: "w1", bound: Bound::RatioAtLeast(1.2) },
    Target { workload: "w2", bound: Bound::RatioAtLeast(1.7) },
    Target { workload: "w5-50-100", bound: Bound::RatioAtLeast(1.5) },
    Target { workload: "w6-tcp", bound: Bound::KibibytesAtMost(4.0) },
    Target { workload: "w6-ws", bound: Bound::KibibytesAtMost(8.0) },
    Target { workload: "w11", bound: Bound::RatioAtLeast(0.75) },
    Target { workload: "w12", bound: Bound::RatioAtLeast(0.75) },
    Target { workload: "w10", bound: Bound::RateAtLeast(200_000.0) },
];

/// What became of a target.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) is_met: bool,
    /// What was measured, and what was asked for.
    pub(crate) text: String,
}

impl Target {
    /// The servers that must run for the target to be checked.
    pub(crate) fn against(&self) -> Against {
        match self.bound {
            Bound::RatioAtLeast(_) => Against::Both,
            Bound::RateAtLeast(_) | Bound::KibibytesAtMost(_) => Against::RialtoOnly,
        }
    }

    /// Compares the target with what was measured; what was not measured is not met.
    pub(crate) fn check(&self, summary: &Summary<'_>) -> Verdict {
        let (measured, is_met, bound) = match self.bound {
            Bound::RatioAtLeast(least) => {
                let ratio = summary.ratio(|it| it.rate);
                let text = ratio.map(|it| format!("{it:.2} times the peer's rate"));
                (text, ratio >= Some(least), format!("at least {least:.2}"))
            }
            Bound::RateAtLeast(least) => {
                let rate = summary.median(Kind::Rialto, |it| it.rate);
                let text = rate.map(|it| format!("{it:.0} per second"));
                (text, rate >= Some(least), format!("at least {least:.0}"))
            }
            Bound::KibibytesAtMost(most) => {
                let bytes = summary.median(Kind::Rialto, |it| it.connection_bytes);
                let kibibytes = bytes.map(|it| it / 1024.0);
                let text = kibibytes.map(|it| format!("{it:.2} KiB per connection"));
                (text, kibibytes.is_some_and(|it| it <= most), format!("at most {most:.2}"))
            }
        };
        let measured = measured.unwrap_or_else(|| "not measured".to_owned());
        Verdict { is_met, text: format!("{measured}, target {bound}") }
    }
}
