//! How long items live, as clients write it.

use crate::number::parsed;

/// Milliseconds since the Unix epoch, of a clock that was set by the wall clock once and never steps;
/// where it is said so, of the wall clock itself.
pub type UnixMs = u64;

/// Seconds up to which a time is counted from now; more is a time since the Unix epoch.
const RELATIVE_S_MAX: i64 = 60 * 60 * 24 * 30;

/// A time to live as a client writes it: 0 is for ever, up to 30 days are seconds from now, more are seconds since the
/// Unix epoch, and less than 0 is over at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exptime(i64);

impl Exptime {
    /// An item lives until it is deleted or evicted.
    pub const NEVER: Exptime = Exptime(0);

    /// Reads a decimal number; `None` for anything else.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Exptime> {
        parsed(text).map(Exptime)
    }

    /// Returns the time from which on an item is gone, which may be in the past; `None` is never. The
    /// wall clock, by which times since the Unix epoch are meant, is so far ahead of `now`, or behind.
    #[must_use]
    pub fn ends(self, now: UnixMs, wall_ahead_ms: i64) -> Option<UnixMs> {
        match self.0 {
            0 => None,
            ..0 => Some(0),
            seconds @ 1..=RELATIVE_S_MAX => Some(now.saturating_add(ms(seconds))),
            seconds => Some(ms(seconds).saturating_add_signed(wall_ahead_ms.saturating_neg())),
        }
    }
}

fn ms(seconds: i64) -> UnixMs {
    seconds.unsigned_abs().saturating_mul(1000)
}
