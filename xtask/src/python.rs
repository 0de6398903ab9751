//! Python programs that the tests drive, in an environment of their own.

use std::{fs, path::Path, process::Command};

use crate::process::run;

/// Where the environment is; the tests look there, whatever the target directory is.
const DIRECTORY: &str = "target/python";
/// What is installed into it, from PyPI.
const PACKAGES: [&str; 5] = [
    "mypy==1.18.2",
    "prometheus-client==0.23.1",
    "pymemcache==4.0.0",
    "schemathesis==4.32.5",
    "setuptools==80.9.0",
];

/// Makes the environment, unless it is there with these packages.
pub(crate) fn install() -> anyhow::Result<()> {
    let stamp = Path::new(DIRECTORY).join("packages.txt");
    let packages = PACKAGES.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == packages) {
        return Ok(());
    }
    println!("installing {} into {DIRECTORY}", PACKAGES.join(" "));
    run(Command::new("python3").args(["-m", "venv", "--clear", DIRECTORY]))?;
    let pip = Path::new(DIRECTORY).join("bin/pip");
    run(Command::new(pip).args(["install", "--quiet"]).args(PACKAGES))?;
    fs::write(stamp, packages)?;
    Ok(())
}
