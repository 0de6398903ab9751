//! Passes on what a store holds, and compares both sides at the end.

use std::collections::BTreeSet;

use rialto_domain::LogId;

use super::{Progress, StoreTarget, Sum, sum::Summing};
use crate::{Cause, Entry, Part, Record, StoreError, StoreWalk, walk_part};

/// Bytes that are copied in one go.
const PORTION_BYTES: usize = 4 << 20;

/// Findings that are told one by one.
const FINDINGS_MAX: usize = 100;

/// What was copied.
#[derive(Debug, Default)]
pub struct Copied {
    /// Of each part, what the source holds, and the target does as well.
    pub sums: Vec<Sum>,
    /// What was left out of the source, or put right, since it is damaged: a sentence each; the first hundred.
    pub findings: Vec<String>,
    /// How many more there are.
    pub findings_left_out: u64,
}

/// What a copy is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It begins, or is taken up: so many bytes of messages are to be copied at most.
    Begun {
        /// In all.
        bytes: u64,
    },
    /// It has copied some of a part.
    Copied {
        /// The part.
        part: Part,
        /// How many records.
        records: u64,
        /// Bytes of messages among them.
        bytes: u64,
    },
    /// It has compared some of both sides.
    Compared {
        /// The part.
        part: Part,
        /// Bytes of messages.
        bytes: u64,
    },
}

/// The logs of a source that are left out since nobody can tell whose they are, and with them what refers to them.
#[derive(Debug, Default)]
struct Nameless(BTreeSet<i64>);

/// Copies what the source holds into the target, from where an earlier copy was cut off, compares both, and makes the target
/// a store. `told` is told of each step.
///
/// What is damaged in the source is left out, as brokers do, and told.
///
/// # Errors
/// When reading or writing fails, or both sides differ in the end ([`Cause::CopyDiffers`]). The target is no store
/// then, and the copy can be taken up by another call.
///
/// # Cost
/// Reads the source twice and the target once; memory for some megabytes of records.
pub fn copy(
    source: &mut dyn StoreWalk,
    target: &mut dyn StoreTarget,
    told: &mut dyn FnMut(Step),
) -> Result<Copied, StoreError> {
    let mut nameless = Nameless::default();
    let mut bytes = 0;
    walk_part(source, Part::Logs, PORTION_BYTES, |entry| {
        match entry.record {
            Some(Record::Log { bytes: held, .. }) => bytes += held,
            _ => _ = nameless.0.insert(entry.key.numbers[0]),
        }
        Ok(())
    })?;
    told(Step::Begun { bytes });
    let begun = target.progress().cloned();
    let first = begun.as_ref().map_or(Part::ALL[0], |progress| progress.part);
    for part in Part::ALL.into_iter().filter(|part| first <= *part) {
        let after = begun.as_ref().filter(|progress| progress.part == part);
        let after = after.and_then(|progress| progress.after.clone());
        copy_part(source, target, &nameless, Progress { part, after }, told)?;
    }
    let mut copied = Copied::default();
    compare(source, &mut *target.walk()?, &nameless, &mut copied, told)?;
    target.finish()?;
    Ok(copied)
}

fn copy_part(
    source: &mut dyn StoreWalk,
    target: &mut dyn StoreTarget,
    nameless: &Nameless,
    mut progress: Progress,
    told: &mut dyn FnMut(Step),
) -> Result<(), StoreError> {
    let part = progress.part;
    loop {
        let entries = source.read(part, progress.after.as_ref(), PORTION_BYTES)?;
        let Some(last) = entries.last() else { return Ok(()) };
        progress.after = Some(last.key.clone());
        let records: Vec<Record> =
            entries.into_iter().filter_map(|entry| nameless.without(entry)).collect();
        target.put(&records, &progress)?;
        let bytes = records.iter().map(message_bytes).sum();
        told(Step::Copied { part, records: records.len() as u64, bytes });
    }
}

/// Sums both sides up, and refuses if they differ.
fn compare(
    source: &mut dyn StoreWalk,
    target: &mut dyn StoreWalk,
    nameless: &Nameless,
    copied: &mut Copied,
    told: &mut dyn FnMut(Step),
) -> Result<(), StoreError> {
    for part in Part::ALL {
        let mut there = Summing::of(part);
        walk_part(source, part, PORTION_BYTES, |mut entry| {
            if let Some(finding) = entry.finding.take() {
                copied.find(finding);
            }
            if let Some(record) = nameless.without(entry) {
                there.add(&record);
                told(Step::Compared { part, bytes: message_bytes(&record) });
            }
            Ok(())
        })?;
        let mut here = Summing::of(part);
        walk_part(target, part, PORTION_BYTES, |entry| {
            entry.record.iter().for_each(|record| here.add(record));
            Ok(())
        })?;
        let (there, here) = (there.finish(), here.finish());
        if there != here {
            let cause =
                Cause::CopyDiffers { part: part.name(), there: there.records, here: here.records };
            return Err(StoreError::new("comparing a copy", None, cause));
        }
        copied.sums.push(there);
    }
    Ok(())
}

fn message_bytes(record: &Record) -> u64 {
    match record {
        Record::Page { page, .. } => page.payloads.as_bytes().len() as u64,
        _ => 0,
    }
}

impl Nameless {
    /// Returns the record of an entry, unless it belongs to a log that is left out.
    fn without(&self, entry: Entry) -> Option<Record> {
        let is_left_out = |log: &LogId| self.0.contains(&log.0.cast_signed());
        entry.record.filter(|record| match record {
            Record::Page { log, .. } | Record::Cursor { log, .. } => !is_left_out(log),
            _ => true,
        })
    }
}

impl Copied {
    fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.findings_left_out += 1;
        }
    }
}
