//! Active checks: each server of a route is asked from time to time whether it takes connections.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rialto_config::HealthCheck;
use rialto_http::{Client, Method, Proxy, Request, Settings, Url};
use tokio::time::{sleep, timeout};

use crate::{
    route::{Route, RouteTerms},
    upstream,
};

/// What is asked for where the route says nothing else.
const PATH: &str = "/readyz";
/// Servers that are checked at the same time.
const TOGETHER_MAX: usize = 16;

/// Checks the servers of a route, and looks their names up again, until the task is aborted.
pub(crate) async fn attend(route: Arc<Route>) {
    loop {
        let interval = route.terms.load().check_interval;
        sleep(interval).await;
        route.find_servers().await;
        if route.is_checked() {
            check_all(&route).await;
        }
    }
}

/// Checks each server once.
pub(crate) async fn check_all(route: &Arc<Route>) {
    let servers = route.with_pool(|pool| pool.to_check());
    for some in servers.chunks(TOGETHER_MAX) {
        let checks: Vec<_> =
            some.iter().map(|server| tokio::spawn(check(route.clone(), *server))).collect();
        for check in checks {
            // One that panicked has said so.
            let _ = check.await;
        }
    }
}

async fn check(route: Arc<Route>, server: SocketAddr) {
    let terms = route.terms.load_full();
    let answered = match timeout(terms.check_timeout, ask(&route, &terms, server)).await {
        Ok(answered) => answered,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer to the check in time")),
    };
    match answered {
        Ok(()) => route.note_check(server),
        Err(error) => route.note_failure(server, &error),
    }
}

async fn ask(route: &Route, terms: &RouteTerms, server: SocketAddr) -> io::Result<()> {
    let host = route.host(server);
    if terms.settings.check == HealthCheck::Http {
        return ask_over_http(terms, server, &host).await;
    }
    upstream::connect(server, &host, &terms.manner, None).await.map(drop)
}

/// Asks by a connection of its own: one that is kept would not show whether new ones are taken.
async fn ask_over_http(terms: &RouteTerms, server: SocketAddr, host: &str) -> io::Result<()> {
    let port = terms.settings.check_port.unwrap_or(server.port());
    let path = terms.settings.check_path.as_deref().unwrap_or(PATH);
    let is_secure = terms.manner.tls.is_some() && terms.settings.check_port.is_none();
    let (scheme, host) = match is_secure {
        // The name that the certificate has.
        true if host.contains(':') => ("https", format!("[{host}]")),
        true => ("https", host.to_owned()),
        false => ("http", SocketAddr::new(server.ip(), 0).to_string()),
    };
    let host = host.strip_suffix(":0").unwrap_or(&host);
    let url = Url::parse(&format!("{scheme}://{host}:{port}{path}")).map_err(io::Error::other)?;
    let settings = Settings {
        authority: terms.authority.as_deref(),
        connect_timeout: Some(terms.check_timeout),
        idle_timeout: Duration::ZERO,
        proxy: Proxy::None,
        user_agent: Some("rialto-balance"),
    };
    let client = Client::new(&url, &settings).map_err(io::Error::other)?;
    let answer = client.send(Request::new(Method::GET, &url)).await.map_err(io::Error::other)?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(io::Error::other(format!("{path} was answered with status {status}"))),
    }
}
