//! Who may have the messages of others.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    clients::QUEUE,
    cluster::{Cluster, name_of, nodes, wait_until},
    coremq::Coremq,
};

/// A client's token and the servers' own.
const TOKENS: &str = r#"access.tokens=[{client="tester",token="t"},{client="server",token="s"}]"#;

#[test]
fn a_server_that_is_not_in_the_list_is_refused_and_asks_ever_more_rarely() {
    // C-31.
    let Some(mut cluster) = Cluster::try_new() else { return };
    let refused = "a server was refused as a replicant";
    cluster.start(0, &[&nodes(&[0, 1])]);
    cluster.start(1, &[&nodes(&[0, 1])]);
    let started = Instant::now();
    cluster.start(2, &[]);
    wait_until("the fifth attempt is refused", || cluster.log(0, refused).len() >= 5);
    // Pauses of 100, 200, 400 and 800 ms lie between them.
    let attempts = cluster.log(0, refused);
    let least = Duration::from_millis(100) * ((1 << (attempts.len() - 1)) - 1);
    assert!(least <= started.elapsed(), "{} attempts", attempts.len());
    assert!(attempts.iter().all(|entry| entry["server"] == *name_of(2)));
    assert!(attempts.iter().all(|entry| entry["level"] == "WARN"));

    let given_up = cluster.log(2, "a cluster node cannot be reached: retrying");
    let is_of_server_0 = |entry: &&serde_json::Value| entry["host"] == "10.77.0.1";
    let problems: Vec<_> = given_up.iter().filter(is_of_server_0).collect();
    assert_eq!(problems.len(), 1, "the same problem is told once: {problems:?}");
    let problem = problems[0]["problem"].as_str().unwrap();
    assert!(problem.contains("Not allowed to be a replicant"), "{problem}");

    // The others are linked, and it has nothing of theirs.
    cluster.wait_linked(0, 1);
    cluster.wait_linked(1, 0);
    assert_eq!((cluster.link_count(2, 0), cluster.link_count(2, 1)), (0, 0));
}

#[test]
fn where_servers_ask_for_a_session_the_clusters_token_opens_it() {
    let Some(mut cluster) = Cluster::try_new() else { return };
    let mode = ["access.mode=tokens", TOKENS, "cluster.replicants=[\"server\"]"];
    let with_token = [&mode[..], &["cluster.client=server", "cluster.token=s"]].concat();
    cluster.start(0, &with_token);
    cluster.start(1, &with_token);
    cluster.start(2, &mode);
    for (to, from) in [(0, 1), (1, 0), (0, 2), (1, 2)] {
        cluster.wait_linked(to, from);
    }
    let denied = || {
        let entries = cluster.log(2, "a cluster node cannot be reached: retrying");
        entries.into_iter().find(|entry| {
            let problem = entry["problem"].as_str().unwrap_or_default();
            problem.contains("it refused: ERROR: Not authenticated")
        })
    };
    wait_until("the server without a token is refused", || denied().is_some());
    assert_eq!((cluster.link_count(2, 0), cluster.link_count(2, 1)), (0, 0));

    let mut clients: Vec<Coremq> = (0..3).map(|server| cluster.coremq(server, server)).collect();
    for client in &mut clients {
        let options = json!({"coremq_options": {"client": "tester", "token": "t"}});
        assert_eq!(client.ask(options)["response"], "OK: Options set");
        client.subscribe(QUEUE);
    }
    for server in [2, 0] {
        clients[server].send([(QUEUE, json!({"from": server}))]);
        assert_eq!(clients[server].recv().1["response"], "OK: Message sent");
        for other in (0..2).filter(|&other| other != server) {
            assert_eq!(clients[other].recv().1["from"], server);
        }
    }
    clients[2].expect_silence();
}
