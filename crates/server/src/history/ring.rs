//! A ring of figures: written by one task, read by anybody, without a lock.

use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};

/// What several series say about each step of some time.
#[derive(Debug)]
pub(super) struct Ring {
    step_ms: u64,
    /// Steps that it holds, one of which may be about to be overwritten.
    slot_count: u64,
    /// The number of the last step that was written, counted from 1970; 0 before the first.
    last: AtomicU64,
    /// For each step all series, beside each other. What is not known is not a number.
    values: Box<[AtomicU32]>,
    series_count: usize,
}

/// A stretch of time without its end, by steps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    /// When the first step began, in milliseconds since 1970.
    pub(crate) from_ms: u64,
    pub(crate) step_ms: u64,
    /// For each series a value a step; `None` where nothing is known.
    pub(crate) values: Vec<Vec<Option<f32>>>,
}

impl Ring {
    /// Makes an empty one for the last so many steps.
    pub(super) fn new(step_ms: u64, count: u64, series_count: usize) -> Self {
        let slot_count = count + 1;
        let unknown = || AtomicU32::new(f32::NAN.to_bits());
        let length = slot_count as usize * series_count;
        let values = std::iter::repeat_with(unknown).take(length).collect();
        Ring { step_ms, slot_count, last: AtomicU64::new(0), values, series_count }
    }

    /// Says whether a step has ended between two moments, the later of which is the present.
    pub(super) fn is_past_step(&self, before_ms: u64, now_ms: u64) -> bool {
        before_ms / self.step_ms < now_ms / self.step_ms
    }

    /// Writes the values of the step that ended last. Nothing is known of those before it that were not
    /// written.
    pub(super) fn write(&self, now_ms: u64, values: impl Iterator<Item = f32>) {
        let step = (now_ms / self.step_ms).saturating_sub(1);
        let last = self.last.load(Relaxed);
        if step <= last {
            return;
        }
        let oldest_gap = (last + 1).max((step + 1).saturating_sub(self.slot_count));
        for gap in oldest_gap..step {
            self.set(gap, std::iter::repeat_n(f32::NAN, self.series_count));
        }
        self.set(step, values);
        self.last.store(step, Release);
    }

    fn set(&self, step: u64, values: impl Iterator<Item = f32>) {
        for (place, value) in self.slot(step).iter().zip(values) {
            place.store(value.to_bits(), Relaxed);
        }
    }

    fn slot(&self, step: u64) -> &[AtomicU32] {
        let begin = (step % self.slot_count) as usize * self.series_count;
        &self.values[begin..begin + self.series_count]
    }

    /// Returns what is known of some series up to the last step that has ended, oldest first.
    pub(super) fn read(&self, now_ms: u64, series: &[usize]) -> Stretch {
        let last = self.last.load(Acquire);
        let end = last.max((now_ms / self.step_ms).saturating_sub(1));
        let first = (end + 2).saturating_sub(self.slot_count);
        let held = (last + 2).saturating_sub(self.slot_count)..=last;
        let read = |&index: &usize| -> Vec<Option<f32>> {
            let value = |step| f32::from_bits(self.slot(step)[index].load(Relaxed));
            let known = |step| Some(step).filter(|step| held.contains(step)).map(value);
            (first..=end).map(|step| known(step).filter(|value| !value.is_nan())).collect()
        };
        let mut values: Vec<_> = series.iter().map(read).collect();
        // What was written meanwhile took the place of the oldest.
        fence(Acquire);
        let overwritten = (self.last.load(Relaxed) + 2).saturating_sub(self.slot_count);
        let lost = overwritten.saturating_sub(first).min(self.slot_count) as usize;
        for series in &mut values {
            series.iter_mut().take(lost).for_each(|value| *value = None);
        }
        Stretch { from_ms: first * self.step_ms, step_ms: self.step_ms, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a value each of two series at a moment.
    fn write(ring: &Ring, now_ms: u64, value: f32) {
        ring.write(now_ms, [value, -value].into_iter());
    }

    #[test]
    fn the_last_steps_are_read_oldest_first() {
        let ring = Ring::new(1000, 3, 2);
        write(&ring, 100_005, 1.0);
        write(&ring, 101_005, 2.0);
        let stretch = ring.read(101_005, &[1, 0]);
        assert_eq!((stretch.from_ms, stretch.step_ms), (98_000, 1000));
        let expected =
            [[None, Some(-1.0), Some(-2.0)].to_vec(), [None, Some(1.0), Some(2.0)].to_vec()];
        assert_eq!(stretch.values, expected);
        write(&ring, 102_999, 3.0);
        write(&ring, 103_000, 4.0);
        let stretch = ring.read(103_000, &[0]);
        assert_eq!(stretch.from_ms, 100_000);
        assert_eq!(stretch.values, [[Some(2.0), Some(3.0), Some(4.0)]]);
    }

    #[test]
    fn steps_that_nobody_wrote_are_gaps() {
        let ring = Ring::new(1000, 3, 2);
        assert_eq!(ring.read(100_000, &[0]).values, [[None; 3]]);
        write(&ring, 100_000, 1.0);
        write(&ring, 102_000, 3.0);
        assert_eq!(ring.read(102_000, &[0]).values, [[Some(1.0), None, Some(3.0)]]);
        // Nor are those since then, if whoever writes is late.
        assert_eq!(ring.read(103_000, &[0]).values, [[None, Some(3.0), None]]);
        assert_eq!(ring.read(103_000, &[0]).from_ms, 100_000);
        // A clock that stands still, and a stop that was longer than the ring.
        write(&ring, 102_000, 9.0);
        assert_eq!(ring.read(102_000, &[0]).values, [[Some(1.0), None, Some(3.0)]]);
        write(&ring, 900_000, 5.0);
        assert_eq!(ring.read(900_000, &[0]).values, [[None, None, Some(5.0)]]);
        assert_eq!(ring.read(900_000, &[0]).from_ms, 897_000);
    }

    #[test]
    fn a_step_ends_between_two_moments_of_different_steps() {
        let ring = Ring::new(10_000, 3, 1);
        assert!(!ring.is_past_step(100_005, 109_999));
        assert!(ring.is_past_step(109_999, 110_000));
    }

    #[test]
    fn whoever_reads_while_it_is_written_gets_what_was_written_in_its_place() {
        let ring = Ring::new(1, 8, 1);
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                (1000..9000_u64).for_each(|now| ring.write(now, std::iter::once((now - 1) as f32)));
            });
            while !writing.is_finished() {
                let Stretch { from_ms, values, .. } = ring.read(0, &[0]);
                for (step, value) in (from_ms..).zip(&values[0]) {
                    assert!(value.is_none_or(|value| value == step as f32), "{step} {value:?}");
                }
            }
        });
    }
}
