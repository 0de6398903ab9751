//! The package on a machine with systemd.

use crate::{dist::Artefacts, system::System};

const SETTINGS: &str = "/etc/rialto/rialto.toml";

#[test]
fn systemd_runs_the_broker_of_the_package() {
    let packages = tempfile::tempdir().unwrap();
    let old = Artefacts::make(packages.path(), 1);
    let name = |artefacts: &Artefacts| {
        let name = artefacts.package.file_name().unwrap();
        format!("/packages/{}", name.to_str().unwrap())
    };
    let old = name(&old);
    let new = old.replace("-1_", "-2_");
    let later = tempfile::tempdir().unwrap();
    let later = Artefacts::make(later.path(), 2);
    std::fs::copy(&later.package, packages.path().join(later.package.file_name().unwrap()))
        .unwrap();
    let Some(system) = System::try_boot(packages.path()) else { return };

    // Installed: it runs, as its own user, and serves.
    system.printed(&["dpkg", "--no-triggers", "--install", &old]);
    assert_eq!(system.property("ActiveState"), "active", "systemd waited until it was ready");
    assert!(system.property("StatusText").contains("tcp 127.0.0.1:8010"));
    publish(&system, "the first");
    let owner =
        system.printed(&["stat", "--format=%U %a", "/var/lib/rialto", "/var/lib/rialto/rialto.db"]);
    assert_eq!(owner, "rialto 700\nrialto 600\n");

    reload(&system);
    watch(&system);

    // Upgraded: restarted, with what was acknowledged.
    subscribe_for_good(&system);
    publish(&system, "over the upgrade");
    let process = system.property("MainPID");
    system.printed(&["dpkg", "--no-triggers", "--install", &new]);
    assert_eq!(system.property("ActiveState"), "active");
    assert_ne!(system.property("MainPID"), process);
    let received = ["rialto", "sub", "--client", "fridge", "--persistent", "--count", "1", "room"];
    assert_eq!(system.printed(&received), "room over the upgrade\n");

    // Removed: stopped, and what it stored is there.
    system.printed(&["dpkg", "--no-triggers", "--purge", "rialto"]);
    assert!(!system.run(&["systemctl", "is-active", "rialto"]).status.success());
    system.printed(&["test", "-s", "/var/lib/rialto/rialto.db"]);
}

/// Settings are taken up by a reload, and those with a mistake fail it.
fn reload(system: &System) {
    let process = system.property("MainPID");
    let change = r#"s/^#packet_bytes_max = .*/packet_bytes_max = "a lot"/"#;
    system.printed(&["sed", "-i", change, SETTINGS]);
    let refused = system.run(&["systemctl", "reload", "rialto"]);
    assert!(!refused.status.success(), "a mistake is told to whoever reloads");
    assert_eq!(system.property("ActiveState"), "active");
    publish(system, "still here");
    system.printed(&["sed", "-i", "s/a lot/2MiB/", SETTINGS]);
    system.printed(&["systemctl", "reload", "rialto"]);
    system.wait_for("ActiveState", |state| state == "active");
    let journal = system.printed(&["journalctl", "--no-pager", "--unit=rialto"]);
    assert!(journal.contains("limits.packet_bytes_max"), "{journal}");
    assert_eq!(system.property("MainPID"), process, "no reload is a restart");
}

/// A process that is stuck is started anew.
fn watch(system: &System) {
    let drop_in = "mkdir -p /run/systemd/system/rialto.service.d && \
         printf '[Service]\\nWatchdogSec=1s\\n' >/run/systemd/system/rialto.service.d/test.conf && \
         systemctl daemon-reload && systemctl restart rialto";
    system.printed(&["sh", "-ec", drop_in]);
    let process = system.property("MainPID");
    let restarts = system.property("NRestarts");
    system.printed(&["kill", "-STOP", &process]);
    system.wait_for("NRestarts", |count| count != restarts);
    system.wait_for("ActiveState", |state| state == "active");
    publish(system, "after the restart");
    let undo = "rm -r /run/systemd/system/rialto.service.d && systemctl daemon-reload && \
         systemctl restart rialto";
    system.printed(&["sh", "-ec", undo]);
}

fn subscribe_for_good(system: &System) {
    let command =
        ["rialto", "sub", "--client", "fridge", "--persistent", "--timeout", "100ms", "room"];
    assert_eq!(system.run(&command).status.code(), Some(4), "nothing is there yet");
}

fn publish(system: &System, text: &str) {
    system.printed(&["rialto", "pub", "--qos", "1", "room", text]);
}
