//! No files of a crate import each other in a circle: each can be understood with those that it imports, and no others.
//!
//! A file imports another where it names something that the other defines, in a `use` or by its path. A
//! `mod` declaration is no import, neither is a `pub use` of what the file itself does not name; whoever takes a name
//! that is handed on imports it from the file that defines it. A file that stands below the file of a type and implements
//! more of it continues that file, and does not import the type. What is compiled for tests only does not count.

mod cursor;
mod imports;
mod source;
mod token;
mod tree;

use std::path::PathBuf;

use anyhow::bail;
use serde::Deserialize;

use self::{imports::Imports, tree::Tree};
use crate::process;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

/// Looks for circles in every library and program of the workspace.
///
/// # Errors
/// When there is one, or a file cannot be read.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut circles = Vec::new();
    let mut file_count = 0;
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml", "bench/clients/Cargo.toml"] {
        for package in packages(manifest)? {
            let (files, found) = check_package(&package)?;
            file_count += files;
            circles.extend(found);
        }
    }
    if !circles.is_empty() {
        bail!("files import each other in a circle:\n  {}", circles.join("\n  "));
    }
    println!("{file_count} files looked through for circles of imports");
    Ok(())
}

fn packages(manifest: &str) -> anyhow::Result<Vec<Package>> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--manifest-path", manifest];
    let metadata: Metadata = serde_json::from_slice(&process::output_of_cargo(&arguments)?)?;
    Ok(metadata.packages)
}

/// Returns how many files the libraries and programs of a package have, and their circles.
fn check_package(package: &Package) -> anyhow::Result<(usize, Vec<String>)> {
    let directory = std::env::current_dir()?;
    let mut circles = Vec::new();
    let mut file_count = 0;
    let is_checked =
        |target: &&Target| target.kind.iter().any(|kind| kind == "lib" || kind == "bin");
    for target in package.targets.iter().filter(is_checked) {
        let root = target.src_path.strip_prefix(&directory).unwrap_or(&target.src_path);
        let tree = Tree::read(root, &|path| std::fs::read_to_string(path).ok())?;
        file_count += tree.file_count();
        circles.extend(found(&tree));
    }
    Ok((file_count, circles))
}

fn found(tree: &Tree) -> Vec<String> {
    Imports::of(tree).circles().iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests;
