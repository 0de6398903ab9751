//! Fuzz targets, one for each decoder.

use std::{env, path::Path, process::Command};

use anyhow::{Context, bail};

use crate::process::run;

const FOLDER: &str = "fuzz";

/// Builds all targets, in their own folder, whose cargo configuration adds the instrumentation.
pub(crate) fn build() -> anyhow::Result<()> {
    run(cargo().args(["build", "--release", "--locked"]))
}

/// Runs every target for some seconds, one after the other, each on one core.
///
/// What a target prints comes when it has ended, so that other steps may run beside it.
pub(crate) fn run_all(seconds: u32) -> anyhow::Result<()> {
    for target in targets()? {
        let output = cargo()
            .args(["run", "--quiet", "--release", "--locked", "--bin", &target, "--"])
            .args([&format!("-max_total_time={seconds}"), "-verbosity=0", "-print_final_stats=1"])
            .arg(format!("corpus/{target}"))
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        println!("fuzzed {target} for {seconds} s\n{said}");
        if !output.status.success() {
            bail!("fuzz target {target} failed: see above");
        }
    }
    Ok(())
}

fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(FOLDER);
    command
}

fn targets() -> anyhow::Result<Vec<String>> {
    let folder = env::current_dir()?.join(FOLDER).join("targets");
    let mut names = Vec::new();
    for entry in folder.read_dir().context("fuzz/targets cannot be read")? {
        names.push(name(&entry?.path())?);
    }
    names.sort();
    Ok(names)
}

fn name(target: &Path) -> anyhow::Result<String> {
    let name = target.file_stem().context("a target has a name")?;
    Ok(name.to_string_lossy().into_owned())
}
