//! Rialto servers that replicate each other, over connections that are cut anywhere.

use proptest::{collection::vec, prelude::*};
use rialto_wire::coremq::decode_server;

use super::{
    super::{Credentials, LinkEnd},
    net::{Net, QUEUES, origin},
};

/// Enough for all that any of these tests publishes.
const BACKLOG_BYTES: usize = 8 << 20;

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    Publish { node: usize, queue: usize, count: usize, padding: usize },
    Flow { wire: usize, bytes: usize },
    Cut { wire: usize, is_noticed: bool },
    Connect { wire: usize },
}

fn steps(node_count: usize, wire_count: usize) -> impl Strategy<Value = Vec<Step>> {
    let publish = (0..node_count, 0..QUEUES.len(), 1_usize..20, 0_usize..40)
        .prop_map(|(node, queue, count, padding)| Step::Publish { node, queue, count, padding });
    let bytes = prop_oneof![1_usize..64, 64_usize..4000];
    let flow = (0..wire_count, bytes).prop_map(|(wire, bytes)| Step::Flow { wire, bytes });
    let cut = (0..wire_count, any::<bool>())
        .prop_map(|(wire, is_noticed)| Step::Cut { wire, is_noticed });
    let connect = (0..wire_count).prop_map(|wire| Step::Connect { wire });
    vec(prop_oneof![3 => publish, 5 => flow, 1 => cut, 2 => connect], 0..60)
}

fn take(net: &mut Net, steps: &[Step]) {
    for step in steps {
        match *step {
            Step::Publish { node, queue, count, padding } => {
                net.publish(node, queue, count, padding);
            }
            Step::Flow { wire, bytes } => _ = net.flow(wire, bytes),
            Step::Cut { wire, is_noticed } => net.cut(wire, is_noticed),
            Step::Connect { wire } => net.connect(wire),
        }
    }
}

/// Two servers, of which the second has the messages of the first.
fn pair(backlog_bytes_max: usize) -> Net {
    let mut net = Net::new(2, backlog_bytes_max);
    net.link(0, 1, None);
    net.settle();
    net
}

/// Servers that all have the messages of all others.
fn mesh(node_count: usize) -> Net {
    let mut net = Net::new(node_count, BACKLOG_BYTES);
    for from in 0..node_count {
        (0..node_count).filter(|&to| to != from).for_each(|to| net.link(from, to, None));
    }
    net.settle();
    net
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// C-45, C-46, C-47: a connection that is cut, at whatever byte, is taken up where it was.
    #[test]
    fn each_message_arrives_once_and_in_order_while_the_backlog_covers_the_gap(
        steps in steps(1, 1),
    ) {
        let mut net = pair(BACKLOG_BYTES);
        take(&mut net, &steps);
        net.settle();
        let all: Vec<u64> = (1..=net.published).collect();
        prop_assert_eq!(&net.nodes[1].received, &all);
        prop_assert_eq!(net.nodes[1].broker.stats().relay_missed, 0);
        prop_assert_eq!(net.nodes[0].histories(), net.nodes[1].histories());
    }

    /// C-45, C-46: what the backlog does not have any more is counted, and the history has its last.
    #[test]
    fn what_is_too_long_ago_is_counted(steps in steps(1, 1), backlog_bytes_max in 0_usize..8000) {
        let mut net = pair(backlog_bytes_max);
        take(&mut net, &steps);
        net.settle();
        let received = &net.nodes[1].received;
        prop_assert!(received.is_sorted_by(|one, next| one < next), "{received:?}");
        let missed = net.nodes[1].broker.stats().relay_missed;
        prop_assert_eq!(received.len() as u64 + missed, net.published);
        prop_assert_eq!(net.nodes[0].histories(), net.nodes[1].histories());
    }

    /// C-47, C-49: no way around brings anything twice.
    #[test]
    fn three_servers_that_all_have_links_get_each_message_once(steps in steps(3, 6)) {
        let mut net = mesh(3);
        take(&mut net, &steps);
        net.settle();
        let all: Vec<u64> = (1..=net.published).collect();
        for node in &mut net.nodes {
            node.received.sort_unstable();
            prop_assert_eq!(&node.received, &all);
        }
    }
}

proptest! {
    /// C-55: whatever the wall clocks of servers do, all have the same history, each server's messages
    /// in the order in which they came, and behind all that the server knew of when they came.
    #[test]
    fn servers_whose_clocks_step_agree_on_the_history(
        turns in vec(
            (0..3_usize, 1..4_usize, -3_600_000..3_600_000_i64, any::<bool>()), 1..30),
    ) {
        let mut net = mesh(3);
        net.settle();
        let mut has_settled = true;
        for (node, count, step, settles) in turns {
            net.step_clock(node, step);
            net.publish(node, 0, count, 0);
            if !settles {
                has_settled = false;
                continue;
            }
            net.settle();
            let numbers = net.nodes[0].numbers();
            for other in &net.nodes[1..] {
                prop_assert_eq!(&other.numbers(), &numbers);
            }
            for server in ["server-0:6747", "server-1:6747", "server-2:6747"] {
                let mut own = numbers.iter().filter(|(_, of)| of == server).map(|(number, _)| number);
                prop_assert!(own.by_ref().is_sorted(), "{numbers:?}");
            }
            let newest = numbers.last().map(|(number, _)| *number);
            prop_assert!(!has_settled || newest == Some(net.published), "{numbers:?}");
            has_settled = true;
        }
    }
}

