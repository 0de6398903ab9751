//! `--listen`, and host names as the addresses of listeners.

use std::{fs, net::SocketAddr, path::Path, process};

use rialto_testkit::{Peer, Port, leave_out};
use serde_json::Value;

use crate::common::{Command, PROGRAM};

/// How a broker is started that keeps nothing, and whose log can be read.
const SERVE: [&str; 5] = ["serve", "--set", "store.kind=memory", "--log-format", "json"];

/// Waits until a broker listens on so many addresses, and returns them.
fn addresses(broker: &Command, count: usize) -> Vec<SocketAddr> {
    broker.wait_for_said("lines for the addresses", |lines| {
        let mut entries = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let ready = entries.find(|entry| entry["message"] == "ready")?;
        let listeners = ready["listeners"].as_str().unwrap().split(' ');
        let addresses = listeners.map(|it| it.split_once('=').unwrap().1.parse().unwrap());
        let addresses: Vec<SocketAddr> = addresses.collect();
        (count <= addresses.len()).then_some(addresses)
    })
}

#[test]
fn a_host_name_is_listened_on() {
    // As a flag, and as a setting of a listener.
    let port = Port::reserve().unwrap().address.port();
    let setting = format!("listeners.listen-1.address=localhost:{port}");
    for args in [&["--listen", "localhost:0"][..], &["--listen", "127.0.0.1:0", "--set", &setting]]
    {
        let broker = Command::start([&SERVE[..], args].concat());
        let addresses = addresses(&broker, 1);
        let address = addresses.iter().find(|it| it.is_ipv4()).unwrap();
        Peer::plain(*address).log_in("ada");
        broker.interrupt();
        assert!(broker.end().status.success());
    }
}

/// Names that this machine does not have otherwise.
const HOSTS: &str = "127.0.0.1 both.test\n127.0.0.2 both.test\n192.0.2.1 elsewhere.test\n\
                     127.0.0.1 partly.test\n192.0.2.1 partly.test\n127.0.0.1 localhost\n";

#[test]
fn every_address_of_a_name_is_listened_on_with_one_port() {
    let files = tempfile::tempdir().unwrap();
    let Some(run) = with_hosts(files.path()) else { return };
    let broker = Command::spawn(run(), [&SERVE[..], &["--listen", "both.test:0"]].concat());
    let mut addresses = addresses(&broker, 2);
    addresses.sort();
    assert_eq!([addresses[0].ip(), addresses[1].ip()], ["127.0.0.1", "127.0.0.2"].map(ip));
    assert_eq!(addresses[0].port(), addresses[1].port());
    for address in addresses {
        Peer::plain(address).log_in(&format!("client-of-{address}"));
    }
    broker.interrupt();
    assert!(broker.end().status.success());
}

#[test]
fn of_a_name_with_several_addresses_one_is_enough_and_the_others_are_told() {
    let files = tempfile::tempdir().unwrap();
    let Some(run) = with_hosts(files.path()) else { return };
    let open = "access.open_beyond_loopback=true";
    let arguments = [&SERVE[..], &["--listen", "partly.test:0", "--set", open]].concat();
    let broker = Command::spawn(run(), arguments);
    assert_eq!(addresses(&broker, 1)[0].ip(), ip("127.0.0.1"));
    let warning = broker.wait_for_said("a warning", |lines| {
        lines.iter().find(|line| line.contains("\"WARN\"")).cloned()
    });
    assert!(warning.contains("192.0.2.1") && warning.contains("partly.test"), "{warning}");
    broker.interrupt();
    assert!(broker.end().status.success());
}

#[test]
fn open_mode_stays_on_loopback_by_any_name() {
    let files = tempfile::tempdir().unwrap();
    let Some(run) = with_hosts(files.path()) else { return };
    for name in ["elsewhere.test", "partly.test"] {
        let listen = format!("{name}:0");
        let ended = Command::spawn(run(), [&SERVE[..], &["--listen", &listen]].concat()).end();
        assert_eq!(ended.status.code(), Some(2), "{}", ended.said);
        assert!(ended.said.contains("has the address 192.0.2.1"), "{}", ended.said);
        assert!(ended.said.contains("access.mode is \"open\""), "{}", ended.said);
        // The check says so, too; as a warning, since another machine may know the name otherwise.
        let checked = Command::spawn(run(), ["config", "check", "--listen", &listen]).end();
        assert_eq!(checked.status.code(), Some(0), "{}", checked.said);
        assert!(checked.said.contains("rialto: warning: "), "{}", checked.said);
        assert!(checked.said.contains("has the address 192.0.2.1"), "{}", checked.said);
    }
    let ended = Command::spawn(run(), [&SERVE[..], &["--listen", "nowhere.invalid:0"]].concat());
    let ended = ended.end();
    assert!(ended.said.contains("the host name has no address"), "{}", ended.said);
}

fn ip(text: &str) -> std::net::IpAddr {
    text.parse().unwrap()
}

/// Returns what runs `rialto` where the hosts file is ours, or says that it is not permitted.
fn with_hosts(dir: &Path) -> Option<impl Fn() -> process::Command> {
    let file = dir.join("hosts");
    fs::write(&file, HOSTS).unwrap();
    let script = format!("mount --bind {} /etc/hosts && exec \"$@\"", file.display());
    let run = move |program: &str| {
        let mut command = process::Command::new("unshare");
        command.args(["--mount", "sh", "-c", &script, "sh", program]);
        command
    };
    if run("true").status().is_ok_and(|status| status.success()) {
        return Some(move || run(PROGRAM));
    }
    leave_out("mounting is not permitted here");
    None
}
