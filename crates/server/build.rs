//! Lists the files of the console, so that the program has all of them built in: whoever adds a page adds a file.
#![allow(clippy::print_stdout, reason = "that is how a build script speaks")]

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// The files, from this crate.
const CONSOLE: &str = "../../web/console";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={CONSOLE}");
    let root = Path::new(CONSOLE);
    let mut files = Vec::new();
    gather(root, &mut files)?;
    files.sort();
    let mut table = "[\n".to_owned();
    for file in &files {
        let name = file.strip_prefix(root).map_err(io::Error::other)?;
        let name = name.to_str().ok_or_else(|| io::Error::other("a name is no text"))?;
        let source = format!("/{CONSOLE}/{name}");
        let bytes = format!("include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {source:?}))");
        writeln!(table, "    ({name:?}, {bytes} as &[u8]),").map_err(io::Error::other)?;
    }
    table.push(']');
    let directory = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR"))?;
    fs::write(Path::new(&directory).join("console_files.rs"), table)
}

/// Finds what the console serves: documentation and tests that stand beside it are no part of it.
fn gather(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, files)?;
            continue;
        }
        let kind = path.extension().and_then(|kind| kind.to_str());
        if matches!(kind, Some("html" | "css" | "js" | "svg")) {
            files.push(path);
        }
    }
    Ok(())
}
