//! The Debian package, made with Debian's own `dpkg-deb`.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    contents::Item,
    layout::{Layout, Place},
    making::{Making, VERSION},
    tree, version,
};
use crate::process::{output, run};

const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];
const DESCRIPTION: &str = "\
Description: message broker for JSON between devices, browsers and services
 Rialto speaks JMQT over TCP and WebSocket, CoreMQ and PubSubX, over one core: what
 one client publishes, subscribers of all protocols receive. Messages of QoS 1 are
 on the disk when they are acknowledged.
 .
 The package starts a broker that listens on loopback only.
";

/// Makes it, and returns where it is.
pub(super) fn make(
    making: &Making<'_>,
    items: &[Item],
    program: &Path,
    revision: u32,
) -> anyhow::Result<PathBuf> {
    let version = version::debian(VERSION, revision);
    let architecture = output(Command::new("dpkg").arg("--print-architecture"))?;
    let architecture = String::from_utf8(architecture)?.trim().to_owned();
    let root = making.work.join("debian");
    tree::lay_out(items, Layout::Debian, &root)?;
    write_copyright(&root)?;
    let size_kib = size_kib(&root)?;
    write_control(&root, &control(&version, &architecture, size_kib, &fs::read(program)?))?;
    tree::settle(&root, making.date)?;

    let compression = if making.quick { ["-Zgzip", "-z1"] } else { ["-Zxz", "-z9"] };
    let name = format!("rialto_{version}_{architecture}.deb");
    let (unfinished, finished) = (making.work.join(&name), making.out.join(&name));
    run(Command::new("dpkg-deb")
        .args(compression)
        .args(["--root-owner-group", "--build"])
        .args([&root, &unfinished])
        .env("SOURCE_DATE_EPOCH", making.date.to_string())
        .stdout(std::process::Stdio::null()))?;
    fs::rename(unfinished, &finished)?;
    Ok(finished)
}

fn control(version: &str, architecture: &str, size_kib: u64, program: &[u8]) -> String {
    let maintainer = maintainer();
    let libc = match glibc(program) {
        Some((major, minor)) => format!("libc6 (>= {major}.{minor})"),
        None => "libc6".to_owned(),
    };
    // Whichever of them is there makes the account; a machine without systemd needs no more of it.
    let sysusers = "systemd | systemd-standalone-sysusers | systemd-sysusers";
    format!(
        "Package: rialto\nVersion: {version}\nSection: net\nPriority: optional\n\
         Architecture: {architecture}\nMaintainer: {maintainer}\nInstalled-Size: {size_kib}\n\
         Depends: {libc}, libgcc-s1, {sysusers}\n{DESCRIPTION}"
    )
}

/// Returns who answers for the package, as Debian's tools are told.
fn maintainer() -> String {
    let name = env::var("DEBFULLNAME").unwrap_or_else(|_| "The Rialto authors".to_owned());
    let address = env::var("DEBEMAIL").unwrap_or_else(|_| "rialto@localhost".to_owned());
    format!("{name} <{address}>")
}

/// Returns the newest version of the C library that a program asks for. The names of the versions it asks for
/// stand in it as texts, such as `GLIBC_2.34`.
fn glibc(program: &[u8]) -> Option<(u32, u32)> {
    let names = program.split(|&byte| byte == b'G').filter_map(|it| it.strip_prefix(b"LIBC_"));
    let number = |text: &str| text.parse::<u32>().ok();
    let versions = names.filter_map(|name| {
        let end = name.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.'));
        let text = std::str::from_utf8(&name[..end.unwrap_or(name.len())]).ok()?;
        let mut numbers = text.split('.');
        Some((numbers.next().and_then(number)?, numbers.next().and_then(number)?))
    });
    versions.max()
}

/// Adds the licence under the name that Debian looks for.
fn write_copyright(root: &Path) -> anyhow::Result<()> {
    let mut text = fs::read_to_string("LICENSE")?;
    text.push_str(
        "\nThe program contains libraries of others: third-party-licences.txt.gz beside this file.\n",
    );
    let path = root.join(Layout::Debian.directory(Place::Documentation)).join("copyright");
    tree::write(&path, text.as_bytes(), 0o644)
}

fn write_control(root: &Path, control: &str) -> anyhow::Result<()> {
    let directory = root.join("DEBIAN");
    let sums = checksums(root)?;
    let settings = Layout::Debian.directory(Place::Settings);
    tree::write(&directory.join("control"), control.as_bytes(), 0o644)?;
    tree::write(
        &directory.join("conffiles"),
        format!("/{settings}/rialto.toml\n").as_bytes(),
        0o644,
    )?;
    tree::write(&directory.join("md5sums"), sums.as_bytes(), 0o644)?;
    for script in SCRIPTS {
        let text = fs::read(Path::new("packaging/debian").join(script))?;
        tree::write(&directory.join(script), &text, 0o755)?;
    }
    Ok(())
}

/// Returns the sums that `dpkg --verify` compares files with; those of settings it knows by itself.
fn checksums(root: &Path) -> anyhow::Result<String> {
    let files = tree::files(root)?;
    let files = files.iter().filter(|path| !path.starts_with("etc"));
    Ok(String::from_utf8(output(Command::new("md5sum").args(files).current_dir(root))?)?)
}

/// Returns how much it takes on a disk, as Debian counts: each file and directory in whole KiB.
fn size_kib(root: &Path) -> anyhow::Result<u64> {
    let mut sizes = BTreeMap::new();
    for path in tree::files(root)? {
        let ancestors = path.ancestors().skip(1).map(Path::to_owned);
        sizes.extend(ancestors.map(|directory| (directory, 1)));
        let bytes = fs::metadata(root.join(&path))?.len();
        sizes.insert(path, bytes.div_ceil(1024));
    }
    Ok(sizes.values().sum())
}

#[cfg(test)]
mod tests {
    use super::glibc;

    #[test]
    fn the_newest_c_library_that_is_asked_for_counts() {
        assert_eq!(
            glibc(b"..\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_PRIVATE\0"),
            Some((2, 34))
        );
        assert_eq!(glibc(b"GLIBC_2.17"), Some((2, 17)));
        assert_eq!(glibc(b"GLIBC_"), None);
    }
}
