//! A server of the original kind, which attaches itself and sends what its clients publish.

use serde_json::json;

use super::{
    clients::QUEUE,
    cluster::{COUNT, Cluster, name_of},
    coremq::Coremq,
};

const ORIGINAL: &str = "original:6747";

#[test]
fn an_original_replicant_gets_all_queues_and_what_it_sends_reaches_every_server_once() {
    // C-5, C-27, C-31, C-32.
    let Some(cluster) = Cluster::try_start(&[]) else { return };
    let mut clients: Vec<Coremq> = (0..COUNT).map(|at| cluster.coremq(at, at)).collect();
    for client in &mut clients {
        client.subscribe(QUEUE);
    }
    // Its host is that of a node.
    let mut replicant = cluster.coremq(1, 0);
    let answer = replicant.ask(json!({"coremq_replicant": ORIGINAL}));
    assert_eq!(answer, json!({"response": "OK: Replication request successful"}));

    let sender = clients[0].id().to_owned();
    for queue in [QUEUE, "others"] {
        clients[0].send([(queue, json!({"n": 1}))]);
        assert_eq!(clients[0].recv().1["response"], "OK: Message sent");
        let (got, message) = replicant.recv();
        assert_eq!(got, queue);
        assert_eq!((&message["n"], &message["coremq_sender"]), (&json!(1), &json!(sender)));
        assert_eq!(message["coremq_server"], name_of(0));
        assert!(message["coremq_sent"].is_number());
        assert_eq!(message.as_object().unwrap().len(), 4, "nothing that it does not know");
    }
    for client in &mut clients[1..] {
        assert_eq!(client.recv().1["n"], 1);
    }

    let passed_on = json!({
        "n": 2, "coremq_sender": "someone", "coremq_sent": 1.5, "coremq_server": ORIGINAL
    });
    let echoed = json!({"n": 1, "coremq_sender": sender, "coremq_server": name_of(0)});
    replicant.send([(QUEUE, echoed), (QUEUE, passed_on)]);
    for client in &mut clients {
        let (_, message) = client.recv();
        assert_eq!((&message["n"], &message["coremq_server"]), (&json!(2), &json!(ORIGINAL)));
    }
    // Not to where it came from, and to nobody twice.
    clients[2].send([(QUEUE, json!({"n": 3}))]);
    assert_eq!(clients[2].recv().1["response"], "OK: Message sent");
    for client in &mut clients[..2] {
        assert_eq!(client.recv().1["n"], 3);
    }
    for client in &mut clients {
        client.expect_silence();
    }
    replicant.expect_silence();
    assert_eq!(cluster.stat(0, "relayed"), 2);
    assert_eq!(cluster.stat(1, "relayed"), 4);
    assert_eq!(cluster.stat(2, "relayed"), 3);
}
