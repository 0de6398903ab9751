//! What the HTTP listener serves: the API to those with a key, the status page and the sample
//! application to people.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rialto_net::{Patience, Prompt, Proxies, Stream};
use rialto_stopwatch::sleep_until;
use tokio::{sync::Notify, time::sleep};

use crate::{
    api, asked::Asked, entrance::Origin, health, http_request::Requests, http_times::HttpTimes,
    metrics, sample, status, turned::Turned,
};

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

type Connection = http1::Connection<TokioIo<Prompt>, Requests>;

impl HttpService {
    pub(crate) fn new(asked: Asked, proxies: Arc<Proxies>) -> Self {
        let asked = Arc::new(asked);
        let times = Arc::<HttpTimes>::default();
        let router = status::router(asked.clone())
            .merge(health::router(asked.clone()))
            .merge(metrics::router(asked.clone(), times.clone()))
            .merge(sample::router(asked.handle.clone(), &asked.listeners))
            .merge(api::router(&asked));
        HttpService { asked, proxies, router, times }
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
            entrance: origin.entrance.clone(),
            times: self.times.clone(),
            limit,
            has_asked: has_asked.clone(),
            overdue: overdue.clone(),
        };
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // From the end of the last answer on: the next request may be waited for as long.
            .header_read_timeout(limit)
            // One that has ended its side still reads.
            .half_close(true)
            .serve_connection(TokioIo::new(Prompt::new(stream, limit)), requests);
        let ended = tokio::select! {
            ended = drive(&mut connection, &has_asked, patience) => ended,
            () = overdue.notified() => Err(io::ErrorKind::TimedOut.into()),
        };
        if !has_asked.load(Ordering::Relaxed)
            && let Err(error) = &ended
            && let Some(turned) = Turned::of(error)
        {
            let audit = &self.asked.handle.hub().audit;
            audit.refused(origin, (turned.event, turned.reason), || turned.details());
        }
        connection.into_parts().io.into_inner().into_inner().part().await;
        ended
    }
}

/// Serves a connection until it ends or is to end.
async fn drive(
    connection: &mut Connection,
    has_asked: &AtomicBool,
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
        () = patience.stop() => {}
    }
    if !has_asked.load(Ordering::Relaxed) {
        return Ok(());
    }
    // Whoever asked before the stop is answered.
    Pin::new(&mut *connection).graceful_shutdown();
    tokio::select! {
        ended = &mut *connection => ended.map_err(io::Error::other),
        () = sleep(ANSWER_WITHIN) => Err(io::ErrorKind::Interrupted.into()),
    }
}
