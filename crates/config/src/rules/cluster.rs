//! Servers that can reach each other, and may.

use crate::choice::AccessMode;
use crate::node::Node;
use crate::rules::violation::Violation;
use crate::settings::Settings;

pub(super) fn hosts_can_be_reached(settings: &Settings) -> Vec<Violation> {
    let cluster = &settings.cluster;
    let lists = [("nodes", &cluster.nodes), ("allowed_replicants", &cluster.allowed_replicants)];
    let of_list = |(key, hosts): (&'static str, &Vec<String>)| {
        let violation = |(index, host): (usize, &String)| {
            let error = host.parse::<Node>().err()?;
            let problem = format!("`cluster.{key}` has `{host}`, which is no address of a server");
            let violation = Violation::new(format!("cluster.{key}"), problem, error.to_string());
            Some(violation.of_entry(index))
        };
        hosts.iter().enumerate().filter_map(violation).collect::<Vec<_>>()
    };
    lists.into_iter().flat_map(of_list).collect()
}

pub(super) fn replicants_have_names(settings: &Settings) -> Vec<Violation> {
    let mut names = settings.cluster.replicants.iter();
    let Some(index) = names.position(String::is_empty) else { return Vec::new() };
    let problem = "`cluster.replicants` has an empty client id, which nobody has";
    let hint = "name the client, or leave the entry out";
    vec![Violation::new("cluster.replicants", problem, hint).of_entry(index)]
}

/// With tokens, an address alone is nobody's right: a cluster that names no client could not link.
pub(super) fn somebody_may_replicate(settings: &Settings) -> Vec<Violation> {
    let cluster = &settings.cluster;
    let asks_for_tokens = settings.access.mode == AccessMode::Tokens;
    let is_somebody = !cluster.replicants.is_empty() || cluster.replicants_by_address;
    let key = match (cluster.nodes.is_empty(), cluster.allowed_replicants.is_empty()) {
        _ if !asks_for_tokens || is_somebody => return Vec::new(),
        (true, true) => return Vec::new(),
        (false, _) => "nodes",
        (true, false) => "allowed_replicants",
    };
    vec![Violation::new(
        format!("cluster.{key}"),
        format!(
            "`cluster.{key}` names other servers, access.mode is \"tokens\", and no client may \
             ask for all messages: none of them could link to this one"
        ),
        "name the client as which they come, cluster.replicants = [\"server\"], and give it a token \
         or a certificate; or, for original servers and gateways, which bring none, set \
         cluster.replicants_by_address = true",
    )]
}

pub(super) fn tls_has_what_it_needs(settings: &Settings) -> Vec<Violation> {
    let cluster = &settings.cluster;
    let pair = match (cluster.certificate.get(), cluster.key.get()) {
        (Some(_), None) => Some(("certificate", "key")),
        (None, Some(_)) => Some(("key", "certificate")),
        _ => None,
    };
    let half = pair.map(|(given, missing)| {
        let problem = format!("`cluster.{given}` is set and `cluster.{missing}` is not");
        Violation::new(format!("cluster.{given}"), problem, "set both or none")
    });
    authority_is_of_use(settings).into_iter().chain(half).collect()
}

/// Checks that nodes are reached over TLS if, and only if, there is what that takes.
fn authority_is_of_use(settings: &Settings) -> Option<Violation> {
    let cluster = &settings.cluster;
    let secure = cluster.nodes.iter().find(|node| node.parse().is_ok_and(|it: Node| it.has_tls));
    let given = [
        ("authority", cluster.authority.get()),
        ("certificate", cluster.certificate.get()),
        ("key", cluster.key.get()),
    ];
    match (secure, cluster.authority.get()) {
        (Some(_), Some(_)) => None,
        (Some(node), None) => Some(Violation::new(
            "cluster.nodes",
            format!("`{node}` is reached over TLS, and `cluster.authority` names no authority"),
            "set cluster.authority to the PEM file of those that sign the nodes' certificates",
        )),
        (None, _) => {
            let (key, _) = given.into_iter().find(|(_, path)| path.is_some())?;
            Some(Violation::new(
                format!("cluster.{key}"),
                format!("`cluster.{key}` is set, and no node is reached over TLS"),
                "write coremqs:// before the nodes whose listeners have TLS",
            ))
        }
    }
}
