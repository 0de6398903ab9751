//! Builds the image that `Containerfile` describes and checks a broker in it, with podman.
//!
//! Not a part of CI: it compiles the whole program once more, and needs what few machines of CI allow. Read
//! [`check`] first; `bases.rs` makes base images where no registry can be reached, `broker.rs` runs containers.

mod bases;
mod broker;
mod podman;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use self::{
    broker::{Container, Volume},
    podman::podman,
};
use crate::process::{output, run};

/// What `cargo xtask container` can be told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Name of the image that is built.
    #[arg(long, default_value = "localhost/rialto:check")]
    image: String,
    /// Check an image that is there already, instead of building one.
    #[arg(long)]
    no_build: bool,
    /// Make the base images of Debian's packages (with mmdebstrap, as root) and this machine's Rust, instead of
    /// fetching them from a registry.
    #[arg(long)]
    bases_from_debian: bool,
    /// A directory that keeps what cargo compiles in the image for the next build.
    #[arg(long, value_name = "DIR")]
    cache: Option<std::path::PathBuf>,
}

/// Builds the image, and checks what docs/install.md promises of it.
pub(crate) fn check(arguments: &Arguments) -> anyhow::Result<()> {
    let image = &arguments.image;
    if !arguments.no_build {
        build(arguments)?;
    }
    check_description(image)?;
    let volume = Volume::new()?;
    check_first_life(image, &volume)?;
    check_second_life(image, &volume)?;
    println!(
        "{image}: not root, healthy while the broker answers, and the volume keeps what was stored"
    );
    Ok(())
}

fn build(arguments: &Arguments) -> anyhow::Result<()> {
    let mut command = podman();
    // The other format, which is podman's default, has no health checks.
    command.args(["build", "--format", "docker", "--tag", &arguments.image]);
    if arguments.bases_from_debian {
        bases::make()?;
        command.args(["--pull=never", "--network=host"]).args(bases::build_options()?);
    }
    if let Some(cache) = &arguments.cache {
        std::fs::create_dir_all(cache)?;
        let cache = cache.canonicalize()?;
        command.arg(format!("--volume={}:/src/target", cache.display()));
    }
    run(command.args(["--file", "Containerfile", "."]))
}

/// Checks what the image says of itself.
fn check_description(image: &str) -> anyhow::Result<()> {
    let text = output(podman().args(["image", "inspect", image]))?;
    let described: Value = serde_json::from_slice(&text)?;
    let config = &described[0]["Config"];
    ensure!(config["User"] == "10001:10001", "the user is {}", config["User"]);
    ensure!(config["Volumes"].get("/var/lib/rialto").is_some(), "there is no volume");
    let check = [&described[0]["Healthcheck"], &config["Healthcheck"]];
    ensure!(check.iter().any(|it| !it.is_null()), "there is no health check");
    Ok(())
}

/// Stores a message in a broker with the default settings, and stops it.
fn check_first_life(image: &str, volume: &Volume) -> anyhow::Result<()> {
    let broker = Container::start(image, volume, &[])?;
    let status = broker.run(&["cat", "/proc/1/status"])?;
    let uids = status.lines().find(|line| line.starts_with("Uid:")).context("no user")?;
    ensure!(uids.split_whitespace().skip(1).all(|uid| uid == "10001"), "it runs as {uids}");
    ensure!(broker.is_healthy()?, "a broker that serves is not healthy");
    broker.signal("STOP")?;
    ensure!(!broker.is_healthy()?, "a broker that does not answer is healthy");
    broker.signal("CONT")?;
    broker.run(&["rialto", "pub", "--retain", "room/kitchen", r#""kept""#])?;
    broker.stop()
}

/// Finds the message in another container with the same volume, which may write nowhere else.
fn check_second_life(image: &str, volume: &Volume) -> anyhow::Result<()> {
    let broker = Container::start(image, volume, &["--read-only"])?;
    let kept =
        broker.run(&["rialto", "sub", "--quiet", "--raw", "--count", "1", "room/kitchen"])?;
    // A text without its quotes, as --raw prints it.
    if kept.trim_end() != "kept" {
        bail!("the volume kept {kept:?}");
    }
    broker.stop()
}
