//! Runs the tasks, the contestants taking turns, and prints what came of it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use rialto_bench::feed::Feed;
use rialto_bench::kind::Kind;
use rialto_bench::server::{Places, Server, version};

use crate::meter::Figures;
use crate::table::{Sample, Table};
use crate::task::{CHANNEL, ENTRIES, Entry, Task};

/// Messages under way to a client that is fed: less than async-nats' subscriptions hold (65,536).
const FEED_WINDOW: u64 = 8_192;

/// How to run.
#[derive(Debug)]
pub struct Settings {
    /// Where the servers are.
    pub places: Places,
    /// Runs of each.
    pub repetitions: u16,
    /// What the numbers of messages are divided by.
    pub divisor: u64,
    /// Threads of the client's runtime.
    pub threads: u16,
    /// Names of the tasks; all of them if empty.
    pub only: Vec<String>,
}

/// Runs what the settings say.
///
/// # Errors
/// A server or a client fails, or a message is lost, repeated or reordered.
pub fn run(settings: &Settings) -> Result<()> {
    for name in &settings.only {
        ensure!(ENTRIES.iter().any(|it| it.name == name), "there is no task {name}");
    }
    println!("rialto: {}", version(Kind::Rialto, &settings.places)?);
    println!("nats: {}", version(Kind::Nats, &settings.places)?);
    println!("{} processors, {} threads", thread::available_parallelism()?, settings.threads);
    for entry in ENTRIES {
        if settings.only.is_empty() || settings.only.iter().any(|name| name == entry.name) {
            contend(entry, settings)?;
        }
    }
    Ok(())
}

fn contend(entry: &Entry, settings: &Settings) -> Result<()> {
    let mut samples = Vec::new();
    for repetition in 0..settings.repetitions {
        let mut servers = entry.servers.to_vec();
        // Nobody always runs on the heels of the same other.
        let first = usize::from(repetition) % servers.len();
        servers.rotate_left(first);
        for kind in servers {
            let figures = run_once(entry, kind, settings)
                .with_context(|| format!("{} with {}", entry.name, kind.name()))?;
            samples.push(Sample { kind, figures });
        }
    }
    print!("{}", Table { entry, samples: &samples });
    Ok(())
}

fn run_once(entry: &Entry, kind: Kind, settings: &Settings) -> Result<Figures> {
    let server = Server::start(kind, &settings.places)?;
    let messages = entry.messages / settings.divisor;
    if entry.task.needs_fill() {
        Measured::start(settings, (kind, server.address()), Task::Fill, messages)?.figures()?;
    }
    let measured = Measured::start(settings, (kind, server.address()), entry.task, messages)?;
    if entry.task == Task::Deliver {
        return measured.fed(kind, server.address(), messages);
    }
    measured.figures()
}

/// The process that is measured; it is stopped when this is dropped.
struct Measured {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Measured {
    fn start(
        settings: &Settings,
        (kind, address): (Kind, SocketAddr),
        task: Task,
        messages: u64,
    ) -> Result<Self> {
        let library = if kind == Kind::Rialto { "rialto" } else { "nats" };
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("measured").args(["--library", library]);
        command.args(["--task", &task.to_string(), "--address", &address.to_string()]);
        command.args(["--messages", &messages.to_string()]);
        command.args(["--runtime-threads", &settings.threads.to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("its output is piped")?;
        Ok(Measured { child, lines: BufReader::new(output).lines() })
    }

    /// Waits until the process has ended, and returns what it says.
    fn figures(mut self) -> Result<Figures> {
        self.follow(&AtomicU64::new(0))
    }

    /// As [`figures`](Self::figures), while it is fed.
    fn fed(mut self, kind: Kind, address: SocketAddr, messages: u64) -> Result<Figures> {
        loop {
            let line = self.lines.next().context("it ended without a word")??;
            if line == "ready" {
                break;
            }
        }
        let received = AtomicU64::new(0);
        let feed = Feed { channel: CHANNEL, messages, window: FEED_WINDOW };
        thread::scope(|scope| {
            let feeding = scope.spawn(|| feed.run(kind, address, &received));
            let figures = self.follow(&received);
            match feeding.join() {
                Ok(fed) => fed?,
                Err(_) => bail!("the publisher panicked"),
            }
            figures
        })
    }

    fn follow(&mut self, received: &AtomicU64) -> Result<Figures> {
        for line in &mut self.lines {
            let line = line?;
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["got", count] => received.store(count.parse()?, Ordering::Relaxed),
                ["done", rate, cpu_us] => {
                    ensure!(self.child.wait()?.success(), "it failed behind its figures");
                    return Ok(Figures { rate: rate.parse()?, cpu_us: cpu_us.parse()? });
                }
                ["ready"] => {}
                _ => bail!("it said {line}"),
            }
        }
        bail!("it ended without figures: {}", self.child.wait()?)
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        // One that has ended is only waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