#[test]
fn a_server_that_comes_late_has_the_history_and_has_missed_nothing() {
    // C-46: what was before it came is the history's.
    let mut net = Net::new(2, 0);
    net.link(0, 1, None);
    (1..=15).for_each(|_| net.publish(0, 0, 1, 0));
    net.settle();
    assert_eq!(net.nodes[1].received, [0_u64; 0]);
    assert_eq!(net.nodes[1].broker.stats().relay_missed, 0);
    assert_eq!(net.nodes[0].histories(), net.nodes[1].histories());
    assert_eq!(net.nodes[1].histories()[0].lines().count(), 10);
}

#[test]
fn a_server_knows_itself_under_any_name() {
    // C-33: by the run that the answer names.
    let mut net = Net::new(1, BACKLOG_BYTES);
    net.link(0, 0, None);
    net.settle();
    assert_eq!(net.wires[0].ended, Some(LinkEnd::Itself));
    net.publish(0, 0, 1, 0);
    net.settle();
    assert_eq!(net.nodes[0].received, [1]);
    assert_eq!(net.nodes[0].broker.observers().count(), 0);
}

#[test]
fn a_server_that_asks_for_a_token_is_given_one() {
    // C-48.
    let mut net = Net::with_tokens();
    let credentials =
        |token: &str| Some(Credentials { client: "server-1".into(), token: token.to_owned() });
    net.link(0, 1, credentials("key of server-1"));
    net.settle();
    assert!(net.wires[0].link.is_attached());
    assert_eq!(net.wires[0].link.peer(), "server-0:6747");
    net.publish(0, 0, 1, 0);
    net.settle();
    assert_eq!(net.nodes[1].received, [1]);

    net.link(0, 1, credentials("a wrong one"));
    net.link(0, 1, None);
    net.settle();
    for wire in &net.wires[1..] {
        assert!(matches!(&wire.ended, Some(LinkEnd::Refused(why)) if why.starts_with("ERROR: ")));
        assert!(!wire.link.is_attached());
    }
}

#[test]
fn what_only_servers_of_our_kind_say_counts_from_no_other() {
    // C-45: one that did not answer so passes on what its clients write.
    let mut net = Net::new(2, BACKLOG_BYTES);
    net.link(0, 1, None);
    let link = &mut net.wires[0].link;
    let broker = &mut net.nodes[1].broker;
    let mut out = Vec::new();
    let mut hear = |frame: &str| {
        out.clear();
        let frame = decode_server(frame.as_bytes(), 8).unwrap();
        link.on_frame(frame, broker, &mut out).unwrap();
        out.len()
    };
    hear(r#"id {"response":"OK: Welcome","server":"original"}"#);
    hear(r#"id {"response":"OK: Replication request successful"}"#);
    let relay = r#"{"channel":"a","publisher":"boss","server":"s:1","at":1,"id":[7,1]}"#;
    hear(&format!(r#"a {{"coremq_relay":{relay},"coremq_payload":{{"n":1}}}}"#));
    hear(&format!(r#"a {{"coremq_past":{relay},"coremq_payload":{{"n":2}}}}"#));
    let answer = hear(r#"a {"coremq_done":["past",true,9]}"#);
    hear(r#"a {"n":3,"coremq_sender":"somebody"}"#);
    assert_eq!(answer, 0, "nothing is asked for");
    broker.take_effects();
    assert_eq!(broker.stats().relayed, 1);
    assert_eq!(broker.history("a").count(), 1);
}

#[test]
fn a_server_tells_itself_from_another_of_its_name() {
    // C-33, C-45: the run says which it is; a server of another kind does not say.
    let refused_with = |link: &str| {
        let mut net = Net::new(2, BACKLOG_BYTES);
        net.link(0, 1, None);
        let frame = format!(r#"id {{"response":"ERROR: This is the server of that name"{link}}}"#);
        let frame = decode_server(frame.as_bytes(), 8).unwrap();
        let broker = &mut net.nodes[1].broker;
        net.wires[0].link.on_frame(frame, broker, &mut Vec::new()).unwrap_err()
    };
    let run = |origin: u64| format!(r#","coremq_link":{{"version":1,"origin":{origin},"last":0}}"#);
    assert_eq!(refused_with(&run(origin(1))), LinkEnd::Itself);
    assert_eq!(refused_with(&run(origin(0))), LinkEnd::Namesake);
    assert_eq!(refused_with(""), LinkEnd::Itself);
}
