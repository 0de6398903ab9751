//! The requests of an HTTP connection: whose each is, and how long its body may take to come.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    http::{
        StatusCode,
        header::{CONNECTION, HeaderValue},
    },
    response::{IntoResponse as _, Response},
};
use hyper::{
    Request,
    body::{Body, Frame, Incoming, SizeHint},
    service::Service,
};
use hyper_util::service::TowerToHyperService;
use rialto_net::Proxies;
use rialto_stopwatch::{Moment, sleep_until};
use tokio::sync::Notify;

use crate::{
    answers::Borrower,
    api::Problem,
    entrance::{Entrance, IsSecure, IsTls},
    http_times::{HttpTimes, TraceId},
};

/// Answers the requests of one connection.
pub(crate) struct Requests {
    pub(crate) router: Router,
    pub(crate) proxies: Arc<Proxies>,
    /// Whose connection it is.
    pub(crate) peer: SocketAddr,
    pub(crate) is_tls: IsTls,
    /// Where it came in.
    pub(crate) entrance: Arc<Entrance>,
    /// How long requests take.
    pub(crate) times: Arc<HttpTimes>,
    /// How long a body may take.
    pub(crate) limit: Duration,
    /// Becomes true with the first request.
    pub(crate) has_asked: Arc<AtomicBool>,
    /// Notified when it keeps others waiting for room for their answers.
    pub(crate) overdue: Arc<Notify>,
}

/// A body that must have come within a time.
struct PromptBody {
    body: Incoming,
    deadline: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Becomes true when it has not.
    is_late: Arc<AtomicBool>,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.has_asked.store(true, Ordering::Relaxed);
        let client = self.proxies.client(self.peer, request.headers());
        let is_secure = self.is_tls.0 || self.proxies.say_tls(self.peer.ip(), request.headers());
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(IsSecure(is_secure));
        request.extensions_mut().insert(self.is_tls);
        request.extensions_mut().insert(self.entrance.clone());
        request.extensions_mut().insert(Borrower::Http(self.overdue.clone()));
        let (limit, is_late) = (self.limit, Arc::new(AtomicBool::new(false)));
        let request = request.map(|body| {
            let body = PromptBody {
                body,
                deadline: Box::pin(sleep_until(Moment::now() + limit)),
                is_late: is_late.clone(),
            };
            axum::body::Body::new(body)
        });
        let (times, began) = (self.times.clone(), Instant::now());
        let trace = TraceId::of(request.headers());
        let answering = TowerToHyperService::new(self.router.clone()).call(request);
        Box::pin(async move {
            let response = answering.await?;
            let response = if is_late.load(Ordering::Relaxed) { too_late(limit) } else { response };
            times.note(response.status(), began.elapsed(), trace);
            Ok(response)
        })
    }
}

/// Answers a request whose body has not come in time; hyper closes the connection behind it, as the
/// rest of the body is unread.
fn too_late(limit: Duration) -> Response {
    let detail = format!("the body did not come within {limit:?} (limits.request_timeout)");
    let mut response = Problem::new(StatusCode::REQUEST_TIMEOUT, detail).into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

impl Body for PromptBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        std::task::ready!(self.deadline.as_mut().poll(context));
        self.is_late.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
