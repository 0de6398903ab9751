//! What counts depend on besides our own code.

use std::{fs, process::Command};

use crate::process::output;

/// Names the compilers and the C library of this machine, without what a distribution adds to their
/// versions.
pub(super) fn describe() -> anyhow::Result<String> {
    let rustc = first_line("rustc")?;
    let rustc = rustc.split_whitespace().nth(1).unwrap_or_default();
    let (cc, ldd) = (first_line("cc")?, first_line("ldd")?);
    let last_word = |line: &str| line.split_whitespace().next_back().unwrap_or_default().to_owned();
    Ok(format!("rustc {rustc}, cc {}, libc {}", last_word(&cc), last_word(&ldd)))
}

fn first_line(program: &str) -> anyhow::Result<String> {
    let text = output(Command::new(program).arg("--version"))?;
    Ok(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned())
}

/// Says whether this is a processor of x86-64 with AVX2.
pub(super) fn has_avx2() -> bool {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = info.lines().find(|line| line.starts_with("flags"));
    cfg!(target_arch = "x86_64")
        && flags.is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "avx2"))
}
