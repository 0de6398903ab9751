//! What dependencies cost to build: no heavy one comes back unnoticed, and none is built twice.

use std::collections::BTreeSet;

use anyhow::{Context, bail};

use crate::process::output_of_cargo;

/// Crates that the program did without when its build was made quick, and what it has instead
/// (`docs/decisions/0011-what-a-build-costs.md`).
const HEAVY: [(&str, &str); 5] = [
    ("bindgen", "SQLite and AWS-LC bring their bindings ready-made"),
    (
        "icu_properties",
        "the lock file holds idna_adapter at 1.1; cargo update -p idna_adapter --precise 1.1.0",
    ),
    ("openssl-sys", "TLS is rustls"),
    ("reqwest", "crates/http sends requests"),
    ("ring", "the cryptography is AWS-LC"),
];

/// Looks for heavy crates in the program, and for crates that an example would build once more.
pub(super) fn check() -> anyhow::Result<()> {
    let program = tree("rialto-cli", "normal,build")?;
    let example = tree("rialto-server", "normal,build,dev")?;
    let faults = faults(&program, &example);
    if !faults.is_empty() {
        bail!("the build would take longer:\n  {}", faults.join("\n  "));
    }
    println!("{} crates make the program; none is heavy, and none is built twice", program.len());
    Ok(())
}

/// Returns what a package is built of: a line for each crate with its version and features.
fn tree(package: &str, edges: &str) -> anyhow::Result<BTreeSet<String>> {
    let arguments = ["tree", "--locked", "--prefix", "none", "--format", "{p}\t{f}"];
    let text =
        output_of_cargo(&[&arguments[..], &["--package", package, "--edges", edges]].concat())?;
    let text = String::from_utf8(text).context("cargo tree is no text")?;
    Ok(text.lines().map(|line| line.trim_end_matches(" (*)").trim_end().to_owned()).collect())
}

fn faults(program: &BTreeSet<String>, example: &BTreeSet<String>) -> Vec<String> {
    let heavy = HEAVY.iter().filter(|(name, _)| program.iter().any(|line| name_of(line) == *name));
    let heavy = heavy.map(|(name, instead)| format!("{name} is back, but {instead}"));
    let packages: BTreeSet<_> = program.iter().map(|line| package_of(line)).collect();
    let again = example.difference(program).filter(|line| packages.contains(package_of(line)));
    let again = again.map(|line| {
        let (package, features) = line.split_once('\t').unwrap_or((line, ""));
        format!(
            "{package} is built once more for the example, with the features [{features}]; name \
             them in [workspace.dependencies]"
        )
    });
    heavy.chain(again).collect()
}

fn package_of(line: &str) -> &str {
    line.split('\t').next().unwrap_or_default()
}

fn name_of(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
