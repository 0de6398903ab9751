//! The power is lost at random moments, over and over; nothing that a commit returned for may be
//! missing, and the store must open.
//!
//! A process works on a store while `recorder.c`, between it and libc, writes down what it asks of
//! its files. From that, `disk.rs` makes what may be left after the power was lost at any moment: what
//! was synced, and of the rest whatever a disk likes. Each such image is opened as any store is, and
//! must hold what a store in memory holds after the same commits: those that returned, and perhaps
//! the one under way. Every so often the next process goes on from such an image.
//!
//! The layer is below SQLite and below what Rust's library does, so the files of both are seen: the
//! database and its log, the mark, the lock, and the directories they are in. A VFS of SQLite's
//! would see SQLite's only.
//!
//! Some 300 losses by default. `RIALTO_POWER_LOSSES=20000` has more, `RIALTO_POWER_SEED` takes up the
//! seed of an earlier run.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod dice;
mod disk;
mod trace;
mod work;

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use rialto_store::{Durability, SqliteSettings, SqliteStore};
use tempfile::TempDir;

use dice::Dice;
use disk::{Disk, Forgetting, Image, Manner};
use trace::Event;
use work::Life;

/// Tells the test that it is the process to be recorded, and what it is to do.
const LIFE: &str = "RIALTO_TEST_POWER_LIFE";
const LOSSES: u64 = 300;
/// Commits of one process, and losses of power that are tried on what it did.
const COMMITS_A_LIFE: u64 = 24;
const LOSSES_A_LIFE: u64 = 20;

#[test]
fn what_was_acknowledged_is_there_after_a_loss_of_power() {
    if let Ok(life) = env::var(LIFE) {
        return Life::live(&life);
    }
    let seed = seed();
    let losses = number_from("RIALTO_POWER_LOSSES").unwrap_or(LOSSES);
    let mut world = World::new(seed, Durability::Fsync);
    for life in 0..losses.div_ceil(LOSSES_A_LIFE) {
        world.live(Forgetting::Nothing, |loss, found| {
            assert!(found.is_all(), "life {life}, {loss}: {found:?}, RIALTO_POWER_SEED={seed}");
        });
    }
}

#[test]
fn a_missing_sync_is_found() {
    let seed = seed();
    for forgetting in [
        Forgetting::Files("-wal"),
        Forgetting::Files(".db"),
        Forgetting::Files(".mark"),
        Forgetting::Directories,
    ] {
        check_found(World::new(seed, Durability::Fsync), forgetting);
    }
    check_found(World::new(seed, Durability::Os), Forgetting::Nothing);
}

#[test]
fn without_a_sync_for_each_commit_only_the_latest_commits_are_lost() {
    let seed = seed();
    let mut world = World::new(seed, Durability::Os);
    for life in 0..4 {
        world.live(Forgetting::Nothing, |loss, found| {
            let is_lawful = matches!(found, Found::All { .. } | Found::Fewer { .. });
            assert!(is_lawful, "life {life}, {loss}: {found:?}, RIALTO_POWER_SEED={seed}");
        });
    }
}

/// Checks that losses of power show what is not synced.
#[track_caller]
fn check_found(mut world: World, forgetting: Forgetting) {
    for _ in 0..200 {
        let mut is_found = false;
        world.live(forgetting, |_, found| is_found |= !found.is_all());
        if is_found {
            return;
        }
    }
    panic!("{forgetting:?} is not found with RIALTO_POWER_SEED={}", world.seed);
}

/// A store over many lives of its process.
struct World {
    seed: u64,
    durability: Durability,
    dice: Dice,
    /// What the next process finds.
    image: Image,
    /// How many commits are in it.
    committed: u64,
}

/// One loss of power.
struct Loss {
    image: Image,
    manner: Manner,
    /// What the store may hold: digests after each commit, and which of them the power was lost
    /// behind.
    digests: Vec<u64>,
    acknowledged: usize,
    first: u64,
}

/// What a store had after a loss of power.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// All that was acknowledged: as many commits of this life.
    All { commits: usize },
    /// Fewer commits than were acknowledged, but whole ones, from the first on.
    Fewer { commits: usize },
    /// It holds something that never was.
    SomethingElse,
    /// It cannot be opened or read.
    Refused(String),
}

impl Found {
    fn is_all(&self) -> bool {
        matches!(self, Found::All { .. })
    }
}

impl World {
    fn new(seed: u64, durability: Durability) -> Self {
        let dice = Dice::of(seed, 1 << 40);
        World { seed, durability, dice, image: Image::new(), committed: 0 }
    }

