//! A package is installed, upgraded, removed and purged; what the broker stored stays.

use std::{fs, process::Command as Program};

use rialto_testkit::Port;

use crate::{
    common::{Command, PROGRAM},
    dist::Artefacts,
    installed::{DATA_DIR, Installed},
    is_root,
    root::Root,
};

const SETTINGS: &str = "/etc/rialto/rialto.toml";

#[test]
fn messages_outlive_an_upgrade_of_a_running_broker_and_its_removal() {
    if !is_root() {
        return;
    }
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let old = Artefacts::make(directories[0].path(), 1);
    let new = Artefacts::make(directories[1].path(), 2);
    let root = Root::new();
    root.dpkg("--install", &old.package);
    check_installed(&root);

    let port = Port::reserve().unwrap();
    let broker = Installed::start(&root, &port);
    subscribe_for_good(&port);
    publish(&port, "before the upgrade");
    let changed = fs::read_to_string(root.path(SETTINGS)).unwrap() + "# of the operator\n";
    fs::write(root.path(SETTINGS), &changed).unwrap();

    root.dpkg("--install", &new.package);
    assert!(broker.program_is_replaced(), "the old one runs on until it is restarted");
    publish(&port, "from the old broker");
    broker.stop();
    let broker = Installed::start(&root, &port);
    assert!(!broker.program_is_replaced());
    assert_eq!(received(&port, 2), ["room before the upgrade", "room from the old broker"]);
    assert_eq!(fs::read_to_string(root.path(SETTINGS)).unwrap(), changed, "settings are kept");

    publish(&port, "before the removal");
    broker.stop();
    let stored = data_files(&root);
    root.dpkg("--remove", "rialto");
    assert!(!root.path("/usr/bin/rialto").exists());
    assert!(root.path(SETTINGS).exists(), "settings stay until they are purged");
    assert_eq!(data_files(&root), stored);

    let said = root.dpkg("--purge", "rialto");
    assert!(!root.path("/etc/rialto").exists());
    assert_eq!(data_files(&root), stored);
    let data = root.path(DATA_DIR);
    assert!(said.contains(&format!("stay in {}", data.display())), "{said}");

    root.dpkg("--install", &new.package);
    let broker = Installed::start(&root, &port);
    assert_eq!(received(&port, 1), ["room before the removal"]);
    broker.stop();
}

/// Checks what is where after the first installation, and whose it is.
fn check_installed(root: &Root) {
    let (_, group) = root.account("rialto");
    // Settings may hold secrets: the broker reads them, nobody else does, and only root writes them.
    assert_eq!(root.rights(SETTINGS), (0o640, 0, group));
    assert_eq!(root.rights("/usr/bin/rialto"), (0o755, 0, 0));
    let enabled = root.path("/etc/systemd/system/multi-user.target.wants/rialto.service");
    assert!(enabled.is_symlink(), "it starts with the machine");
    let verified = root.dpkg("--verify", "rialto");
    assert_eq!(verified, "", "every file is as it was packed");
    // What holds with this file is what holds without any, but for the data directory.
    let settings = |arguments: &[&str]| {
        let output = Program::new(PROGRAM).args(["config", "show"]).args(arguments).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let file = root.path(SETTINGS);
    assert_eq!(
        settings(&["--config", &file.to_string_lossy()]),
        settings(&["--data-dir", DATA_DIR]),
    );
}

fn subscribe_for_good(port: &Port) {
    let subscriber = client(port, &["sub", "--client", "fridge", "--persistent", "room"]);
    subscriber.wait_until_it_says("subscribed to room");
    subscriber.interrupt();
    subscriber.end();
}

fn publish(port: &Port, text: &str) {
    let ended = client(port, &["pub", "--qos", "1", "room", text]).end();
    assert!(ended.status.success(), "{}", ended.said);
}

fn received(port: &Port, count: usize) -> Vec<String> {
    let count = count.to_string();
    let arguments = ["sub", "--client", "fridge", "--persistent", "--count", &count, "room"];
    let ended = client(port, &arguments).end();
    assert!(ended.status.success(), "{}", ended.said);
    ended.printed.iter().map(|line| line.replace('"', "")).collect()
}

fn client(port: &Port, arguments: &[&str]) -> Command {
    let server = format!("jmqt://{}", port.address);
    Command::start(arguments.iter().copied().chain(["--server", &server]))
}

/// Returns the names and contents of what the broker stored.
fn data_files(root: &Root) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(root.path(DATA_DIR)).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.iter().any(|(name, _)| name == "rialto.db"), "there is a store");
    files
}
