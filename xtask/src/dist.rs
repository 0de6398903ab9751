//! What is given to those who do not build Rialto: an archive and a Debian package.
//!
//! Both hold the same files ([`contents`]) in two layouts ([`layout`]). The same sources give the same bytes: dates
//! are that of the commit or of `SOURCE_DATE_EPOCH`, owners are root, and order is that of names.

mod archive;
mod contents;
mod date;
mod debian;
mod layout;
mod licences;
mod making;
mod settings;
mod tree;
mod version;

use std::{fs, path::PathBuf, process::Command};

use anyhow::bail;

use self::making::Making;
use crate::process::{output, run};

/// What `cargo xtask dist` can be told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to put the archive and the package.
    #[arg(long, value_name = "DIR", default_value = "target/dist/packages")]
    out: PathBuf,
    /// The cargo profile to build with.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// A program that is built already, instead of building one.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Revision of the package, for a package that is made anew of the same version.
    #[arg(long, default_value_t = 1)]
    revision: u32,
    /// Compress hardly at all, which takes seconds instead of minutes where the program is a large one; for tests.
    #[arg(long)]
    quick: bool,
}

/// Makes both, and says where they are.
pub(crate) fn make(arguments: &Arguments) -> anyhow::Result<()> {
    let program = match &arguments.binary {
        Some(program) => program.clone(),
        None => build(&arguments.profile)?,
    };
    if !program.is_file() {
        bail!("{} is no program", program.display());
    }
    fs::create_dir_all(&arguments.out)?;
    let work = arguments.out.join("work");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    let date = date::seconds_since_epoch()?;
    let contents = contents::gather(&program, &work.join("documents"))?;
    let made = Making { out: &arguments.out, work: &work, date, quick: arguments.quick };
    let archive = archive::make(&made, &contents)?;
    let package = debian::make(&made, &contents, &program, arguments.revision)?;
    fs::remove_dir_all(&work)?;
    for file in [archive, package] {
        println!("{} ({} KiB)", file.display(), fs::metadata(&file)?.len() >> 10);
    }
    Ok(())
}

/// Builds the program and returns where it is.
fn build(profile: &str) -> anyhow::Result<PathBuf> {
    let package = ["--package", "rialto-cli", "--bin", "rialto"];
    run(Command::new("cargo").args(["build", "--locked", "--profile", profile]).args(package))?;
    // Cargo's own names for the directories of its first two profiles.
    let directory = match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    };
    Ok(target_directory()?.join(directory).join("rialto"))
}

fn target_directory() -> anyhow::Result<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--locked"];
    let metadata = output(Command::new("cargo").args(arguments))?;
    Ok(serde_json::from_slice::<Metadata>(&metadata)?.target_directory)
}
