//! The broker of an installed package, started as its unit says.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    process::{Child, Command, Stdio},
};

use rialto_testkit::Port;

use crate::{
    common::{Manager, Signal, signal},
    root::Root,
    unit::Unit,
};

/// Where the unit has the broker keep what it stores.
pub(crate) const DATA_DIR: &str = "/var/lib/rialto";

/// A running broker, told to listen on a port that is free and to stay within its root.
pub(crate) struct Installed {
    process: Child,
}

impl Installed {
    /// Does what systemd does at the start of the unit, and waits until the broker is ready.
    pub(crate) fn start(root: &Root, port: &Port) -> Self {
        let unit = Unit::read(&root.path("usr/lib/systemd/system/rialto.service"));
        let (user, group) = root.account(unit.value("User"));
        assert_eq!(format!("/var/lib/{}", unit.value("StateDirectory")), DATA_DIR);
        let data = root.path(DATA_DIR);
        fs::create_dir_all(&data).unwrap();
        chown(&data, Some(user), Some(group)).unwrap();
        let mode = u32::from_str_radix(unit.value("StateDirectoryMode"), 8).unwrap();
        fs::set_permissions(&data, Permissions::from_mode(mode)).unwrap();

        let manager = Manager::new();
        let words = unit
            .value("ExecStart")
            .split(' ')
            .map(|word| if word.starts_with('/') { root.path(word) } else { word.into() });
        let words: Vec<_> = words.collect();
        let process = Command::new(&words[0])
            .args(&words[1..])
            .arg("--data-dir")
            .arg(&data)
            .args(["--listen", &port.address.to_string()])
            .current_dir(root.path(unit.value("WorkingDirectory")))
            .env_clear()
            .env("NOTIFY_SOCKET", manager.name())
            .uid(user)
            .gid(group)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let installed = Installed { process };
        manager.expect("READY=1");
        installed
    }

    /// Says which file it runs, even if another one has its name by now.
    pub(crate) fn program_is_replaced(&self) -> bool {
        let program = fs::read_link(format!("/proc/{}/exe", self.process.id())).unwrap();
        program.to_string_lossy().ends_with(" (deleted)")
    }

    /// Stops it, as systemd does.
    pub(crate) fn stop(mut self) {
        signal(self.process.id(), Signal::TERM);
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
