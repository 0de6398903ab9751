//! Servers that can reach each other, and may.

use crate::choice::AccessMode;
use crate::node::Node;
use crate::rules::Violation;
use crate::settings::Settings;

/// Checks everything in `[cluster]`.
pub(super) fn check(settings: &Settings) -> Result<(), Violation> {
    hosts_can_be_reached(settings)?;
    replicants_have_names(settings)?;
    somebody_may_replicate(settings)?;
    tls_has_what_it_needs(settings)
}

fn hosts_can_be_reached(settings: &Settings) -> Result<(), Violation> {
    let cluster = &settings.cluster;
    let lists = [("nodes", &cluster.nodes), ("allowed_replicants", &cluster.allowed_replicants)];
    for (key, hosts) in lists {
        for host in hosts {
            host.parse::<Node>().map_err(|error| Violation {
                key: format!("cluster.{key}"),
                problem: format!("`cluster.{key}` has `{host}`, which is no address of a server"),
                hint: error.to_string(),
            })?;
        }
    }
    Ok(())
}

fn replicants_have_names(settings: &Settings) -> Result<(), Violation> {
    if !settings.cluster.replicants.contains(&String::new()) {
        return Ok(());
    }
    Err(Violation {
        key: "cluster.replicants".to_owned(),
        problem: "`cluster.replicants` has an empty client id, which nobody has".to_owned(),
        hint: "name the client, or leave the entry out".to_owned(),
    })
}

/// With tokens, an address alone is nobody's right: a cluster that names no client could not link.
fn somebody_may_replicate(settings: &Settings) -> Result<(), Violation> {
    let cluster = &settings.cluster;
    let asks_for_tokens = settings.access.mode == AccessMode::Tokens;
    let is_somebody = !cluster.replicants.is_empty() || cluster.replicants_by_address;
    let key = match (cluster.nodes.is_empty(), cluster.allowed_replicants.is_empty()) {
        _ if !asks_for_tokens || is_somebody => return Ok(()),
        (true, true) => return Ok(()),
        (false, _) => "nodes",
        (true, false) => "allowed_replicants",
    };
    Err(Violation {
        key: format!("cluster.{key}"),
        problem: format!(
            "`cluster.{key}` names other servers, access.mode is \"tokens\", and no client may \
             ask for all messages: none of them could link to this one"
        ),
        hint: "name the client as which they come, cluster.replicants = [\"server\"], and give it a \
               token or a certificate; or, for original servers and gateways, which bring none, set \
               cluster.replicants_by_address = true"
            .to_owned(),
    })
}

fn tls_has_what_it_needs(settings: &Settings) -> Result<(), Violation> {
    let cluster = &settings.cluster;
    let violation = |key: &str, problem: String, hint: &str| {
        Err(Violation { key: format!("cluster.{key}"), problem, hint: hint.to_owned() })
    };
    let given = [
        ("authority", cluster.authority.get()),
        ("certificate", cluster.certificate.get()),
        ("key", cluster.key.get()),
    ];
    let secure = cluster.nodes.iter().find(|node| node.parse().is_ok_and(|it: Node| it.has_tls));
    match (secure, cluster.authority.get()) {
        (Some(node), None) => {
            return violation(
                "nodes",
                format!("`{node}` is reached over TLS, and `cluster.authority` names no authority"),
                "set cluster.authority to the PEM file of those that sign the nodes' certificates",
            );
        }
        (None, _) => {
            if let Some((key, _)) = given.into_iter().find(|(_, path)| path.is_some()) {
                return violation(
                    key,
                    format!("`cluster.{key}` is set, and no node is reached over TLS"),
                    "write coremqs:// before the nodes whose listeners have TLS",
                );
            }
        }
        (Some(_), Some(_)) => {}
    }
    match (cluster.certificate.get(), cluster.key.get()) {
        (Some(_), None) => violation(
            "certificate",
            "`cluster.certificate` is set and `cluster.key` is not".to_owned(),
            "set both or none",
        ),
        (None, Some(_)) => violation(
            "key",
            "`cluster.key` is set and `cluster.certificate` is not".to_owned(),
            "set both or none",
        ),
        _ => Ok(()),
    }
}
