//! Copies of stores.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rialto_domain::{Load, Snapshot, StoredPage};

use super::{
    changes::{append, subscribe},
    subject::Subject,
    walking::{WalkDriver, fill, read_all},
};
use crate::{
    Cause, Entry, Key, Part, Progress, Record, Store, StoreError, StoreTarget, StoreWalk, copy,
};

/// Makes the targets that are copied to from the stores of a [`WalkDriver`].
pub trait TargetDriver: WalkDriver {
    /// Opens a target for a copy of `source`: a new one, or the one that was opened last.
    ///
    /// # Errors
    /// What the driver refuses it for.
    fn target(&mut self, source: &str, is_new: bool) -> Result<Box<dyn StoreTarget>, StoreError>;

    /// Opens the target that was opened last as a store.
    ///
    /// # Errors
    /// What the driver refuses it for.
    fn open_target(&mut self) -> Result<Box<dyn Store>, StoreError>;
}

const SOURCE: &str = "a store that is copied";

/// A walk that gives little at a time.
struct Slow(Box<dyn StoreWalk>);

/// A target that fails after so many portions, or loses a record.
struct Faulty {
    target: Box<dyn StoreTarget>,
    portions_left: usize,
    loses: Option<Part>,
}

impl StoreWalk for Slow {
    fn read(
        &mut self,
        part: Part,
        after: Option<&Key>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.0.read(part, after, bytes_max.min(2000))
    }
}

impl StoreTarget for Faulty {
    fn progress(&self) -> Option<&Progress> {
        self.target.progress()
    }

    fn put(&mut self, records: &[Record], progress: &Progress) -> Result<(), StoreError> {
        if self.portions_left == 0 {
            return Err(StoreError::new("cutting a copy off", None, Cause::Full));
        }
        self.portions_left -= 1;
        match records {
            [_, rest @ ..] if self.loses == Some(progress.part) => self.target.put(rest, progress),
            all => self.target.put(all, progress),
        }
    }

    fn walk(&mut self) -> Result<Box<dyn StoreWalk>, StoreError> {
        self.target.walk()
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.target.finish()
    }
}

/// What a store gives back, and the pages of each of its logs.
type Content = (Snapshot, Vec<Vec<StoredPage>>);

/// Returns everything that a store gives back.
fn content(subject: &mut Subject) -> Content {
    let snapshot = subject.load();
    let pages = snapshot.logs.iter().map(|log| log.log).collect::<Vec<_>>();
    let pages = pages.into_iter().map(|log| subject.read(log, 1, usize::MAX)).collect();
    (snapshot, pages)
}

/// Makes a store, and returns what it holds, and a walk through it.
fn source(driver: &mut dyn TargetDriver) -> (Content, Box<dyn StoreWalk>) {
    let mut subject = Subject::create(driver);
    fill(&mut subject);
    let content = content(&mut subject);
    drop(subject.reader);
    (content, driver.walk(subject.store))
}

fn refusal<T>(result: Result<T, StoreError>) -> StoreError {
    result.err().expect("it is refused")
}

/// Target, duty 2.
pub(super) fn a_copy_is_the_store_that_it_was_made_of(driver: &mut dyn TargetDriver) {
    let (before, mut walk) = source(driver);
    let mut target = driver.target(SOURCE, true).expect("a target opens");
    let mut steps = 0;
    let copied = copy(&mut *walk, &mut *target, &mut |_| steps += 1).expect("it is copied");
    drop(target);
    assert!(Part::ALL.len() < steps && copied.findings.is_empty(), "{copied:?}");
    let sums: Vec<_> = copied.sums.iter().map(|sum| (sum.part, sum.records)).collect();
    let held = |part| read_all(&mut *walk, part, usize::MAX).len() as u64;
    assert_eq!(
        sums,
        Part::ALL
            .map(held)
            .into_iter()
            .enumerate()
            .map(|(place, count)| (Part::ALL[place], count))
            .collect::<Vec<_>>()
    );
    let messages = before.1.iter().flatten().map(|page| u64::from(page.count)).sum::<u64>();
    assert_eq!(copied.sums[3].messages, messages);

    let store = driver.open_target().expect("the copy is a store");
    let mut subject = Subject::new(store);
    assert_eq!(content(&mut subject), before);
    // Numbers go on, and no id of a log is given again, not even of one that went.
    let (snapshot, _) = before;
    let room = snapshot.logs.iter().find(|log| log.channel.as_str() == "room").expect("a log");
    assert_eq!(subject.append("room", 1), (room.log, room.last + 1));
    let (new, first) = subject.append("new", 1);
    assert!(snapshot.logs.iter().all(|log| log.log < new), "{new:?}");
    assert_eq!(first, 1);
}

