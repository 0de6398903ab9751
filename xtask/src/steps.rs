//! The steps of CI, each a cargo command or two.

use std::{env, fs, process::Command, time::Instant};

use anyhow::Context;

use crate::{
    circles, dependencies,
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
    timed("fuzz", || fuzz(FUZZ_SECONDS))?;
    timed("loom", || loom(LOOM_PREEMPTIONS))?;
    timed("benchmark smoke", bench_smoke)?;
    timed("size of the client", size::check)?;
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
    // Built in its own folder, whose cargo configuration adds the instrumentation.
    run(Command::new("cargo").args(["build", "--release", "--locked"]).current_dir("fuzz"))?;
    let mut targets = Vec::new();
    for entry in std::fs::read_dir("fuzz/targets").context("fuzz/targets cannot be read")? {
        let path = entry?.path();
        let name = path.file_stem().context("a target has a name")?;
        targets.push(name.to_string_lossy().into_owned());
    }
    targets.sort();
    for target in targets {
        println!("fuzzing {target} for {seconds} s");
        run(Command::new("cargo")
            .args(["run", "--quiet", "--release", "--locked", "--bin", &target, "--"])
            .args([&format!("-max_total_time={seconds}"), "-verbosity=0", "-print_final_stats=1"])
            .arg(format!("corpus/{target}"))
            .current_dir("fuzz"))?;
    }
    Ok(())
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

/// Runs the benchmark against the debug build, to see that it works.
pub(crate) fn bench_smoke() -> anyhow::Result<()> {
    cargo(&["build", "--locked", "--package", "rialto-cli", "--package", "rialto-bench"])?;
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
    let arguments: &[&str] = if setup::is_there("cargo-nextest") {
        &["nextest", "run", "--workspace", "--locked"]
    } else {
        &["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]
    };
    let tested = run(Command::new("cargo").args(arguments).env("RIALTO_LEFT_OUT", &list));
    if let Ok(left_out) = fs::read_to_string(&list) {
        println!("left out on this machine, in whole or in part:\n{left_out}");
    }
    tested
}

fn timed(name: &str, step: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    println!("--- {name}");
    let started = Instant::now();
    step().with_context(|| format!("step {name} failed"))?;
    println!("--- {name}: {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}
