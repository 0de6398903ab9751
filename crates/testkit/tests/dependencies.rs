//! Every dependency has its line in `docs/dependencies.md`, and every line its dependency.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use toml::Table;

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

#[test]
fn every_dependency_is_justified() {
    let justified = justified();
    let missing: Vec<_> = named().difference(&justified).cloned().collect();
    assert!(missing.is_empty(), "docs/dependencies.md has no line for {}", missing.join(", "));
}

#[test]
fn every_justification_is_of_a_dependency() {
    let named = named();
    let left_over: Vec<_> = justified().difference(&named).cloned().collect();
    assert!(left_over.is_empty(), "no crate depends on {} any more", left_over.join(", "));
}

/// Returns the crates of others that the crates of this repository name.
fn named() -> BTreeSet<String> {
    let manifests: Vec<Table> = manifests().iter().map(|manifest| read(manifest)).collect();
    let own: BTreeSet<_> = manifests.iter().filter_map(own_name).collect();
    assert!(10 < own.len(), "the crates were not found");
    let mut named: BTreeSet<_> = manifests.iter().flat_map(dependencies).collect();
    named.retain(|name| !own.contains(name));
    named
}

/// Returns the dependencies that `docs/dependencies.md` has lines for, each once.
fn justified() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let mut justified = BTreeSet::new();
    for line in text.lines() {
        let Some((name, reasons)) = line.strip_prefix("| `").and_then(|row| row.split_once('`'))
        else {
            continue;
        };
        let cells = reasons.split('|').filter(|cell| !cell.trim().is_empty()).count();
        assert_eq!(cells, 2, "{name} has not said what it is for and why");
        assert!(justified.insert(name.to_owned()), "{name} stands there twice");
    }
    justified
}

fn own_name(manifest: &Table) -> Option<String> {
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

/// Returns what a manifest depends on, on any system.
fn dependencies(manifest: &Table) -> impl Iterator<Item = String> {
    let on_systems = manifest.get("target").and_then(|targets| targets.as_table());
    let on_systems = on_systems.into_iter().flat_map(|targets| targets.values());
    let tables = on_systems.filter_map(|target| target.as_table()).chain([manifest]);
    tables.flat_map(|table| {
        let kinds = KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table());
        kinds.flatten().map(|(key, details)| {
            let package = details.get("package").and_then(|name| name.as_str());
            package.unwrap_or(key).to_owned()
        })
    })
}

fn read(manifest: &Path) -> Table {
    let text = fs::read_to_string(manifest).unwrap();
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", manifest.display()))
}

/// Returns the `Cargo.toml` of every crate, whether a member of the workspace or not.
fn manifests() -> Vec<PathBuf> {
    let parents = [root(), root().join("bench"), root().join("crates")];
    let folders = parents.iter().flat_map(|parent| fs::read_dir(parent).unwrap());
    let manifests = folders.map(|folder| folder.unwrap().path().join("Cargo.toml"));
    manifests.filter(|manifest| manifest.exists()).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
