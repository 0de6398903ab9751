//! The command line, and what it sets going.

use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::kind::Kind;
use crate::report::{self, Summary};
use crate::server::{self, Places};
use crate::suite::{self, Against, Sample, Settings};
use crate::target::TARGETS;
use crate::workload::{Size, WORKLOADS, Workload};

const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Measures Rialto beside nats-server: real processes, real sockets, every message checked.
#[derive(Debug, Parser)]
#[command(name = "rialto-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Measure and print a table (the default).
    Run,
    /// Run what the stated targets need and print PASS or FAIL for each.
    Targets,
    /// List the workloads.
    List,
}

/// A database that a broker may store in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SharedStore {
    Postgres,
    Mariadb,
}

#[derive(Debug, Args)]
struct Options {
    /// Rialto's program.
    #[arg(long, global = true, value_name = "PATH", default_value = "target/release/rialto")]
    rialto: PathBuf,

    /// nats-server's program.
    #[arg(long, global = true, value_name = "PATH", default_value = server::NATS_SERVER)]
    nats_server: PathBuf,

    /// Runs of each workload against each server; tables show medians.
    #[arg(long, global = true, value_name = "N", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    reps: u16,

    /// One repetition with a twentieth of the messages: does it work at all?
    #[arg(long, global = true)]
    quick: bool,

    /// Workloads to run, by name or family: w1,w5 (w5 being w5-1-1 and so on).
    #[arg(long, global = true, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,

    /// Print JSON lines instead of a table.
    #[arg(long, global = true)]
    json: bool,

    /// Leave nats-server out.
    #[arg(long, global = true, conflicts_with = "no_rialto")]
    no_nats: bool,

    /// Leave Rialto out.
    #[arg(long, global = true)]
    no_rialto: bool,

    /// For workloads that store: also a Rialto that stores in a database, which is started for it.
    #[arg(long, global = true, value_name = "STORES", value_delimiter = ',')]
    stores: Vec<SharedStore>,

    /// For workloads that store: also JetStream with sync_interval: always, which nats-server has since 2.10.
    #[arg(long, global = true)]
    jetstream_sync: bool,

    /// Where the servers' data goes; on a disk, or durable figures mean nothing.
    #[arg(long, global = true, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
}

/// Does what the command line says; returns whether all went well.
///
/// # Errors
/// When nothing could be measured at all.
pub fn run() -> Result<bool> {
    let cli = Cli::parse();
    let result = match cli.command.unwrap_or(Command::Run) {
        Command::Run => measure(&cli.options),
        Command::Targets => check_targets(&cli.options),
        Command::List => list(),
    };
    match result {
        Err(error) if is_broken_pipe(&error) => Ok(true),
        result => result,
    }
}

fn measure(options: &Options) -> Result<bool> {
    let settings = options.settings();
    let workloads = options.workloads()?;
    let mut bench = Bench::start(options, &settings)?;
    for workload in workloads {
        bench.run(workload, &settings)?;
    }
    Ok(bench.failures == 0)
}

fn check_targets(options: &Options) -> Result<bool> {
    if options.no_nats || options.no_rialto {
        bail!("the targets need both servers: leave out --no-nats and --no-rialto");
    }
    let mut settings = options.settings();
    let mut bench = Bench::start(options, &settings)?;
    let mut lines = Vec::new();
    let mut are_met = true;
    for target in TARGETS {
        let mut found = WORKLOADS.iter().filter(|it| it.name == target.workload);
        let workload = found.next().context("a target names a workload")?;
        if !options.selects(workload) {
            continue;
        }
        settings.against = target.against();
        bench.run(workload, &settings)?;
        let verdict = target.check(&Summary::new(workload, &bench.samples));
        are_met &= verdict.is_met;
        lines.push((target.workload, verdict));
    }
    let mut out = io::stdout().lock();
    for (name, verdict) in lines {
        let word = if verdict.is_met { "PASS" } else { "FAIL" };
        if options.json {
            writeln!(out, "{}", json!({"target": name, "verdict": word, "text": verdict.text}))?;
        } else {
            writeln!(out, "{word} {name}: {}", verdict.text)?;
        }
    }
    Ok(are_met && bench.failures == 0)
}

