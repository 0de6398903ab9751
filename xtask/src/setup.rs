//! What the tests need beyond Rust: Debian packages, installed where that is allowed, Python clients, and tools for JavaScript.

use std::process::Command;

use anyhow::{Context, bail};

use crate::{debian_source, node, python};

/// A program the tests or the benchmark run, and the Debian package that has it.
struct Needed {
    program: &'static str,
    package: &'static str,
    purpose: &'static str,
}

const NEEDED: [Needed; 22] = [
    Needed { program: "cc", package: "gcc", purpose: "builds SQLite and the TLS library" },
    Needed { program: "c++", package: "g++", purpose: "builds the fuzzer" },
    Needed { program: "chromium", package: "chromium", purpose: "runs pages with our client" },
    Needed { program: "curl", package: "curl", purpose: "runs the commands of the documents" },
    Needed {
        program: "fail2ban-regex",
        package: "fail2ban",
        purpose: "reads the trace of refusals in tests",
    },
    Needed { program: "faketime", package: "faketime", purpose: "steps clocks in tests" },
    Needed { program: "haproxy", package: "haproxy", purpose: "stands before the broker in tests" },
    Needed { program: "ip", package: "iproute2", purpose: "cuts cables in tests of replication" },
    Needed {
        program: "mariadbd",
        package: "mariadb-server",
        purpose: "stores what a broker keeps, in tests",
    },
    Needed {
        program: "nats-server",
        package: "nats-server",
        purpose: "the benchmark's peer, and the bus between nodes in tests",
    },
    Needed {
        program: "nc",
        package: "netcat-openbsd",
        purpose: "runs the commands of the documents",
    },
    Needed { program: "node", package: "nodejs", purpose: "runs the JavaScript client" },
    Needed { program: "npm", package: "npm", purpose: "installs the JavaScript client's tools" },
    Needed {
        program: "openssl",
        package: "openssl",
        purpose: "runs the commands of the documents",
    },
    Needed {
        program: "pg_ctlcluster",
        package: "postgresql",
        purpose: "stores what a broker keeps, in tests",
    },
    Needed { program: "promtool", package: "prometheus", purpose: "reads metrics and alert rules" },
    Needed { program: "prove", package: "perl", purpose: "runs the tests of memcached" },
    Needed {
        program: "redis-server",
        package: "redis-server",
        purpose: "is the bus between nodes, in tests",
    },
    Needed { program: "systemd-analyze", package: "systemd", purpose: "checks our unit" },
    Needed { program: "valgrind", package: "valgrind", purpose: "counts instructions" },
    Needed { program: "xz", package: "xz-utils", purpose: "unpacks sources of Debian packages" },
    Needed { program: "python3", package: "python3-venv", purpose: "runs clients of others" },
];

/// Installs what is missing, or says what to install.
pub(crate) fn install_missing() -> anyhow::Result<()> {
    install_programs()?;
    debian_source::install()?;
    python::install()?;
    node::install()
}

fn install_programs() -> anyhow::Result<()> {
    let missing: Vec<&Needed> = NEEDED.iter().filter(|needed| !is_there(needed.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|needed| needed.package).collect();
    if !is_there("apt-get") || !is_root() {
        for needed in &missing {
            println!("missing: {} ({})", needed.program, needed.purpose);
        }
        bail!("install these packages and try again: apt-get install {}", packages.join(" "));
    }
    println!("installing {}", packages.join(" "));
    apt_get(&["update", "-qq"])?;
    apt_get(&[&["install", "-y", "-qq", "--no-install-recommends"], &packages[..]].concat())
}

fn apt_get(arguments: &[&str]) -> anyhow::Result<()> {
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status()
        .context("apt-get cannot be run")?;
    if !status.success() {
        bail!("apt-get {} failed", arguments.join(" "));
    }
    Ok(())
}

/// Says whether a program is on the path.
pub(crate) fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian installs servers where ordinary users do not look.
    let directories = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    directories.into_iter().any(|directory| directory.join(program).is_file())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
