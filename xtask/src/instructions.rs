//! How many instructions the steps of a message's way take, compared with what is recorded.
//!
//! Instructions do not depend on how busy a machine is, as time does. They do depend on the compilers and the C
//! library, which is why the record names them, and on the processor, since some code asks what it can do.
//! Valgrind answers that the same on every processor of x86-64 that has AVX2, whatever else it has.

mod machine;
mod record;

use std::{env, fs, path::PathBuf, process::Command};

use anyhow::{Context, bail, ensure};

use crate::{
    process::{output, run},
    setup,
};
use record::Record;

/// What is recorded.
const RECORD: &str = "bench/instructions/recorded.txt";

/// By how much a step may take more than is recorded, in percent.
const PERCENT_MORE_MAX: f64 = 3.0;

/// The package and program that takes the steps.
const PROGRAM: &str = "rialto-instructions";

/// The function in which the program does what is to be counted, in the words of valgrind.
const COUNTED_FUNCTION: &str = "*rialto_instructions*counted*";

/// What to do with what was counted.
#[derive(Default, clap::Args)]
pub(crate) struct Arguments {
    /// Record what is counted, instead of comparing it with the record.
    #[arg(long)]
    accept: bool,
}

/// Counts the instructions of all steps; fails if one takes more than is allowed.
pub(crate) fn check(arguments: &Arguments) -> anyhow::Result<()> {
    let text = fs::read_to_string(RECORD).with_context(|| format!("{RECORD} cannot be read"))?;
    let recorded = Record::parse(&text).context(RECORD)?;
    let here = machine::describe()?;
    if let Some(why) = reason_to_leave_out(&recorded, &here, arguments.accept) {
        ensure!(env::var_os("RIALTO_LEAVE_NOTHING_OUT").is_none(), "{why}");
        println!("left out on this machine: instructions are not compared, since {why}");
        return Ok(());
    }
    let program = build()?;
    let mut counted = Record { machine: here, steps: Vec::new() };
    let mut too_many = Vec::new();
    println!("{:<12} {:>9} {:>9} {:>8}", "step", "recorded", "now", "percent");
    for (step, before) in &recorded.steps {
        let now = count(&program, step)?;
        let percent = (now / before - 1.0) * 100.0;
        println!("{step:<12} {before:>9.0} {now:>9.0} {percent:>+8.1}");
        if PERCENT_MORE_MAX < percent {
            too_many.push(step.as_str());
        }
        counted.steps.push((step.clone(), now));
    }
    if arguments.accept {
        return fs::write(RECORD, counted.to_string()).context(RECORD);
    }
    if !too_many.is_empty() {
        bail!(
            "more than {PERCENT_MORE_MAX} % more instructions than recorded: {}. Find out what they are for, or \
             accept them with `cargo xtask instructions --accept` and say in the commit why",
            too_many.join(", ")
        );
    }
    Ok(())
}

/// Says why counts of this machine cannot be compared with the record, if they cannot.
fn reason_to_leave_out(recorded: &Record, here: &str, accepts: bool) -> Option<String> {
    if !setup::is_there("valgrind") {
        Some("valgrind is not there".to_owned())
    } else if !machine::has_avx2() {
        Some("they are recorded for x86-64 with AVX2".to_owned())
    } else if !accepts && recorded.machine != here {
        Some(format!("they are recorded for {}, and this is {here}", recorded.machine))
    } else {
        None
    }
}

/// Builds the program as releases are built, but with the names of functions; returns its path.
fn build() -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["rustc", "--release", "--locked", "--package", PROGRAM, "--", "-Cstrip=none"]);
    // Code for this very processor would be other code.
    run(cargo.env_remove("RUSTFLAGS"))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    Ok(target.join("release").join(PROGRAM))
}

/// Counts the instructions that a step takes for one message or commit.
fn count(program: &PathBuf, step: &str) -> anyhow::Result<f64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]);
    valgrind.arg(format!("--toggle-collect={COUNTED_FUNCTION}"));
    // What valgrind says begins with its process id, unlike what the program prints.
    let printed = output(valgrind.arg("--log-fd=1").arg(program).arg(step))?;
    let printed = String::from_utf8_lossy(&printed);
    let collected = printed.lines().find_map(|line| Some(line.split_once("Collected : ")?.1));
    let times = printed.lines().find(|line| !line.starts_with("=="));
    let (Some(collected), Some(times)) = (collected, times) else {
        bail!("the step {step} was not counted: {printed}");
    };
    let (collected, times): (f64, f64) = (collected.trim().parse()?, times.trim().parse()?);
    ensure!(0.0 < collected, "valgrind did not find {COUNTED_FUNCTION} in the step {step}");
    Ok(collected / times)
}
