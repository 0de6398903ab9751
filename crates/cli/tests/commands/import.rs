//! `rialto config import`, and a `coremq.conf` in place of a settings file.

use std::{fs, net::TcpStream, path::Path};

use expect_test::expect;
use rialto_testkit::Port;

use crate::common::Command;
use crate::{Outcome, rialto, rialto_in};

const COREMQ: &str = "\
[CoreMQ]
address = 127.0.0.1
port = 7747
cluster_nodes = one, two:7747
log_file = coremq.log

[CoreWS]
# port = 9000
";
const SERVER: &str = "\
LOG_MODE = 'WRN'
SOCKET_PORT = 9010
ENABLE_SSL = 0
TIMEOUT_SECONDS = 20
ENABLE_MYSQL = 1
MYSQL_PSWD = 'hunter2'
";
const CLIENT: &str = "REMOTE_HOST = \"localhost\"\nREMOTE_PORT = 9010\n";
const BALANCER: &str = "[options]\nbuffer_size=4096\n\n[mappings]\n9010=one:9010,two:9010\n";

const FILES: [(&str, &str); 4] =
    [("a.conf", COREMQ), ("b.conf", SERVER), ("c.conf", CLIENT), ("d.conf", BALANCER)];

/// Runs `rialto` in a directory that has all [`FILES`].
fn rialto_with_files(args: &[&str]) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path());
    rialto_in(dir.path(), &[], args, "")
}

fn write_files(dir: &Path) {
    for (name, text) in FILES {
        fs::write(dir.join(name), text).unwrap();
    }
}

#[test]
fn each_kind_of_file_becomes_settings_that_are_good() {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path());
    let run = |args: &[&str]| rialto_in(dir.path(), &[], args, "");
    let names = FILES.map(|(name, _)| name);
    let alone = names.iter().map(|name| vec![*name]);
    for files in alone.chain([names.to_vec()]) {
        let imported = run(&[&["config", "import"], &files[..]].concat()).printed();
        assert!(files.iter().all(|file| imported.contains(&format!("# - {file}"))), "{imported}");
        assert!(!imported.contains("hunter2"), "{imported}");
        fs::write(dir.path().join("rialto.toml"), imported).unwrap();
        let check = run(&["config", "check", "--config", "rialto.toml"]);
        assert_eq!(check.stderr, "rialto.toml: the settings are good\n", "{files:?}");
    }
    let shown = run(&["config", "show", "--config", "rialto.toml"]).printed();
    for line in [
        "address = \"127.0.0.1:7747\"",
        "address = \"127.0.0.1:9010\"",
        "nodes = [\"one\", \"two:7747\"]",
        "heartbeat_timeout = \"20s\"",
        "level = \"warn\"",
    ] {
        assert!(shown.contains(line), "{line} is missing in {shown}");
    }
}