fn list() -> Result<bool> {
    let mut out = io::stdout().lock();
    for Workload { name, title, unit, .. } in WORKLOADS {
        writeln!(out, "{name:<10} {title} ({unit})")?;
    }
    Ok(true)
}

impl Options {
    fn settings(&self) -> Settings {
        let against = match (self.no_nats, self.no_rialto) {
            (true, _) => Against::RialtoOnly,
            (_, true) => Against::PeerOnly,
            _ => Against::Both,
        };
        let stores = self.stores.iter().map(|store| match store {
            SharedStore::Postgres => Kind::RialtoPostgres,
            SharedStore::Mariadb => Kind::RialtoMariadb,
        });
        let synced = self.jetstream_sync.then_some(Kind::JetStreamSynced);
        Settings {
            also: stores.chain(synced).collect(),
            places: Places {
                rialto: self.rialto.clone(),
                nats: self.nats_server.clone(),
                scratch: self.scratch.clone(),
            },
            repetitions: if self.quick { 1 } else { usize::from(self.reps) },
            size: if self.quick { Size::Quick } else { Size::Full },
            against,
        }
    }

    fn selects(&self, workload: &Workload) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| workload.is_named(word))
    }

    fn workloads(&self) -> Result<Vec<&'static Workload>> {
        for word in &self.only {
            if !WORKLOADS.iter().any(|it| it.is_named(word)) {
                bail!("--only: no workload is called {word}; `rialto-bench list` shows them");
            }
        }
        Ok(WORKLOADS.iter().filter(|it| self.selects(it)).collect())
    }
}

/// A session of measuring: what was found, and how it is shown.
struct Bench {
    is_json: bool,
    samples: Vec<Sample>,
    failures: usize,
}

impl Bench {
    /// Checks that what is to be measured is there, and prints what it is.
    fn start(options: &Options, settings: &Settings) -> Result<Self> {
        raise_descriptor_limit()?;
        let mut machine = json!({"processors": thread::available_parallelism()?.get()});
        for (kind, against) in
            [(Kind::Rialto, Against::PeerOnly), (Kind::Nats, Against::RialtoOnly)]
        {
            if settings.against != against {
                machine[kind.name()] = Value::String(server::version(kind, &settings.places)?);
            }
        }
        if rustix::fs::statfs(&settings.places.scratch)?.f_type == TMPFS_MAGIC {
            eprintln!("warning: --scratch is in memory; durable figures (w5, w10) mean nothing");
        }
        if options.json {
            writeln!(io::stdout().lock(), "{machine}")?;
        } else {
            eprintln!("{machine}");
        }
        Ok(Bench { is_json: options.json, samples: Vec::new(), failures: 0 })
    }

    fn run(&mut self, workload: &'static Workload, settings: &Settings) -> Result<()> {
        let Bench { is_json, samples, failures } = self;
        let mut printed = Ok(());
        let on_sample = |sample: Sample| {
            eprintln!("{}", report::sample_line(&sample));
            if *is_json {
                printed = writeln!(io::stdout().lock(), "{}", report::sample_json(&sample));
            }
            samples.push(sample);
        };
        let on_failure = |failure: String| {
            eprintln!("FAILED {failure}");
            *failures += 1;
        };
        suite::run(workload, settings, on_sample, on_failure);
        printed?;
        let mut out = io::stdout().lock();
        let summary = Summary::new(workload, &self.samples);
        if self.is_json {
            writeln!(out, "{}", summary.json())?;
        } else {
            summary.print(&mut out)?;
        }
        Ok(())
    }
}

/// Lets us, and the servers we start, hold as many sockets as the system allows.
fn raise_descriptor_limit() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe)
}
