//! Looks through all of a store, whatever keeps it.

use std::collections::BTreeMap;

use rialto_domain::{CursorState, LogId, StoredPage};

use crate::{
    Entry, Part, Record, Report, StoreError, StoreWalk,
    report::{LogCheck, is_json},
    walk::walk_part,
};

/// Bytes that are read at a time.
const PORTION_BYTES: usize = 1 << 20;

/// A look through a store under way.
#[derive(Debug, Default)]
struct Examination {
    report: Report,
    logs: BTreeMap<LogId, LogCheck>,
}

/// Reads all of a store, and tells what is not as it was written: what the walk finds itself, what is no JSON, and what does
/// not go together.
///
/// # Errors
/// When it cannot be read to its end.
///
/// # Cost
/// Reads everything once; memory for each log, and for some pages of messages at a time.
pub fn examine(walk: &mut dyn StoreWalk) -> Result<Report, StoreError> {
    let mut examination = Examination::default();
    for part in Part::ALL {
        walk_part(walk, part, PORTION_BYTES, |entry| {
            examination.look(entry);
            Ok(())
        })?;
        if part == Part::Pages {
            let Examination { logs, report, .. } = &mut examination;
            logs.values().for_each(|log| log.finish(report));
        }
    }
    Ok(examination.report)
}

impl Examination {
    fn look(&mut self, Entry { record, finding, .. }: Entry) {
        if let Some(finding) = finding {
            self.report.find(finding);
        }
        match record {
            Some(Record::Log { log, channel, last, trimmed, .. }) => {
                self.logs.insert(log, LogCheck::new(channel, trimmed, last));
            }
            Some(Record::Page { log, page, .. }) => self.look_at_page(log, &page),
            Some(Record::Cursor { log, state, .. }) => self.look_at_cursor(log, &state),
            Some(Record::Retained(channel, retained)) => {
                if self.is_json(&retained.payload, || {
                    format!("the retained message of channel {:?}", channel.as_str())
                }) {
                    self.report.retained += 1;
                }
            }
            Some(Record::History(channel, message)) => {
                let id = message.id;
                if self.is_json(&message.payload, || {
                    format!(
                        "message {}:{} in the history of channel {:?}",
                        id.origin,
                        id.sequence,
                        channel.as_str()
                    )
                }) {
                    self.report.history += 1;
                }
            }
            Some(Record::Counters { .. } | Record::Client(..) | Record::Session(..)) | None => {}
        }
    }

    fn look_at_page(&mut self, log: LogId, page: &StoredPage) {
        let Examination { report, logs, .. } = self;
        // A walk gives no page of a log that it did not give, unless that is damaged.
        let Some(log) = logs.get_mut(&log) else { return };
        let last = page.first + u64::from(page.count) - 1;
        let is_whole = page.payloads.iter().count() == page.count as usize;
        if is_whole && page.payloads.iter().all(is_json) {
            log.page(page.first, last, report);
        } else {
            report.find(format!(
                "a page of the log of {:?}: the page that ends with message {last} is not a sequence \
                 of {} JSON texts",
                log.channel(),
                page.count
            ));
        }
    }

    fn look_at_cursor(&mut self, log: LogId, state: &CursorState) {
        self.report.subscriptions += 1;
        let end = self.logs.get(&log).map_or(u64::MAX, LogCheck::last);
        let makes_sense =
            |(first, last): &(u64, u64)| state.floor < *first && first <= last && *last <= end;
        let senseless = state.acknowledged.iter().filter(|stretch| !makes_sense(stretch)).count();
        if 0 < senseless {
            self.report.find(format!("{senseless} acknowledgements make no sense"));
        }
    }

    fn is_json(&mut self, text: &[u8], what: impl FnOnce() -> String) -> bool {
        let is_json = is_json(text);
        if !is_json {
            self.report.find(format!("{} is no JSON", what()));
        }
        is_json
    }
}
