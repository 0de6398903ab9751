//! The versions of HTTP, and within which bounds a client may use each.

use std::{pin::Pin, time::Duration};

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rialto_net::Prompt;

use crate::http_request::Requests;

/// Requests of one connection that may be answered at the same time.
const STREAMS_MAX: u32 = 64;
/// Bytes of the fields of a request.
const FIELDS_BYTES_MAX: u32 = 16 << 10;
/// Bytes of an answer that wait for its reader, besides those that the broker keeps.
const SEND_BYTES_MAX: usize = 64 << 10;
/// Requests that a client may take back before they were looked at. One more ends the connection: they cost
/// the server more than the client ("rapid reset").
const TAKEN_BACK_MAX: usize = 20;
/// Streams that may have ended by an error of the client's, over the whole connection.
const ERRORS_MAX: usize = 256;
/// How long nothing may come before a peer is asked whether it is there, and how long it may take to
/// answer.
const QUIET_MAX: Duration = Duration::from_secs(30);
const PONG_WITHIN: Duration = Duration::from_secs(15);

/// A connection in a version of HTTP.
pub(super) trait Version: Future<Output = hyper::Result<()>> + Unpin {
    /// Lets no further requests in.
    fn stop(&mut self);
}

pub(super) type Http1 = http1::Connection<TokioIo<Prompt>, Requests>;
pub(super) type Http2 = http2::Connection<TokioIo<Prompt>, Requests, TokioExecutor>;

/// Serves HTTP/1.1; a request's fields must have come within the limit.
pub(super) fn http_1(stream: Prompt, (requests, limit): (Requests, Duration)) -> Http1 {
    http1::Builder::new()
        .timer(TokioTimer::new())
        // From the end of the last answer on: the next request may be waited for as long.
        .header_read_timeout(limit)
        // One that has ended its side still reads.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), requests)
}

/// Serves HTTP/2.
pub(super) fn http_2(stream: Prompt, requests: Requests) -> Http2 {
    http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(FIELDS_BYTES_MAX)
        .max_send_buf_size(SEND_BYTES_MAX)
        .max_pending_accept_reset_streams(TAKEN_BACK_MAX)
        .max_local_error_reset_streams(ERRORS_MAX)
        .keep_alive_interval(QUIET_MAX)
        .keep_alive_timeout(PONG_WITHIN)
        .serve_connection(TokioIo::new(stream), requests)
}

impl Version for Http1 {
    fn stop(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}

impl Version for Http2 {
    fn stop(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}
