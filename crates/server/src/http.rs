//! What the HTTP listener serves: the API to those with a key, the console, the status page and the
//! sample application to people.

mod version;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use rialto_net::{Patience, Prompt, Proxies, Stream};
use rialto_stopwatch::sleep_until;
use tokio::{sync::Notify, time::sleep};

use crate::{
    api,
    asked::Asked,
    console,
    entrance::{IsTls, Origin},
    health,
    http_request::Requests,
    http_times::HttpTimes,
    metrics, sample, status,
    turned::Turned,
};

use version::Version;

/// How long a request that is being answered may take when the server stops.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Serves HTTP connections.
#[derive(Clone)]
pub(crate) struct HttpService {
    asked: Arc<Asked>,
    proxies: Arc<Proxies>,
    router: Router,
    times: Arc<HttpTimes>,
}

impl HttpService {
    pub(crate) fn new(asked: Asked, proxies: Arc<Proxies>) -> Self {
        let asked = Arc::new(asked);
        let times = Arc::<HttpTimes>::default();
        let router = status::router(asked.clone())
            .merge(console::router(asked.clone()))
            .merge(health::router(asked.clone()))
            .merge(metrics::router(asked.clone(), times.clone()))
            .merge(sample::router(asked.handle.clone(), &asked.listeners))
            .merge(api::router(&asked));
        HttpService { asked, proxies, router, times }
    }

    /// Returns what the handlers ask.
    pub(crate) fn asked(&self) -> &Arc<Asked> {
        &self.asked
    }

    /// Serves one connection until its client goes, does not do its part in time, or the server
    /// stops.
    ///
    /// # Errors
    /// When the connection breaks, or says what is no HTTP; `TimedOut` when the first request did
    /// not come.
    pub(crate) async fn serve(
        &self,
        stream: Stream,
        origin: Origin<'_>,
        patience: &Patience,
    ) -> io::Result<()> {
        let limit = self.asked.handle.settings().limits.request_timeout.get();
        let has_asked = Arc::new(AtomicBool::new(false));
        let overdue = Arc::new(Notify::new());
        let requests = Requests {
            router: self.router.clone(),
            proxies: self.proxies.clone(),
            peer: origin.address,
            is_tls: IsTls(matches!(stream, Stream::Tls(_))),
            entrance: origin.entrance.clone(),
            times: self.times.clone(),
            limit,
            has_asked: has_asked.clone(),
            overdue: overdue.clone(),
        };
        let is_http_2 = stream.is_http_2();
        let stream = Prompt::new(stream, limit);
        let ended = if is_http_2 {
            let mut connection = version::http_2(stream, requests);
            drive(&mut connection, (&has_asked, &overdue), patience).await
        } else {
            let mut connection = version::http_1(stream, (requests, limit));
            let ended = drive(&mut connection, (&has_asked, &overdue), patience).await;
            connection.into_parts().io.into_inner().into_inner().part().await;
            ended
        };
        if !has_asked.load(Ordering::Relaxed)
            && let Err(error) = &ended
            && let Some(turned) = Turned::of(error)
        {
            let audit = &self.asked.handle.hub().audit;
            audit.refused(origin, (turned.event, turned.reason), || turned.details());
        }
        ended
    }
}

/// Serves a connection until it ends, keeps others waiting, or is to end.
async fn drive<C: Version>(
    connection: &mut C,
    (has_asked, overdue): (&AtomicBool, &Notify),
    patience: &Patience,
) -> io::Result<()> {
    let first_request_is_late = async {
        sleep_until(patience.deadline).await;
        // Afterwards there are other limits.
        if has_asked.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = &mut *connection => return ended.map_err(io::Error::other),
        () = first_request_is_late => return Err(patience.late()),
        () = overdue.notified() => return Err(io::ErrorKind::TimedOut.into()),
        () = patience.stop() => {}
    }
    if !has_asked.load(Ordering::Relaxed) {
        return Ok(());
    }
    // Whoever asked before the stop is answered.
    connection.stop();
    tokio::select! {
        ended = &mut *connection => ended.map_err(io::Error::other),
        () = overdue.notified() => Err(io::ErrorKind::TimedOut.into()),
        () = sleep(ANSWER_WITHIN) => Err(io::ErrorKind::Interrupted.into()),
    }
}
