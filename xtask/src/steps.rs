//! The steps of CI, each a cargo command or two.

use std::{env, fs, process::Command, thread, time::Instant};

use anyhow::{Context, bail};

use crate::{
    circles, dependencies, fuzz, instructions,
    process::{cargo, run},
    setup, size,
};

/// Seconds each fuzz target runs in CI.
const FUZZ_SECONDS: u32 = 10;
/// Preemptions of each run of loom in CI: nearly all faults of threads show with two.
const LOOM_PREEMPTIONS: u32 = 2;

/// Runs everything CI runs; the tests' own summary comes last.
pub(crate) fn ci() -> anyhow::Result<()> {
    setup::install_missing()?;
    timed("lint", lint)?;
    timed("dependencies", dependencies::check)?;
    timed("fuzz targets", fuzz::build)?;
    // A fuzz target keeps one core busy for a fixed time: the others compile meanwhile.
    thread::scope(|scope| {
        let fuzzing = scope.spawn(|| timed("fuzz", || fuzz::run_all(FUZZ_SECONDS)));
        let beside = timed("loom", || loom(LOOM_PREEMPTIONS))
            .and_then(|()| timed("size of the client", size::check))
            .and_then(|()| timed("instructions", || instructions::check(&Default::default())));
        let fuzzed = fuzzing.join().unwrap_or_else(|_| bail!("the step fuzz panicked"));
        fuzzed.and(beside)
    })?;
    timed("build", build)?;
    timed("benchmark smoke", bench_smoke)?;
    timed("doc tests", || cargo(&["test", "--workspace", "--doc", "--quiet", "--locked"]))?;
    test()
}

/// Checks circles of imports, formatting, lints and documentation.
pub(crate) fn lint() -> anyhow::Result<()> {
    circles::check()?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    run(Command::new("cargo")
        .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"])
        .env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs every fuzz target for some seconds.
pub(crate) fn fuzz(seconds: u32) -> anyhow::Result<()> {
    fuzz::build()?;
    fuzz::run_all(seconds)
}

/// Checks the shared writer in every order in which its threads can run, up to so many preemptions; 0 is
/// as many as there can be.
pub(crate) fn loom(preemptions: u32) -> anyhow::Result<()> {
    let package = ["test", "--locked", "--package", "rialto-net", "--features", "loom", "--lib"];
    let mut command = Command::new("cargo");
    command.args(package).args(["--", "model"]);
    if preemptions > 0 {
        command.env("LOOM_MAX_PREEMPTIONS", preemptions.to_string());
    }
    run(&mut command)
}

/// Builds programs and tests in one go: the steps that follow find what they need. Building some of it by
/// itself would build its dependencies with fewer features, and once more for the tests.
fn build() -> anyhow::Result<()> {
    cargo(&["build", "--workspace", "--all-targets", "--locked"])
}

/// Runs the benchmark against the debug build, to see that it works.
pub(crate) fn bench_smoke() -> anyhow::Result<()> {
    build()?;
    run(Command::new("target/debug/rialto-bench").args([
        "--quick",
        "--rialto",
        "target/debug/rialto",
        "--only",
        "w1,w2,w5-50-100,w10",
    ]))
}

/// Runs all tests but the doc tests, with nextest where it is installed, and says which of them this
/// machine did not permit.
pub(crate) fn test() -> anyhow::Result<()> {
    let list = env::current_dir()?.join("target/left-out.txt");
    if list.exists() {
        fs::remove_file(&list)?;
    }
    let mut command = Command::new("cargo");
    if setup::is_there("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--locked", "--test-threads"]);
        command.arg(test_threads()?.to_string());
    } else {
        command.args(["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]);
    }
    let tested = run(command.env("RIALTO_LEFT_OUT", &list));
    if let Ok(left_out) = fs::read_to_string(&list) {
        println!("left out on this machine, in whole or in part:\n{left_out}");
    }
    tested
}

/// Half as many again as there are cores, since tests of real programs wait for a good part of their time.
fn test_threads() -> anyhow::Result<usize> {
    let cores = thread::available_parallelism()?.get();
    Ok(cores + cores / 2)
}

fn timed(name: &str, step: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    println!("--- {name}");
    let started = Instant::now();
    step().with_context(|| format!("step {name} failed"))?;
    println!("--- {name}: {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}
