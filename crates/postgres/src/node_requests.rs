//! Gives the statements of nodes that share a database their SQL.

use rialto_database::{SharedStatement, number};
use rialto_domain::{ClientId, Epoch, Handover};

use crate::{
    nodes as sql,
    request::{Asked, Value, array, bytes, channels, clients},
};

/// Returns a statement in SQL.
pub(crate) fn of_shared(statement: SharedStatement<'_>) -> Asked {
    use SharedStatement as S;
    match statement {
        S::Owned { clients: all, node } => (sql::OWNED, owned(&all, node.id)),
        S::LockLogs(names) => (sql::LOGS_LOCK, vec![channels(&names)]),
        S::Elsewhere { clients: names, node } => (sql::ELSEWHERE, by(&names, node.id)),
        S::Release { clients: names, node } => (sql::RELEASE, by(&names, node.id)),
        S::CloseSessions { clients: names, node } => (sql::SESSIONS_CLOSE_OWN, by(&names, node.id)),
        S::NoteClock(clock) => {
            let (served, logical) = (number(clock.served), number(clock.logical));
            (sql::CLOCK_FORWARD, vec![Box::new(served), Box::new(logical)])
        }
        S::Lives(node) => (sql::LIVES, vec![Box::new(node.id)]),
        S::DeclareDead(node) => (sql::DECLARE_DEAD, vec![Box::new(node.id)]),
        S::ForgetOld(node) => (sql::FORGET_OLD, vec![Box::new(node.id)]),
        S::ForgetDead => (sql::FORGET_DEAD, vec![]),
        S::Claim { clients: names, node } => (sql::CLAIM, by(&names, node.id)),
        S::Force { clients: names, node } => (sql::FORCE, by(&names, node.id)),
        S::Ask { clients: names, node } => (sql::ASK, by(&names, node.id)),
        S::Owners(names) => (sql::OWNERS, vec![clients(&names)]),
        S::Seen(names) => (sql::CLIENTS_SEEN, vec![clients(&names)]),
        S::Cursors(names) => (sql::CLIENTS_CURSORS, vec![clients(&names)]),
        S::TakeSessions { clients: names, node } => (sql::SESSIONS_TAKE, by(&names, node.id)),
        S::Places => (sql::PLACES, vec![]),
        S::Journals(places) => {
            let nodes = array(&places, |(node, _)| *node);
            (sql::JOURNALS, vec![nodes, array(&places, |(_, number)| *number)])
        }
        S::HandoversTaken { node, handovers } => (sql::HANDOVERS_TAKEN, taken(handovers, node.id)),
        S::Handovers(node) => (sql::HANDOVERS, vec![Box::new(node.id)]),
        S::Logs(ids) => (sql::LOG_STATES, vec![Box::new(ids)]),
        S::Retained(names) => (sql::RETAINED_OF, vec![channels(&names)]),
        S::Crashed { node, grace } => {
            (sql::CRASHED, vec![Box::new(node.id), Box::new(grace.as_secs_f64())])
        }
    }
}

fn by(names: &[&ClientId], node: i64) -> Vec<Value> {
    vec![clients(names), Box::new(node)]
}

fn owned(all: &[(&ClientId, Epoch)], node: i64) -> Vec<Value> {
    let names = array(all, |(client, _)| bytes(client.as_str()));
    vec![names, array(all, |(_, epoch)| number(*epoch)), Box::new(node)]
}

fn taken(handovers: &[Handover], node: i64) -> Vec<Value> {
    vec![
        Box::new(node),
        array(handovers, |handover| bytes(handover.client.as_str())),
        array(handovers, |handover| number(handover.epoch)),
        array(handovers, |handover| handover.is_taken),
    ]
}
