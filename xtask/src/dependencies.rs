//! Licences, origins and cost of all dependencies, checked without network and without another tool.

mod cost;

use std::{collections::BTreeSet, path::Path, process::Command};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::{process::output_of_cargo, setup};

/// The part of `deny.toml` this check reads.
#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// Absent for packages of the workspace.
    source: Option<String>,
}

/// Holds the whole tree to `deny.toml`.
pub(crate) fn check() -> anyhow::Result<()> {
    let policy = std::fs::read_to_string("deny.toml").context("deny.toml cannot be read")?;
    let policy: Policy = toml::from_str(&policy).context("deny.toml")?;
    let mut faults = Vec::new();
    let mut count = 0;
    for manifest in
        ["Cargo.toml", "bench/clients/Cargo.toml", "bench/size/Cargo.toml", "fuzz/Cargo.toml"]
    {
        if Path::new(manifest).exists() {
            let packages = packages(manifest)?;
            count += packages.len();
            faults.extend(packages.iter().filter_map(|package| fault(package, &policy)));
        }
    }
    if !faults.is_empty() {
        bail!("dependencies that may not be used:\n  {}", faults.join("\n  "));
    }
    println!("{count} packages have allowed licences and origins");
    cost::check()?;
    check_advisories()
}

fn packages(manifest: &str) -> anyhow::Result<Vec<Package>> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest];
    let metadata: Metadata = serde_json::from_slice(&output_of_cargo(&arguments)?)?;
    Ok(metadata.packages)
}

fn fault(package: &Package, policy: &Policy) -> Option<String> {
    let Package { name, version, license, source } = package;
    let source = source.as_ref()?;
    if !source.starts_with("registry+") {
        return Some(format!("{name} {version} comes from {source}, not from the registry"));
    }
    let Some(license) = license else {
        return Some(format!("{name} {version} states no licence"));
    };
    let expression = match spdx::Expression::parse_mode(license, spdx::ParseMode::LAX) {
        Ok(expression) => expression,
        Err(error) => {
            return Some(format!("{name} {version}: licence {license}: {}", error.reason));
        }
    };
    let is_allowed = expression.evaluate(|need| policy.licenses.allow.contains(&need.to_string()));
    (!is_allowed).then(|| format!("{name} {version}: licence {license} is not allowed"))
}

/// Looks advisories up where cargo-deny and its database are on this machine.
fn check_advisories() -> anyhow::Result<()> {
    if !setup::is_there("cargo-deny") {
        println!("advisories not checked: cargo-deny is not installed");
        return Ok(());
    }
    let status =
        Command::new("cargo").args(["deny", "--offline", "check", "advisories"]).status()?;
    if !status.success() {
        bail!("cargo deny found advisories, or has no database: see above");
    }
    Ok(())
}
