//! Connecting: name, TCP, a proxy perhaps, and TLS.

use std::{io, sync::Arc, time::Duration};

use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::{
        legacy::connect::{HttpConnector, proxy::Tunnel},
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::{BoxError, Service, ServiceExt as _, service_fn, util::BoxCloneSyncService};

use crate::{Proxy, Settings};

/// When a silent connection is probed, how often, and how many probes may go unanswered.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_COUNT: u32 = 3;

/// How long what was sent may go unacknowledged by the peer's system.
#[cfg(target_os = "linux")]
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(30);

/// TLS to the server, where its address says so, over TLS to its proxy, where that one's does.
type Stream = MaybeHttpsStream<MaybeHttpsStream<TokioIo<TcpStream>>>;

/// What connects to the server of a URL.
pub(crate) type Connector = BoxCloneSyncService<Uri, Stream, BoxError>;

/// Makes what connects to `uri`.
pub(crate) fn connector(uri: &Uri, config: ClientConfig, settings: &Settings<'_>) -> Connector {
    let config = Arc::new(config);
    match proxy(uri, settings.proxy) {
        None => {
            let plain = tcp().map_response(MaybeHttpsStream::Http);
            timed(HttpsConnector::from((plain, config)), settings.connect_timeout)
        }
        Some(proxy) => {
            let to_proxy = HttpsConnector::from((tcp(), Arc::clone(&config)));
            let tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
            let tunnel = match proxy.basic_auth() {
                Some(header) => tunnel.with_auth(header.clone()),
                None => tunnel,
            };
            timed(HttpsConnector::from((tunnel, config)), settings.connect_timeout)
        }
    }
}

fn proxy(uri: &Uri, proxy: Proxy) -> Option<Intercept> {
    let is_wanted = proxy == Proxy::Environment && uri.scheme_str() == Some("https");
    is_wanted.then(|| Matcher::from_env().intercept(uri)).flatten()
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    // Its addresses may be https: TLS comes on top.
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE));
    tcp.set_keepalive_retries(Some(KEEPALIVE_COUNT));
    #[cfg(target_os = "linux")]
    tcp.set_tcp_user_timeout(Some(ACKNOWLEDGE_WITHIN));
    tcp
}

/// Gives connecting as a whole its time.
fn timed<C>(connector: C, within: Option<Duration>) -> Connector
where
    C: Service<Uri, Response = Stream, Error = BoxError> + Clone + Send + Sync + 'static,
    C::Future: Send,
{
    BoxCloneSyncService::new(service_fn(move |uri| {
        let connecting = connector.clone().oneshot(uri);
        async move {
            match within {
                None => connecting.await,
                Some(within) => rialto_stopwatch::timeout(within, connecting)
                    .await
                    .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into())),
            }
        }
    }))
}
