//! What the balancer and its routes are held to, made of the settings.

use std::sync::Arc;

use rialto_config::{RouteTls, Settings};
use rialto_net::{Certificates, ConnectionLimiter, Gate, OpenFiles, Proxies, Tls, TrustedProxies};

use crate::{
    access_list::AccessList, error::BalancerError, pool::Terms, relay::Silence, route::RouteTerms,
    upstream::Manner,
};

/// Files that are open besides those of connections.
const OTHER_FILES: usize = 64;
/// Files that a connection takes: its client's socket and its server's.
const FILES_EACH: usize = 2;

/// Returns who is let in to the door, and how many; allows the open files that they take.
///
/// # Errors
/// When the system does not tell how many files may be open.
pub(crate) fn gate(settings: &Settings) -> Result<Gate, BalancerError> {
    let limits = &settings.limits;
    let files = OpenFiles::allow(limits.connections_max * FILES_EACH, OTHER_FILES)
        .map_err(|source| BalancerError::System { what: "allow more open files", source })?;
    let possible = files.connections() / FILES_EACH;
    if possible < limits.connections_max {
        tracing::warn!(
            limit = possible,
            wanted = limits.connections_max,
            "the system's limit of open files allows fewer connections than limits.connections_max"
        );
    }
    let limiter = ConnectionLimiter::new(
        limits.connections_max.min(possible),
        limits.connections_per_address_max,
        &[0],
    );
    Ok(Gate { limiter, proxies: Arc::new(Proxies::new(trusted(settings))) })
}

/// Returns the proxies whose word for a client counts.
pub(crate) fn trusted(settings: &Settings) -> TrustedProxies {
    TrustedProxies {
        networks: settings.access.trusted_proxies.iter().map(|&it| it.into()).collect(),
        header: hyper::header::FORWARDED,
    }
}

/// Reads the certificate with which TLS ends here, if there is one.
///
/// # Errors
/// When its files cannot be used.
pub(crate) fn load_certificates(settings: &Settings) -> Result<Certificates, BalancerError> {
    let files = settings.tls.files().map(|(certificate, key)| rialto_net::CertificateFiles {
        certificate,
        key,
        clients: None,
    });
    Certificates::load(files).map_err(|error| {
        let paths = error.files.iter().map(|(_, path)| path.display().to_string());
        BalancerError::Tls(format!("{}: {}", paths.collect::<Vec<_>>().join(" with "), error.cause))
    })
}

/// Returns what each route is held to.
///
/// # Errors
/// When the authorities that sign the certificates of servers cannot be read.
pub(crate) fn route_terms(
    settings: &Settings,
    certificates: &Arc<Certificates>,
) -> Result<Vec<RouteTerms>, BalancerError> {
    let balancer = &settings.balancer;
    let authority = balancer.server_authority.get().map(|path| {
        std::fs::read(path)
            .map(Arc::from)
            .map_err(|error| BalancerError::Tls(format!("{}: {error}", path.display())))
    });
    let authority: Option<Arc<[u8]>> = authority.transpose()?;
    let connector = match balancer.routes.iter().any(|route| route.server_tls) {
        true => {
            let config = rialto_http::client_config(authority.as_deref())
                .map_err(|error| BalancerError::Tls(error.to_string()))?;
            Some(Arc::new(tokio_rustls::TlsConnector::from(Arc::new(config))))
        }
        false => None,
    };
    let of_route = |route: &rialto_config::Route| RouteTerms {
        settings: route.clone(),
        tls: match route.tls {
            RouteTls::Pass => Tls::Off,
            RouteTls::End => Tls::Required(certificates.clone()),
        },
        manner: Manner {
            tls: connector.clone().filter(|_| route.server_tls),
            sends_proxy_head: route.send_proxy_protocol,
        },
        authority: authority.clone(),
        access: AccessList { allow: balancer.allow.clone(), deny: balancer.deny.clone() },
        pool: Terms {
            policy: route.policy,
            failures_max: balancer.failures_max,
            eject_time: balancer.eject_time.get(),
            eject_time_max: balancer.eject_time_max.get(),
            slow_start: balancer.slow_start.get(),
        },
        tries_max: balancer.tries_max,
        connect_timeout: balancer.connect_timeout.get(),
        handshake_timeout: settings.limits.authenticate_timeout.get(),
        silence: Silence {
            idle_max: balancer.idle_timeout.get(),
            half_open_max: balancer.half_open_timeout.get(),
        },
        check_interval: balancer.check_interval.get(),
        check_timeout: balancer.check_timeout.get(),
        per_second_max: balancer.connections_per_second_max,
    };
    Ok(balancer.routes.iter().map(of_route).collect())
}