/// Target, duties 1 and 3.
pub(super) fn a_copy_that_was_cut_off_is_no_store_and_is_taken_up(driver: &mut dyn TargetDriver) {
    let (before, walk) = source(driver);
    let mut walk = Slow(walk);
    let mut is_new = true;
    let mut cuts = 0;
    for portions_left in [0, 1, 2, 3, 5, 7].into_iter().cycle() {
        let target = driver.target(SOURCE, is_new).expect("the target opens");
        is_new = false;
        let mut target = Faulty { target, portions_left, loses: None };
        match copy(&mut walk, &mut target, &mut |_| ()) {
            Ok(_) => break,
            Err(error) => assert!(matches!(*error.cause, Cause::Full), "{error}"),
        }
        drop(target);
        cuts += 1;
        let error = refusal(driver.open_target());
        assert!(matches!(*error.cause, Cause::Unfinished { .. }), "{error}");
        assert!(error.to_string().contains(SOURCE) && error.is_unusable(), "{error}");
        let error = refusal(driver.target("another one", false));
        assert!(matches!(*error.cause, Cause::Unfinished { .. }), "{error}");
    }
    assert!(3 < cuts, "it was cut off {cuts} times");
    let mut subject = Subject::new(driver.open_target().expect("the copy is a store"));
    assert_eq!(content(&mut subject), before);
}

/// Target, duty 3.
pub(super) fn a_copy_that_differs_is_no_store(driver: &mut dyn TargetDriver) {
    for part in [Part::Clients, Part::Pages, Part::Cursors, Part::Retained, Part::History] {
        let (_, mut walk) = source(driver);
        let target = driver.target(SOURCE, true).expect("a target opens");
        let mut target = Faulty { target, portions_left: usize::MAX, loses: Some(part) };
        let error = refusal(copy(&mut *walk, &mut target, &mut |_| ()));
        assert!(error.to_string().contains(part.name()), "{error}");
        assert!(matches!(*error.cause, Cause::CopyDiffers { .. }), "{error}");
        drop(target);
        let error = refusal(driver.open_target());
        assert!(matches!(*error.cause, Cause::Unfinished { .. }), "{error}");
    }
}

/// Target, duty 4.
pub(super) fn what_is_not_empty_or_in_use_is_refused(driver: &mut dyn TargetDriver) {
    let (_, mut walk) = source(driver);
    let mut target = driver.target(SOURCE, true).expect("a target opens");
    copy(&mut *walk, &mut *target, &mut |_| ()).expect("it is copied");
    drop(target);
    let mut store = driver.open_target().expect("the copy is a store");
    store.load(Load::Heads).expect("it is loaded");
    store.commit(&[subscribe("ada", "hall"), append("hall", 1)]).expect("it is written to");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // Who gives no sign of life does not use it.
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                store.commit(&[append("hall", 1)]).expect("it goes on");
            }
        });
        let error = refusal(driver.target(SOURCE, false));
        is_over.store(true, Ordering::Relaxed);
        assert!(error.to_string().contains("in use by another Rialto"), "{error}");
    });
    drop(store);
    let error = refusal(driver.target(SOURCE, false));
    assert!(matches!(*error.cause, Cause::NotEmpty), "{error}");
    driver.open_target().expect("it is a store still");
}