#[test]
fn what_is_printed_is_the_file_and_what_is_said_is_not() {
    let Outcome { code, stdout, stderr } = rialto_with_files(&["config", "import", "a.conf"]);
    assert_eq!(code, 0);
    expect![[r##"
        # Settings of Rialto, imported from a.conf.
        # What is not here is at its default; see `rialto config default`.
        #
        # Notes:
        # - a.conf:7:1: [CoreWS] states no address: CoreMQ would listen on 0.0.0.0, Rialto listens on 127.0.0.1, for this machine only; to be reached from others, state one, and set access.mode = "tokens" or access.open_beyond_loopback = true
        # - a.conf:5:1: `log_file` has no counterpart: Rialto logs to standard error; redirect it, as in `rialto serve … 2>> coremq.log`

        [listeners.coremq]
        # a.conf:2:11: address, port
        address = "127.0.0.1:7747"

        [cluster]
        # a.conf:4:17: cluster_nodes
        nodes = ["one", "two:7747"]
    "##]].assert_eq(&stdout);
    expect![[r#"
        settings that are not at their defaults: 2; notes at the top: 2
    "#]]
    .assert_eq(&stderr);
}

#[test]
fn what_cannot_be_imported_exits_with_2() {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path());
    let run = |args: &[&str]| rialto_in(dir.path(), &[], args, "").failed(2);
    fs::write(dir.path().join("bad.conf"), "[CoreMQ]\nport = abc\n").unwrap();
    expect![[r#"
        rialto: bad.conf:2:8: `port` cannot be "abc"; expected a port, from 0 to 65535
    "#]]
    .assert_eq(&run(&["config", "import", "a.conf", "bad.conf"]));
    fs::write(dir.path().join("other.conf"), "TIMEOUT_SECONDS = 30\n").unwrap();
    expect![[r#"
        rialto: other.conf:1:19: `session.heartbeat_timeout` would be "30s" here and "20s" at b.conf:4:19; take one out, or decide with --set session.heartbeat_timeout=VALUE
    "#]].assert_eq(&run(&["config", "import", "b.conf", "other.conf"]));
    fs::write(dir.path().join("rialto.toml"), "[log]\nlevel = \"warn\"\n").unwrap();
    expect![[r#"
        rialto: rialto.toml: this is none of the files that can be imported; coremq.conf has a section [CoreMQ] or [CoreWS], load_balancer.conf has [mappings], server.conf has lines such as SOCKET_PORT = 8010, client.conf such as REMOTE_HOST = "localhost"
    "#]].assert_eq(&run(&["config", "import", "rialto.toml"]));
    expect![[r#"
        rialto: --set log.level: `log.level` has no value; write key=value, such as limits.packet_bytes_max=2MiB
    "#]].assert_eq(&run(&["config", "import", "--set", "log.level", "a.conf"]));
    expect![[r#"
        rialto: cannot read missing.conf: No such file or directory (os error 2)
    "#]]
    .assert_eq(&rialto(&["config", "import", "missing.conf"]).failed(1));
}

#[test]
fn a_coremq_conf_is_checked_and_shown_like_a_file_of_ours() {
    let check = rialto_with_files(&["config", "check", "--config", "a.conf"]);
    assert_eq!((check.code, check.stdout.as_str()), (0, ""));
    expect![[r#"
        rialto: warning: a.conf:7:1: [CoreWS] states no address: CoreMQ would listen on 0.0.0.0, Rialto listens on 127.0.0.1, for this machine only; to be reached from others, state one, and set access.mode = "tokens" or access.open_beyond_loopback = true
        rialto: warning: a.conf:5:1: `log_file` has no counterpart: Rialto logs to standard error; redirect it, as in `rialto serve … 2>> coremq.log`
        rialto: warning: a.conf: it says nothing of JMQT; the JMQT listeners stay at their defaults, and each can be turned off, as with --set listeners.tcp.enabled=false
        a.conf: the settings are good
    "#]].assert_eq(&check.stderr);
    let shown = rialto_with_files(&["config", "show", "--config", "a.conf"]).printed();
    assert!(shown.contains("nodes = [\"one\", \"two:7747\"]"), "{shown}");
}

#[test]
fn a_coremq_conf_with_an_address_open_to_the_network_is_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("coremq.conf"), "[CoreMQ]\naddress = 0.0.0.0\n").unwrap();
    let args = ["serve", "--config", "coremq.conf"];
    expect![[r#"
        rialto: coremq.conf:2:11: `listeners.coremq.address` is 0.0.0.0:6747, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true; such keys go on the command line, as --set KEY=VALUE
    "#]].assert_eq(&rialto_in(dir.path(), &[], &args, "").failed(2));
}

#[test]
fn a_broker_with_a_coremq_conf_listens_where_the_file_says() {
    let (queue, gateway) = (Port::reserve().unwrap(), Port::reserve().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("coremq.conf");
    let ports = [&queue, &gateway].map(|port| port.address.port());
    let text = format!(
        "[CoreMQ]\naddress = 127.0.0.1\nport = {}\nlog_file = away\n\n\
         [CoreWS]\naddress: 127.0.0.1\nport: {}\n",
        ports[0], ports[1]
    );
    fs::write(&file, text).unwrap();

    let mut args = vec!["serve".to_owned(), "--config".to_owned(), file.display().to_string()];
    args.extend(["--data-dir".to_owned(), dir.path().join("data").display().to_string()]);
    // The others are at fixed ports, which a test may not use.
    for listener in ["tcp", "tls", "websocket"] {
        args.extend(["--set".to_owned(), format!("listeners.{listener}.enabled=false")]);
    }
    let broker = Command::start(args);
    broker.wait_until_it_says("`log_file` has no counterpart");
    for (listener, port) in [("coremq", queue), ("coremq-websocket", gateway)] {
        let address = port.address;
        broker.wait_until_it_says(&format!("{listener}={address}"));
        TcpStream::connect(address).unwrap();
    }
}
