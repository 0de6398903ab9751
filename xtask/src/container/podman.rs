//! The program that builds images and runs containers.

use std::process::Command;

pub(super) fn podman() -> Command {
    Command::new("podman")
}
