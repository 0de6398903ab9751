//! Measures how fast the SQLite store commits, on the disk of the given directory:
//!
//! ```text
//! cargo run --release -p rialto-store --example commit_rate -- DIRECTORY
//! ```
//!
//! Prints a line for each load: how much was committed a second, and how long a commit took.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::{
    env,
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use rialto_domain::{Change, Page, Payloads, PayloadsBuilder, Trim};
use rialto_store::{Durability, SqliteSettings, SqliteStore, Store, StoreError};

/// How long each load lasts.
const DURATION: Duration = Duration::from_secs(5);

const MESSAGE_BYTES: usize = 150;

/// How many commits a page stays before it is trimmed, where pages are.
const COMMITS_KEPT: u64 = 10;

/// What each commit holds.
struct Load {
    durability: Durability,
    pages: u64,
    messages_a_page: u32,
    channels: u64,
    trimmed: bool,
}

#[rustfmt::skip]
const LOADS: &[Load] = &[
    Load { durability: Durability::Fsync, pages: 1, messages_a_page: 1, channels: 1, trimmed: false },
    Load { durability: Durability::Fsync, pages: 50, messages_a_page: 1, channels: 50, trimmed: false },
    Load { durability: Durability::Fsync, pages: 50, messages_a_page: 100, channels: 50, trimmed: false },
    Load { durability: Durability::Fsync, pages: 50, messages_a_page: 100, channels: 50, trimmed: true },
    Load { durability: Durability::Fsync, pages: 500, messages_a_page: 1, channels: 5000, trimmed: true },
    Load { durability: Durability::Os, pages: 1, messages_a_page: 1, channels: 1, trimmed: false },
    Load { durability: Durability::Os, pages: 50, messages_a_page: 100, channels: 50, trimmed: true },
];

fn main() -> Result<(), Box<dyn Error>> {
    let parent = env::args_os().nth(1).ok_or("usage: commit_rate DIRECTORY")?;
    println!(
        "durability pages messages channels trimmed | commits/s  pages/s messages/s \
         |   p50 ms   p99 ms   max ms"
    );
    for load in LOADS {
        let directory = tempfile::tempdir_in(&parent)?;
        report(load, &measure(directory.path(), load)?);
    }
    Ok(())
}

/// Commits for a while and returns how long each commit took, ascending.
fn measure(directory: &Path, load: &Load) -> Result<Vec<Duration>, StoreError> {
    let settings = SqliteSettings { durability: load.durability, ..SqliteSettings::default() };
    let mut store = SqliteStore::open(directory, &settings)?;
    let payloads = load.payloads();
    let mut took = Vec::new();
    let started = Instant::now();
    while started.elapsed() < DURATION {
        let batch = load.batch(took.len() as u64, &payloads);
        let commit_started = Instant::now();
        store.commit(&batch)?;
        took.push(commit_started.elapsed());
    }
    took.sort_unstable();
    Ok(took)
}

fn report(load: &Load, took: &[Duration]) {
    let commits_a_second = took.len() as f64 / took.iter().sum::<Duration>().as_secs_f64();
    let pages_a_second = commits_a_second * load.pages as f64;
    let ms = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "{:<10} {:>5} {:>8} {:>8} {:<7} | {:>9.0} {:>8.0} {:>10.0} | {:>8.2} {:>8.2} {:>8.2}",
        format!("{:?}", load.durability),
        load.pages,
        u64::from(load.messages_a_page) * load.pages,
        load.channels,
        load.trimmed,
        commits_a_second,
        pages_a_second,
        pages_a_second * f64::from(load.messages_a_page),
        ms(50),
        ms(99),
        ms(100),
    );
}

impl Load {
    fn payloads(&self) -> Payloads {
        let mut payloads = PayloadsBuilder::default();
        for _ in 0..self.messages_a_page {
            payloads.push(&[b'1'; MESSAGE_BYTES]);
        }
        payloads.finish()
    }

    /// Returns the next batch: pages to one channel after the other, and what is to be trimmed.
    fn batch(&self, commits: u64, payloads: &Payloads) -> Vec<Change> {
        let mut changes = Vec::new();
        for number in commits * self.pages..(commits + 1) * self.pages {
            let channel = format!("channel {}", number % self.channels);
            let pages_before = number / self.channels;
            changes.push(Change::Append(Page {
                channel: channel.as_str().into(),
                publisher: "publisher".into(),
                at: number,
                served: number,
                count: self.messages_a_page,
                payloads: payloads.clone(),
            }));
            if self.trimmed && COMMITS_KEPT < pages_before {
                let through = (pages_before - COMMITS_KEPT) * u64::from(self.messages_a_page);
                changes.push(Change::Trim(channel.into(), Trim::through(through)));
            }
        }
        changes
    }
}