    /// Has a process work on the store, loses the power at some moments of that, and has what was
    /// found looked at. The next process finds what the last of these losses left.
    fn live(&mut self, forgetting: Forgetting, mut look: impl FnMut(&Loss, &Found)) {
        let mut end = None;
        for loss in self.losses(forgetting) {
            let found = loss.open();
            look(&loss, &found);
            if let Found::All { commits } | Found::Fewer { commits } = found {
                end = Some((loss, commits));
            }
        }
        if let Some((loss, commits)) = end {
            self.committed = loss.first + commits as u64;
            self.image = loss.image;
        }
    }

    fn losses(&mut self, forgetting: Forgetting) -> Vec<Loss> {
        let scratch = scratch();
        let root = scratch.path().join("root");
        fs::create_dir(&root).unwrap();
        disk::write_down(&self.image, &root);
        let disk = Disk::of(&root, &self.image);
        let life = Life {
            seed: self.seed,
            first: self.committed,
            count: COMMITS_A_LIFE,
            durability: self.durability,
        };
        let test = "what_was_acknowledged_is_there_after_a_loss_of_power";
        let events = trace::record(&root, scratch.path(), test, (LIFE, &life.to_text(&root)));
        self.lose_power(disk, &events, forgetting)
    }

    /// Chooses a moment; often one soon after something that happens rarely.
    fn moment_in(&mut self, events: &[Event]) -> usize {
        let is_rare = |event: &Event| {
            !matches!(event, Event::Write { .. } | Event::Acknowledge | Event::Sync { .. })
        };
        let rare: Vec<usize> = (0..events.len()).filter(|it| is_rare(&events[*it])).collect();
        let moment = match self.dice.below(4) {
            0 => self.dice.pick(&rare) + self.dice.below(4),
            1 if self.dice.once_in(2) => events.len() - self.dice.below(4),
            _ => self.dice.below(events.len() + 1),
        };
        moment.min(events.len())
    }

    fn lose_power(
        &mut self,
        mut disk: Disk,
        events: &[Event],
        forgetting: Forgetting,
    ) -> Vec<Loss> {
        let digests = work::expected(self.seed, self.committed, COMMITS_A_LIFE);
        let mut moments: Vec<usize> = (0..LOSSES_A_LIFE).map(|_| self.moment_in(events)).collect();
        moments.sort_unstable();
        let mut losses = Vec::new();
        let mut acknowledged = 0;
        for moment in moments {
            while disk.now() < moment {
                let event = &events[disk.now()];
                acknowledged += usize::from(matches!(event, Event::Acknowledge));
                disk.take(event, forgetting);
            }
            let manner = Manner::by(&mut self.dice, moment);
            let image = disk.lose_power(manner, &mut self.dice);
            let digests = digests.clone();
            losses.push(Loss { image, manner, digests, acknowledged, first: self.committed });
        }
        losses
    }
}

impl Loss {
    /// Opens what is left and looks what is there.
    fn open(&self) -> Found {
        match self.digest() {
            Err(text) => Found::Refused(text),
            Ok(digest) => match self.commits_of(digest) {
                None => Found::SomethingElse,
                Some(commits) if self.acknowledged <= commits => Found::All { commits },
                Some(commits) => Found::Fewer { commits },
            },
        }
    }

    /// Returns after how many of this life's commits a store is as that digest says. Not all
    /// commits change something; the most that may be is what counts.
    fn commits_of(&self, digest: u64) -> Option<usize> {
        let possible = self.digests.iter().take(self.acknowledged + 2);
        possible.enumerate().filter(|(_, other)| **other == digest).map(|(index, _)| index).max()
    }

    fn digest(&self) -> Result<u64, String> {
        let scratch = scratch();
        disk::write_down(&self.image, scratch.path());
        let directory = scratch.path().join("store");
        // A file in memory is not lost with the power on every system, and is worth nothing then.
        if directory.is_dir() && self.acknowledged.is_multiple_of(2) {
            fs::write(directory.join("rialto.db-shm"), [0x5A; 32 << 10]).unwrap();
        }
        let mut store = SqliteStore::open(&directory, &SqliteSettings::default())
            .map_err(|error| error.to_string())?;
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work::digest(&mut store)))
            .map_err(|_| "it cannot be read".to_owned())
    }
}

impl std::fmt::Display for Loss {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{:?} survived behind commit {}",
            self.manner,
            self.first + self.acknowledged as u64
        )
    }
}

/// Returns a directory in memory, where there is one: nothing here waits for a disk.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_path_buf() } else { env::temp_dir() };
    tempfile::tempdir_in::<PathBuf>(parent).unwrap()
}

fn seed() -> u64 {
    number_from("RIALTO_POWER_SEED").unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos())
    })
}

fn number_from(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().expect("it is a number"))
}
