//! Routes of the load balancer that can be opened.

use std::collections::BTreeMap;

use crate::address::ListenAddress;
use crate::choice::RouteTls;
use crate::rules::violation::Violation;
use crate::settings::{Route, Settings};

const ROUTES: &str = "balancer.routes";

pub(super) fn routes_have_servers(settings: &Settings) -> Vec<Violation> {
    let routes = settings.balancer.routes.iter().enumerate();
    let without = routes.filter(|(_, route)| route.servers.is_empty());
    let violation = |(index, route): (usize, &Route)| {
        let problem = format!("the route `{}` of `{ROUTES}` has no servers", route.label());
        let hint = "name one at least, as in servers = [\"10.0.0.10:8010\"]";
        Violation::new(ROUTES, problem, hint).of_entry(index)
    };
    without.map(violation).collect()
}

pub(super) fn routes_listen_apart(settings: &Settings) -> Vec<Violation> {
    let balancer = &settings.balancer;
    let mut violations = Vec::new();
    let mut taken = BTreeMap::new();
    let with_port = |address: &ListenAddress| address.port() != 0;
    for (index, route) in balancer.routes.iter().enumerate().filter(|(_, it)| with_port(&it.listen))
    {
        let earlier = taken.entry(&route.listen).or_insert_with(Vec::new);
        violations.extend(clash(&balancer.routes, earlier, index));
        earlier.push(index);
    }
    let is_loopback = match &balancer.admin {
        ListenAddress::Socket(address) => address.ip().is_loopback(),
        ListenAddress::Name { host, .. } => host == "localhost",
    };
    if !is_loopback {
        violations.push(Violation::new(
            "balancer.admin",
            format!("`balancer.admin` is {}, which others can reach", balancer.admin),
            "use an address of loopback: whoever reaches it may drain servers",
        ));
    }
    violations
}

/// Routes of one address are told apart by the names that clients ask for inside TLS, which is done with all of
/// their connections alike.
fn clash(routes: &[Route], earlier: &[usize], index: usize) -> Option<Violation> {
    let route = &routes[index];
    let way_in = |route: &Route| (route.tls, route.accept_proxy_protocol);
    for &other in earlier {
        let numbers = format!("entries {} and {} of `{ROUTES}`", other + 1, index + 1);
        let earlier = &routes[other];
        let shared = route.server_names.iter().find(|it| earlier.server_names.contains(it));
        let (problem, hint) = if route.server_names.is_empty() && earlier.server_names.is_empty() {
            let problem = format!("{numbers} both listen on {}", route.listen);
            (problem, "give each an address of its own, or server_names to one of them")
        } else if let Some(name) = shared {
            let problem = format!("{numbers} are both for the name {name} on {}", route.listen);
            (problem, "name it in one of them")
        } else if way_in(route) != way_in(earlier) {
            let problem = format!("{numbers} share {}, and not how it is used", route.listen);
            (problem, "give them the same tls and accept_proxy_protocol")
        } else {
            continue;
        };
        return Some(Violation::new(ROUTES, problem, hint).of_entry(index));
    }
    None
}

pub(super) fn tls_has_a_certificate(settings: &Settings) -> Vec<Violation> {
    let mut routes = settings.balancer.routes.iter();
    let ending = routes.position(|route| route.tls == RouteTls::End);
    let (Some(index), None) = (ending, settings.tls.files()) else { return Vec::new() };
    let problem = format!(
        "the route `{}` of `{ROUTES}` ends TLS, and there is no certificate",
        settings.balancer.routes[index].label()
    );
    let hint = "set tls.certificate and tls.key; `rialto cert new` makes a pair for development";
    vec![Violation::new(ROUTES, problem, hint).of_entry(index)]
}
