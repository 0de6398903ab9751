//! A machine for one page: a network, processes and a directory of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rialto_testkit::leave_out;
use tempfile::TempDir;

/// What `cargo` does on the machine: what was built already is run, nothing is built.
const CARGO: &str = r#"#!/bin/sh
case "$*" in
"build --release") ;;
"run --release -- "*)
    shift 3
    exec rialto "$@" ;;
"run --release -p rialto-server --example sample_server -- "*)
    shift 7
    exec sample_server "$@"   # Missing? cargo build -p rialto-server --examples
    ;;
*)
    echo "cargo $*: this is not run in a test of the documents" >&2
    exit 97 ;;
esac
"#;

/// What every shell begins with. The marks around the exit code cannot be part of any other output.
const SHELL: &str = "\
stty -echo
unset PROMPT_COMMAND HISTFILE
PS1=$'\\x1e$?\\x1e'
PS2=$'\\x1d'
";

/// Namespaces of network, processes and mounts, and a directory that looks like a checkout.
///
/// All processes end when it is dropped, and when the test ends in whatever way.
pub(crate) struct Machine {
    /// The first process of the namespaces ends at the end of its input, and all others with it.
    keeper: Child,
    init: String,
    files: TempDir,
}

impl Machine {
    /// Makes one, or says that the test is left out.
    pub(crate) fn try_new(root: &Path) -> Option<Machine> {
        let Some((keeper, init)) = namespaces() else {
            leave_out("namespaces are not permitted here");
            return None;
        };
        let files = tempfile::tempdir().unwrap();
        let machine = Machine { keeper, init, files };
        machine.furnish(&root.canonicalize().unwrap());
        Some(machine)
    }

    /// Returns the directory in which the page's commands begin.
    pub(crate) fn checkout(&self) -> PathBuf {
        self.files.path().join("rialto")
    }

    /// Returns the command of an interactive shell on a terminal.
    pub(crate) fn shell(&self) -> Command {
        let rc = self.files.path().join("shellrc");
        let mut command = self.command("script");
        command
            .arg("-qfec")
            .arg(format!(
                // Entering a mount namespace leads to its root directory.
                "cd {} && exec bash --noprofile --noediting --rcfile {} -i",
                self.checkout().display(),
                rc.display()
            ))
            .arg("/dev/null")
            .env("SHELL", "/bin/bash")
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb");
        command
    }

    /// Returns the command of what drives a browser on this machine.
    pub(crate) fn browser(&self) -> Command {
        let mut command = self.command("node");
        command.arg(self.checkout().join("clients/js/tests/steps.js"));
        command
    }

    /// Returns a command that runs a program in the namespaces.
    fn command(&self, program: &str) -> Command {
        let bin = self.files.path().join("bin");
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.init, "--net", "--pid", "--mount", program])
            .env_clear()
            .env("PATH", format!("{}:{path}:/usr/sbin:/sbin", bin.display()))
            .env("HOME", self.files.path().join("home"));
        command
    }

    fn furnish(&self, root: &Path) {
        let files = self.files.path();
        for directory in ["bin", "home", "rialto/target/release"] {
            fs::create_dir_all(files.join(directory)).unwrap();
        }
        let program = Path::new(env!("CARGO_BIN_EXE_rialto"));
        let sample = program.with_file_name("examples").join("sample_server");
        symlink(program, files.join("bin/rialto")).unwrap();
        symlink(sample, files.join("bin/sample_server")).unwrap();
        symlink(program, files.join("rialto/target/release/rialto")).unwrap();
        for shared in ["examples", "docs", "clients"] {
            symlink(root.join(shared), files.join("rialto").join(shared)).unwrap();
        }
        let cargo = files.join("bin/cargo");
        fs::write(&cargo, CARGO).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(files.join("shellrc"), SHELL).unwrap();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        _ = self.keeper.wait();
    }
}

/// Makes namespaces, and returns who keeps them and the id of the first process in them.
fn namespaces() -> Option<(Child, String)> {
    let mut keeper = Command::new("unshare")
        .args(["--net", "--pid", "--fork", "--mount-proc"])
        .args(["sh", "-c", "ip link set lo up && echo up && exec cat"])
        .env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut line = String::new();
    let greeted = BufReader::new(keeper.stdout.as_mut().unwrap()).read_line(&mut line);
    if greeted.is_err() || line != "up\n" {
        _ = keeper.wait();
        return None;
    }
    let id = keeper.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    Some((keeper, children.trim().to_owned()))
}
