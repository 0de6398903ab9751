//! The commands that need no broker, those that operate a running one, and how all of them fail.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod access;
mod cert;
mod config;
mod contexts;
mod dialects;
mod documents;
mod failures;
mod import;
mod listen;
mod messages;
mod operate;
mod pings;
mod requests;
mod shell;
mod stored;
mod strangers;
mod terminal;
mod users;
mod wrong_ports;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a command said and how it ended.
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs `rialto` in `dir` with an environment of its own: `variables` and nothing else.
fn rialto_in(dir: &Path, variables: &[(&str, &str)], args: &[&str], stdin: &str) -> Outcome {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rialto"))
        .args(args)
        .current_dir(dir)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input has closed it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `rialto` in a directory of its own.
fn rialto(args: &[&str]) -> Outcome {
    rialto_in(tempfile::tempdir().unwrap().path(), &[], args, "")
}

impl Outcome {
    /// Checks that it went well, and returns what was printed.
    #[track_caller]
    fn printed(self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout
    }

    /// Checks that it ended with `code`, and returns what was said.
    #[track_caller]
    fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert_eq!(self.stdout, "");
        self.stderr
    }
}

/// The address of a port where nobody listens: bound by no socket once it is dropped.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("jmqt://{}", listener.local_addr().unwrap())
}
