//! systemd itself, started in namespaces of its own over a copy-on-write view of this machine.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rialto_testkit::{PATIENCE, leave_out};
use tempfile::TempDir;

use crate::is_root;

/// Builds the view and makes systemd its first process. A root of its own that is a mount, devices and a
/// pseudo terminal are what the unit's own namespaces are made of.
const BOOT: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$BASE"
mkdir "$BASE/up" "$BASE/work" "$BASE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$BASE/up,workdir=$BASE/work" "$BASE/root"
cd "$BASE/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
ip link set lo up
# Images for building forbid packages to start anything.
rm -rf usr/sbin/policy-rc.d etc/rialto var/lib/rialto
mkdir -p packages mnt
cp "$PACKAGES"/*.deb packages/
pivot_root . mnt
exec env -i container=other "PATH=$PATH" sh -c 'umount -l /mnt; exec "$0" "$@"' \
    /lib/systemd/systemd --system --unit=basic.target --log-target=console --show-status=0
"#;

/// A machine that runs systemd. Dropping it ends all its processes.
pub(crate) struct System {
    /// The first process outside; all inside end with it.
    outer: Child,
    init: String,
    group: PathBuf,
    _files: TempDir,
}

impl System {
    /// Boots one that has the packages of a directory in `/packages`; says on standard error if that is not
    /// permitted here.
    pub(crate) fn try_boot(packages: &Path) -> Option<Self> {
        let group = control_group()?;
        let files = tempfile::tempdir().unwrap();
        let said = File::create(files.path().join("said")).unwrap();
        let outer = Command::new("sh")
            .arg("-ec")
            .arg("echo $$ >\"$GROUP/cgroup.procs\"; exec \"$@\"")
            .args(["sh", "unshare", "--cgroup", "--mount", "--pid", "--fork", "--uts", "--ipc"])
            .args(["--net", "--kill-child", "sh", "-c", BOOT])
            .env("GROUP", &group)
            .env("BASE", files.path())
            .env("PACKAGES", packages)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let mut system = System { outer, init: String::new(), group, _files: files };
        if system.wait_for_boot() {
            return Some(system);
        }
        let said = fs::read_to_string(system._files.path().join("said")).unwrap_or_default();
        leave_out(&format!("systemd cannot be booted here: {said}"));
        None
    }

    /// Runs a command in it, as root.
    pub(crate) fn run(&self, command: &[&str]) -> Output {
        Command::new("nsenter")
            .args(["--target", &self.init, "--all", "--root", "--wd", "env", "-i"])
            .arg(format!("PATH={}:/usr/sbin:/sbin", std::env::var("PATH").unwrap()))
            .args(command)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a command that must succeed, and returns what it prints.
    #[track_caller]
    pub(crate) fn printed(&self, command: &[&str]) -> String {
        let output = self.run(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {said}\n{}", self.journal());
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Returns a property of the broker's unit, as systemd sees it.
    pub(crate) fn property(&self, name: &str) -> String {
        let value = self.printed(&["systemctl", "show", "rialto", "--value", "--property", name]);
        value.trim().to_owned()
    }

    /// Waits until a property is as wanted.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str, is_wanted: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + 3 * PATIENCE;
        loop {
            let value = self.property(name);
            if is_wanted(&value) {
                return;
            }
            let journal = || self.journal();
            assert!(Instant::now() < deadline, "{name} is {value}\n{}", journal());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn journal(&self) -> String {
        let output = self.run(&["journalctl", "--no-pager", "--lines=40"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until systemd answers; says whether it ever does.
    fn wait_for_boot(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && self.outer.try_wait().unwrap().is_none() {
            if let Some(init) = child_of(self.outer.id()) {
                self.init = init;
                let state = self.run(&["systemctl", "is-system-running"]).stdout;
                if matches!(state.trim_ascii(), b"running" | b"degraded") {
                    return true;
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }
}

impl Drop for System {
    fn drop(&mut self) {
        _ = self.outer.kill();
        _ = self.outer.wait();
        // Its processes end one after the other. Groups below it are those of units; the deepest go first.
        let deadline = Instant::now() + PATIENCE;
        while self.group.exists() && Instant::now() < deadline {
            let group = self.group.as_os_str();
            _ = Command::new("find").arg(group).args(["-depth", "-type", "d", "-delete"]).output();
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Makes a control group for one system, or says that it cannot be had.
fn control_group() -> Option<PathBuf> {
    let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(Path::new);
    let root = roots.into_iter().find(|root| root.join("cgroup.controllers").exists());
    let name = format!("rialto-test-{}", std::process::id());
    let made = root.filter(|_| is_root()).map(|root| {
        let group = root.join(name);
        fs::create_dir(&group).map(|()| group)
    });
    match made {
        Some(Ok(group)) => Some(group),
        Some(Err(error)) if error.kind() == ErrorKind::AlreadyExists => panic!("{error}"),
        _ => {
            leave_out("no control group can be made here");
            None
        }
    }
}

/// Returns the first child of a process.
fn child_of(process: u32) -> Option<String> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().next().map(str::to_owned)
}
