//! How much machine code the Rust client adds to a program, without TLS and WebSocket.

use std::process::Command;

use anyhow::{Context, ensure};

use crate::process::{output, run};

/// What it added when that was measured last, in a release build without link-time optimisation; a tenth
/// more fails, so that growth is noticed. The goal is 400 KiB.
const BYTES_RECORDED: u64 = 631_808;

const MANIFEST: &str = "bench/size/Cargo.toml";

/// Builds a program with the client and one without, and compares them.
pub(crate) fn check() -> anyhow::Result<()> {
    run(Command::new("cargo").args([
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        MANIFEST,
    ]))?;
    let bytes = code_bytes("client")?.saturating_sub(code_bytes("empty")?);
    println!("the client adds {} KiB of machine code to a program with tokio", bytes >> 10);
    let most = BYTES_RECORDED + BYTES_RECORDED / 10;
    ensure!(
        bytes <= most,
        "{bytes} bytes of machine code, {most} allowed: find out what they are for, or record them"
    );
    Ok(())
}

/// Returns how long the section with machine code of a program is.
fn code_bytes(program: &str) -> anyhow::Result<u64> {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "bench/size/target".into());
    let mut size = Command::new("size");
    let program = format!("{target}/release/{program}");
    let sections = String::from_utf8(output(size.arg("--format=sysv").arg(program))?)?;
    let mut lines = sections.lines().map(str::split_whitespace);
    let text = lines.find_map(|mut words| (words.next() == Some(".text")).then(|| words.next()));
    text.flatten().context("size names no section .text")?.parse().context("size of .text")
}
