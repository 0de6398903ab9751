//! Sources of Debian packages, for what only the sources have: other projects' own tests, which the tests here run
//! against this broker.
//!
//! The system's own package lists say where the sources are; a copy of them that asks for sources is used, so that
//! nothing about the system changes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use crate::process::run;

/// Where sources are; the tests look there, whatever the target directory is.
const DIRECTORY: &str = "target/debian-source";
/// Where the system keeps its lists of packages.
const SYSTEM_LISTS: &str = "/etc/apt";
/// The packages whose sources the tests need.
const PACKAGES: [&str; 1] = ["memcached"];

/// Fetches and unpacks the sources that are missing.
pub(crate) fn install() -> anyhow::Result<()> {
    let directory = std::path::absolute(DIRECTORY)?;
    for package in PACKAGES {
        let unpacked = directory.join(package);
        if !unpacked.is_dir() {
            println!("fetching the source of {package} into {DIRECTORY}");
            fetch(package, &directory, &unpacked)
                .with_context(|| format!("the source of {package} cannot be had"))?;
        }
    }
    Ok(())
}

fn fetch(package: &str, directory: &Path, unpacked: &Path) -> anyhow::Result<()> {
    let work = directory.join(format!("{package}.download"));
    let (parts, lists) = (work.join("parts"), work.join("lists"));
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&parts)?;
    fs::create_dir_all(&lists)?;
    copy_lists(&parts)?;
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .arg("-qq")
            .arg("-oDir::Etc::sourcelist=/dev/null")
            // It writes where only this user may.
            .arg("-oAPT::Sandbox::User=root")
            .arg(format!("-oDir::Etc::sourceparts={}", parts.display()))
            .arg(format!("-oDir::State::lists={}", lists.display()))
            .args(arguments)
            .current_dir(&work);
        run(&mut command)
    };
    apt_get(&["update"])?;
    apt_get(&["source", "--download-only", package])?;
    let archive = find(&work, ".orig.tar.")?;
    let whole = work.join("whole");
    fs::create_dir(&whole)?;
    let mut tar = Command::new("tar");
    run(tar.arg("-xf").arg(archive).arg("-C").arg(&whole).arg("--strip-components=1"))?;
    // In one step, so that what is there is there as a whole.
    fs::rename(&whole, unpacked)?;
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// Copies the system's lists of Debian's own packages, asking for sources.
fn copy_lists(parts: &Path) -> anyhow::Result<()> {
    let lists = Path::new(SYSTEM_LISTS);
    let mut files = vec![lists.join("sources.list")];
    if let Ok(entries) = fs::read_dir(lists.join("sources.list.d")) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let (Some(name), true) = (file.file_name(), text.contains("debian")) else { continue };
        let lines = text.lines().map(|line| match line.strip_prefix("deb ") {
            Some(rest) => format!("deb-src {rest}\n"),
            None if line.starts_with("Types:") => "Types: deb-src\n".to_owned(),
            None => format!("{line}\n"),
        });
        fs::write(parts.join(name), lines.collect::<String>())?;
    }
    Ok(())
}

fn find(directory: &Path, part: &str) -> anyhow::Result<PathBuf> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().contains(part)) {
            return Ok(path);
        }
    }
    bail!("nothing with {part} in its name was downloaded")
}
