//! The cluster to try, `examples/cluster/run.py`: what it starts works, and is gone when it stops.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use rialto_testkit::{Peer, Port};
use rustix::process::{Pid, Signal, kill_process};

use super::PROGRAM;

/// The cluster, stopped when dropped.
struct Cluster(Child);

impl Cluster {
    fn stop(&mut self) -> ExitStatus {
        // An error means that it has ended already.
        _ = kill_process(Pid::from_child(&self.0), Signal::INT);
        self.0.wait().unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn the_cluster_to_try_is_one_broker_and_leaves_nothing_behind() {
    let listen = Port::reserve().unwrap();
    let directory = Path::new(PROGRAM).parent().unwrap().display().to_string();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/cluster/run.py");
    let cluster = Command::new("python3")
        .arg("-u")
        .arg(script)
        .arg(listen.address.to_string())
        .env("PATH", format!("{directory}:{}", std::env::var("PATH").unwrap()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut cluster = Cluster(cluster);
    let mut lines = BufReader::new(cluster.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut next = |words: &str| {
        let line = lines.next().unwrap_or_default();
        assert!(line.starts_with(words), "{words:?} was to come, not {line:?}");
        line
    };
    let nodes = ["node one", "node two"].map(|node| {
        let line = next(node);
        let (_, rest) = line.split_once("listens on ").unwrap();
        let (address, process) = rest.split_once(", process ").unwrap();
        (address.parse().unwrap(), process.to_owned())
    });
    let line = next("clients connect to");
    let (_, rest) = line.split_once("the logs are in ").unwrap();
    let place = rest.split(';').next().unwrap().to_owned();

    let [mut ada, mut bob] = nodes.clone().map(|(address, _)| Peer::plain(address));
    let mut eve = Peer::plain(listen.address);
    for (peer, name) in [(&mut ada, "ada"), (&mut bob, "bob"), (&mut eve, "eve")] {
        peer.log_in(name);
    }
    ada.subscribe("news");
    bob.send(r#"{"pub":{"cn":"news","dt":1,"q":1,"id":"1"}}"#);
    assert_eq!(bob.recv()["pubAck"]["st"], 1);
    assert_eq!(ada.recv()["push"]["dt"], 1);
    eve.send(r##"{"pub":{"cn":"#bob","dt":2,"id":"2"}}"##);
    assert_eq!(bob.recv()["push"]["dt"], 2);

    assert!(cluster.stop().success());
    assert!(!Path::new(&place).exists(), "{place} is there still");
    for (_, process) in nodes {
        assert!(fs::metadata(format!("/proc/{process}")).is_err(), "node {process} runs still");
    }
}
