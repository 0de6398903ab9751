//! Containers and volumes that are gone at the end, however that comes.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::{bail, ensure};

use super::podman::podman;
use crate::process::{output, run};

/// What a broker's log says once clients can connect.
const READY: &str = ": ready ";

/// A volume of a name that podman makes up.
pub(super) struct Volume {
    name: String,
}

impl Volume {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Volume { name: line_of(podman().args(["volume", "create"]))? })
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = podman().args(["volume", "rm", "--force", &self.name]).output();
    }
}

/// A broker in a container.
pub(super) struct Container {
    id: String,
}

impl Container {
    /// Runs the image as it is, without a network, and waits for the broker to be ready.
    pub(super) fn start(image: &str, volume: &Volume, options: &[&str]) -> anyhow::Result<Self> {
        let mounted = format!("--volume={}:/var/lib/rialto", volume.name);
        let arguments = ["run", "--detach", "--network=none", &mounted];
        let id = line_of(podman().args(arguments).args(options).arg(image))?;
        let container = Container { id };
        container.wait_until_ready()?;
        Ok(container)
    }

    /// Reads its log up to the line that says so; without one the log ends with the broker.
    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let mut logs = podman();
        logs.args(["logs", "--follow", &self.id]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut logs = logs.spawn()?;
        let Some(log) = logs.stderr.take() else { bail!("the log cannot be read") };
        let mut lines = Vec::new();
        for line in BufReader::new(log).lines() {
            lines.push(line?);
            if lines.last().is_some_and(|line| line.contains(READY)) {
                logs.kill()?;
                logs.wait()?;
                return Ok(());
            }
        }
        logs.wait()?;
        bail!("the broker did not start:\n{}", lines.join("\n"))
    }

    /// Runs a command in the container, and returns what it prints.
    pub(super) fn run(&self, command: &[&str]) -> anyhow::Result<String> {
        let text = output(podman().args(["exec", &self.id]).args(command))?;
        Ok(String::from_utf8(text)?)
    }

    /// Runs the health check of the image.
    pub(super) fn is_healthy(&self) -> anyhow::Result<bool> {
        let checked = podman().args(["healthcheck", "run", &self.id]).output()?;
        match checked.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => bail!("no health check: {}", String::from_utf8_lossy(&checked.stderr)),
        }
    }

    pub(super) fn signal(&self, name: &str) -> anyhow::Result<()> {
        run(podman().args(["kill", "--signal", name, &self.id]).stdout(Stdio::null()))
    }

    /// Stops the broker as `podman stop` does, and checks that it ended by itself and well.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        run(podman().args(["stop", "--time", "60", &self.id]).stdout(Stdio::null()))?;
        let state = ["inspect", "--format", "{{.State.ExitCode}}", &self.id];
        let code = line_of(podman().args(state))?;
        ensure!(code == "0", "a broker that was stopped ended with code {code}");
        Ok(())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = podman().args(["rm", "--force", "--time", "0", &self.id]).output();
    }
}

fn line_of(command: &mut Command) -> anyhow::Result<String> {
    Ok(String::from_utf8(output(command)?)?.trim().to_owned())
}
