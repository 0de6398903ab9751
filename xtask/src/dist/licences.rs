//! The licences of the libraries in the program, whose texts have to go where the program goes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use serde::Deserialize;

use crate::process::output;

/// The package whose program is given away.
const PROGRAM: &str = "rialto-cli";
/// How the names of files begin that hold licences.
const NAMES: [&str; 5] = ["licen", "copying", "copyright", "notice", "unlicense"];
const RULE: &str = "----------------------------------------------------------------------";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    repository: Option<String>,
    /// Absent for packages of the workspace.
    source: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// Absent for what becomes part of the program.
    kind: Option<String>,
}

/// Returns the names and licences of all libraries in the program, and each text once.
pub(super) fn of_others() -> anyhow::Result<String> {
    let host = output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform"];
    let host = String::from_utf8(host)?;
    let metadata = output(Command::new("cargo").args(arguments).arg(host.trim()))?;
    let metadata: Metadata = serde_json::from_slice(&metadata)?;
    let mut text = "Libraries in this program, with their licences:\n\n".to_owned();
    let mut texts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for package in parts(&metadata)? {
        let Package { name, version, license, repository, .. } = package;
        let license = license.as_deref().unwrap_or("see its text");
        let repository = repository.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{name} {version}: {license} {repository}");
        for licence in texts_of(package)? {
            texts.entry(licence).or_default().insert(name);
        }
    }
    for (licence, names) in texts {
        let names: Vec<&str> = names.into_iter().collect();
        let _ = write!(text, "\n{RULE}\n{}:\n\n{}\n", names.join(", "), licence.trim_end());
    }
    Ok(text)
}

/// Returns the packages of others that become part of the program, by name.
fn parts(metadata: &Metadata) -> anyhow::Result<Vec<&Package>> {
    let packages: HashMap<&str, &Package> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let nodes: HashMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let program = metadata.packages.iter().find(|package| package.name == PROGRAM);
    let mut open = vec![program.context("the program's package is missing")?.id.as_str()];
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            let parts = dependencies.filter(|it| it.dep_kinds.iter().any(|it| it.kind.is_none()));
            open.extend(parts.map(|dependency| dependency.pkg.as_str()));
        }
    }
    let mut parts: Vec<&Package> = found.into_iter().map(|id| packages[id]).collect();
    parts.retain(|package| package.source.is_some());
    parts.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Ok(parts)
}

/// Returns the texts of licences that lie in a package.
fn texts_of(package: &Package) -> anyhow::Result<Vec<String>> {
    let directory = package.manifest_path.parent().unwrap_or(Path::new("."));
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_file() && NAMES.iter().any(|begin| name.starts_with(begin)) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())).collect()
}
