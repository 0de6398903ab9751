//! Images that stand for those of a registry, made of Debian's packages.
//!
//! They have what the registry's have as far as the Containerfile relies on it: the same release of Debian, and in
//! the one that builds a C compiler, certificates and Rust, which is this machine's and is lent to the build.

use std::{env, fs, path::Path, path::PathBuf, process::Command};

use anyhow::{Context, ensure};

use super::podman::podman;
use crate::process::{output, run};

/// Where the build finds this machine's Rust and its packages.
const RUST: &str = "/opt/rust";
const CARGO: &str = "/opt/cargo";

/// One image.
struct Base {
    name: String,
    has_compiler: bool,
}

/// Makes those that the Containerfile begins with, unless they are there.
pub(super) fn make() -> anyhow::Result<()> {
    for base in named()? {
        let is_there = podman().args(["image", "exists", &base.name]).status()?.success();
        if !is_there {
            base.make()?;
        }
    }
    Ok(())
}

/// Returns what lends the build this machine's Rust, and the packages that cargo has fetched here.
pub(super) fn build_options() -> anyhow::Result<Vec<String>> {
    let rust = String::from_utf8(output(Command::new("rustc").args(["--print", "sysroot"]))?)?;
    let rust = PathBuf::from(rust.trim()).canonicalize()?;
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let registry = cargo.context("where is cargo's directory?")?.join("registry");
    Ok(vec![
        format!("--volume={}:{RUST}:ro", rust.display()),
        format!("--volume={}:{CARGO}/registry", registry.display()),
    ])
}

/// Returns the images after `FROM`, with the whole names by which podman looks for them.
fn named() -> anyhow::Result<Vec<Base>> {
    let text = fs::read_to_string("Containerfile")?;
    let names = text.lines().filter_map(|line| line.strip_prefix("FROM ")?.split(' ').next());
    let base = |name: &str| Base {
        name: format!("docker.io/library/{name}"),
        has_compiler: name.starts_with("rust:"),
    };
    Ok(names.map(base).collect())
}

impl Base {
    fn make(&self) -> anyhow::Result<()> {
        let directory = scratch_directory()?;
        let root = directory.join("root.tar");
        let made = self.pack(&root).and_then(|()| self.import(&root));
        fs::remove_dir_all(&directory)?;
        made
    }

    fn pack(&self, root: &Path) -> anyhow::Result<()> {
        // The name ends with that of the release: debian:trixie-slim, rust:1.95-slim-trixie.
        let mut words = self.name.rsplit(['-', ':']);
        let release = words.find(|word| *word != "slim").context("an image without a release")?;
        let mut command = Command::new("mmdebstrap");
        command.arg("--variant=minbase");
        if self.has_compiler {
            command.arg("--include=ca-certificates,gcc,libc6-dev");
        }
        run(command.arg(release).arg(root))
    }

    fn import(&self, root: &Path) -> anyhow::Result<()> {
        let mut command = podman();
        command.arg("import");
        if self.has_compiler {
            let path = format!("{RUST}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin");
            command.arg(format!("--change=ENV PATH={path}"));
            command.arg(format!("--change=ENV CARGO_HOME={CARGO}"));
        }
        run(command.arg(root).arg(&self.name))
    }
}

/// Makes a directory of this process's own for what is large and there only meanwhile.
fn scratch_directory() -> anyhow::Result<PathBuf> {
    let directory = env::temp_dir().join(format!("rialto-bases-{}", std::process::id()));
    ensure!(!directory.exists(), "{} is in the way", directory.display());
    fs::create_dir(&directory)?;
    Ok(directory)
}
