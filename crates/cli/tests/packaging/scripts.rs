//! The package's scripts where systemd runs, with programs in its place that note what they were told.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use rialto_testkit::leave_out;
use tempfile::TempDir;

use crate::{is_root, workspace};

/// What stands in for the system's programs: each notes its name and arguments.
const NOTE: &str = "#!/bin/sh\necho \"${0##*/} $*\" >>\"$NOTES\"\n";
const PROGRAMS: [&str; 4] =
    ["systemctl", "deb-systemd-invoke", "deb-systemd-helper", "systemd-sysusers"];

/// A system that says it runs systemd.
struct System {
    files: TempDir,
}

impl System {
    fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        for program in PROGRAMS {
            let path = files.path().join(program);
            fs::write(&path, NOTE).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        }
        System { files }
    }

    /// Runs a script with these arguments, and returns what it told whom.
    #[track_caller]
    fn run(&self, script: &str, arguments: &[&str]) -> Vec<String> {
        let notes = self.files.path().join("notes");
        fs::write(&notes, "").unwrap();
        let script: PathBuf = workspace().join("packaging/debian").join(script);
        let path = format!("{}:{}", self.files.path().display(), std::env::var("PATH").unwrap());
        // In a mount namespace of its own, where systemd seems to run.
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-ec"])
            .arg("mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec \"$0\" \"$@\"")
            .args(["sh".as_ref(), script.as_os_str()])
            .args(arguments)
            .env("PATH", path)
            .env("NOTES", &notes)
            .env_remove("DPKG_ROOT")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{said}");
        fs::read_to_string(&notes).unwrap().lines().map(str::to_owned).collect()
    }
}

fn may_mount() -> bool {
    let tried = Command::new("unshare").args(["--mount", "true"]).status();
    let may = is_root() && tried.is_ok_and(|status| status.success());
    if !may {
        leave_out("mounting is not permitted here");
    }
    // The scripts must not touch this system's settings of a broker.
    let has_settings = Path::new("/etc/rialto").exists();
    if has_settings {
        leave_out("this system has settings of a broker in /etc/rialto");
    }
    may && !has_settings
}

#[test]
fn the_broker_is_started_restarted_and_stopped_with_the_package() {
    if !may_mount() {
        return;
    }
    let system = System::new();
    let told = |notes: &[String], what: &str| notes.iter().any(|line| line == what);
    let reload = "systemctl --system daemon-reload";

    let installed = system.run("postinst", &["configure", ""]);
    assert!(told(&installed, "systemd-sysusers rialto.conf"), "{installed:?}");
    let position = |what: &str| installed.iter().position(|line| line == what).unwrap();
    let start = "deb-systemd-invoke start rialto.service";
    assert!(position("systemd-sysusers rialto.conf") < position(start), "first the account");
    assert!(position(reload) < position(start), "systemd knows the unit");

    let before_upgrade = system.run("prerm", &["upgrade", "9.9"]);
    assert!(before_upgrade.is_empty(), "it goes on meanwhile: {before_upgrade:?}");
    let upgraded = system.run("postinst", &["configure", "0.0.1-1"]);
    assert!(told(&upgraded, "deb-systemd-invoke restart rialto.service"), "{upgraded:?}");

    let removed = system.run("prerm", &["remove"]);
    assert_eq!(removed, ["deb-systemd-invoke stop rialto.service"]);
    let gone = system.run("postrm", &["remove"]);
    assert!(told(&gone, reload), "{gone:?}");
    let purged = system.run("postrm", &["purge"]);
    assert!(told(&purged, reload), "{purged:?}");
}
