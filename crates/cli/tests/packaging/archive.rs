//! What is in the artefacts.

use std::{fs, process::Command};

use crate::{common::PROGRAM, dist::Artefacts};

#[test]
fn the_same_sources_make_the_same_bytes() {
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = directories.each_ref().map(|it| Artefacts::make(it.path(), 1));
    for (one, other) in [(&one.archive, &other.archive), (&one.package, &other.package)] {
        assert_eq!(one.file_name(), other.file_name());
        let is_same = fs::read(one).unwrap() == fs::read(other).unwrap();
        assert!(is_same, "{} differs", one.display());
    }
    check_archive(&one);
    check_package(&one);
}

/// Unpacks the archive as docs/install.md says, and runs what is in it.
fn check_archive(artefacts: &Artefacts) {
    let prefix = tempfile::tempdir().unwrap();
    let listing =
        printed(Command::new("tar").arg("--numeric-owner").arg("-tvf").arg(&artefacts.archive));
    for line in listing.lines() {
        assert!(line.contains(" 0/0 "), "all belongs to root: {line}");
    }
    let unpacked = Command::new("tar")
        .args(["--strip-components=1", "-xf"])
        .arg(&artefacts.archive)
        .arg("-C")
        .arg(prefix.path())
        .status();
    assert!(unpacked.unwrap().success());
    let program = prefix.path().join("bin/rialto");
    let version = |program: &std::path::Path| printed(Command::new(program).arg("--version"));
    assert_eq!(version(&program), version(PROGRAM.as_ref()));
    let checked = Command::new(&program)
        .args(["config", "check", "--config"])
        .arg(prefix.path().join("etc/rialto.toml"))
        .status();
    assert!(checked.unwrap().success());
    let unit = fs::read_to_string(prefix.path().join("lib/systemd/system/rialto.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/local/bin/rialto serve "), "{unit}");
    for file in [
        "lib/sysusers.d/rialto.conf",
        "share/man/man1/rialto.1.gz",
        "share/man/man1/rialto-serve.1.gz",
        "share/bash-completion/completions/rialto",
        "share/zsh/site-functions/_rialto",
        "share/fish/vendor_completions.d/rialto.fish",
        "share/doc/rialto/LICENSE",
        "share/doc/rialto/docs/operating.md",
    ] {
        assert!(fs::metadata(prefix.path().join(file)).unwrap().len() > 0, "{file}");
    }
}

/// Reads what the package says of itself.
fn check_package(artefacts: &Artefacts) {
    let field = |name: &str| {
        let value =
            printed(Command::new("dpkg-deb").arg("--field").arg(&artefacts.package).arg(name));
        value.trim().to_owned()
    };
    assert_eq!(field("Package"), "rialto");
    assert_eq!(field("Version"), format!("{}-1", env!("CARGO_PKG_VERSION")));
    let depends = field("Depends");
    assert!(depends.starts_with("libc6 (>= 2."), "{depends}");
    // All that the program is linked with is in these two packages.
    let linked = printed(Command::new("ldd").arg(PROGRAM));
    let known = ["linux-vdso", "libgcc_s.so", "libc.so", "libm.so", "ld-linux"];
    for line in linked.lines() {
        assert!(known.iter().any(|it| line.contains(it)), "the package depends on {line}");
    }
    let licences = Command::new("dpkg-deb").arg("--fsys-tarfile").arg(&artefacts.package).output();
    let directory = tempfile::tempdir().unwrap();
    let tar = directory.path().join("files.tar");
    fs::write(&tar, licences.unwrap().stdout).unwrap();
    let name = "./usr/share/doc/rialto/third-party-licences.txt.gz";
    let compressed = directory.path().join("licences.gz");
    let texts = Command::new("tar").arg("-xOf").arg(&tar).arg(name).output().unwrap().stdout;
    fs::write(&compressed, texts).unwrap();
    let texts = printed(Command::new("gzip").arg("-cd").arg(&compressed));
    for library in ["tokio ", "rustls ", "rusqlite "] {
        assert!(texts.lines().any(|line| line.starts_with(library)), "{library}");
    }
    assert!(!texts.contains("rialto-"), "they are of others");
}

fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
