use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

/// An application that is the test itself: it takes each request and answers it when it likes.
pub(crate) struct App {
    pub(crate) url: String,
    received: mpsc::UnboundedReceiver<Received>,
    at_once: Arc<AtOnce>,
}

/// A request that waits for its answer.
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    answer: oneshot::Sender<Response>,
}

/// How many requests are, and were at most, under way.
#[derive(Default)]
struct AtOnce {
    now: AtomicUsize,
    most: AtomicUsize,
}

type Shared = (mpsc::UnboundedSender<Received>, Arc<AtOnce>);

impl App {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, received) = mpsc::unbounded_channel();
        let at_once = Arc::<AtOnce>::default();
        let router =
            Router::new().route("/hook", any(receive)).with_state((sender, Arc::clone(&at_once)));
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        App { url, received, at_once }
    }

    /// Waits for the next request.
    pub(crate) async fn next(&mut self) -> Received {
        self.received.recv().await.unwrap()
    }

    /// Waits for a request, answers it with a status and text, and returns its body.
    pub(crate) async fn answer(&mut self, status: u16, text: &str) -> Value {
        let received = self.next().await;
        let body = received.json();
        received.answer(status, text);
        body
    }

    /// Says whether nobody has asked anything that was not answered.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.received.try_recv().is_err()
    }

    /// Returns how many requests were at most under way.
    pub(crate) fn most_at_once(&self) -> usize {
        self.at_once.most.load(SeqCst)
    }
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Answers; nobody may be there any more to hear it.
    pub(crate) fn answer(self, status: u16, text: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        let _ = self.answer.send((status, text.to_owned()).into_response());
    }

    pub(crate) fn redirect(self, location: &str) {
        let answer = (StatusCode::TEMPORARY_REDIRECT, [("location", location.to_owned())]);
        let _ = self.answer.send(answer.into_response());
    }
}

async fn receive(
    State((sender, at_once)): State<Shared>,
    headers: HeaderMap,
    body: String,
) -> Response {
    at_once.most.fetch_max(at_once.now.fetch_add(1, SeqCst) + 1, SeqCst);
    let (answer, answered) = oneshot::channel();
    let _ = sender.send(Received { headers, body, answer });
    let response = answered.await;
    at_once.now.fetch_sub(1, SeqCst);
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
