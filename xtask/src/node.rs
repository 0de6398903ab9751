//! The JavaScript client's development tools, installed beside it.

use std::{fs, path::Path, process::Command};

use crate::process::run;

const DIRECTORY: &str = "clients/js";

/// Installs what `package-lock.json` names, unless that is there.
pub(crate) fn install() -> anyhow::Result<()> {
    let lock = Path::new(DIRECTORY).join("package-lock.json");
    let stamp = Path::new(DIRECTORY).join("node_modules/installed-lock.json");
    let wanted = fs::read_to_string(lock)?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("installing the tools of {DIRECTORY}");
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(DIRECTORY))?;
    fs::write(stamp, wanted)?;
    Ok(())
}
