//! What the HTTP listener serves: the API to those with a key, the status page to people.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, rt::TokioTimer, service::TowerToHyperService};
use rialto_session::coremq;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{api, handle::Handle, status};

/// Serves HTTP connections.
#[derive(Clone)]
pub(crate) struct HttpService {
    router: Router,
}

/// What the handlers ask.
pub(crate) struct Asked {
    pub(crate) handle: Handle,
    pub(crate) server: Arc<coremq::Server>,
}

impl HttpService {
    pub(crate) fn new(handle: Handle, server: Arc<coremq::Server>) -> Self {
        let asked = Arc::new(Asked { handle, server });
        HttpService { router: status::router(asked.clone()).merge(api::router(&asked)) }
    }

    /// Serves one connection until its client goes.
    ///
    /// # Errors
    /// When the connection breaks, or says what is no HTTP.
    pub(crate) async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
    ) -> io::Result<()> {
        let service = TowerToHyperService::new(self.router.clone().layer(Extension(peer)));
        http1::Builder::new()
            // With a timer, a client that does not finish its request is not waited for: 30 s.
            .timer(TokioTimer::new())
            // One that has ended its side still reads.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service)
            .await
            .map_err(io::Error::other)
    }
}
