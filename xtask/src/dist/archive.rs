//! The archive: for systems without Debian's packages, to be copied to `/usr/local`.

use std::{env::consts::ARCH, fs, path::PathBuf, process::Command};

use super::{
    contents::Item,
    layout::Layout,
    making::{Making, VERSION},
    tree,
};
use crate::process::run;

/// Makes it, and returns where it is.
pub(super) fn make(making: &Making<'_>, items: &[Item]) -> anyhow::Result<PathBuf> {
    let name = format!("rialto-{VERSION}-{ARCH}-linux");
    let parent = making.work.join("archive");
    tree::lay_out(items, Layout::Archive, &parent.join(&name))?;
    tree::settle(&parent, making.date)?;
    let level = if making.quick { "1" } else { "9" };
    // Made beside its name, so that what has the name is whole.
    let (unfinished, finished) =
        (making.work.join("archive.tar.gz"), making.out.join(format!("{name}.tar.gz")));
    run(Command::new("tar")
        .args(["--create", "--format=gnu", "--sort=name", "--numeric-owner"])
        .args(["--owner=0", "--group=0", "--mode=u+rw,go+r,go-w"])
        .arg(format!("--mtime=@{}", making.date))
        .arg(format!("--use-compress-program=gzip --no-name -{level}"))
        .arg("--file")
        .arg(&unfinished)
        .arg("--directory")
        .arg(&parent)
        .arg(&name))?;
    fs::rename(unfinished, &finished)?;
    Ok(finished)
}
