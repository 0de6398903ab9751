//! An answer that goes on only as long as whoever asked for it is signed in.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::header::CONTENT_TYPE,
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use rialto_access::SignIn;
use rialto_config::ApiRight;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::asked::Asked;

/// How soon an answer ends behind a sign-in, at the latest.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);
/// The types of answers that go on.
const GOING_ON: [&str; 3] = ["text/event-stream", "application/jsonl", "application/x-ndjson"];

/// A body that ends with a sign-in, as if its sender had no more to say: the page asks again, and is refused.
struct UntilEnded {
    body: Body,
    asked: Arc<Asked>,
    sign_in: SignIn,
    right: ApiRight,
    look: Interval,
    has_ended: bool,
}

/// Has an answer that goes on end with the sign-in, or with the right that it needs.
pub(super) fn until_ended(
    response: Response,
    (asked, sign_in): (&Arc<Asked>, &SignIn),
    right: ApiRight,
) -> Response {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| GOING_ON.iter().any(|it| kind.starts_with(it))) {
        return response;
    }
    let mut look = interval(LOOKED_AT_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (asked, sign_in) = (asked.clone(), sign_in.clone());
    let bind = |body| UntilEnded { body, asked, sign_in, right, look, has_ended: false };
    response.map(|body| Body::new(bind(body)))
}

impl UntilEnded {
    fn is_good(&self) -> bool {
        let hub = self.asked.handle.hub();
        let (settings, now) = (self.asked.handle.settings(), hub.now().unix_ms);
        let known = (&*settings, &*hub.authorizer.access);
        let allowed = self.asked.sign_ins.allowed(known, &self.sign_in, now);
        allowed.is_some_and(|allowed| allowed.rights.contains(&self.right))
    }
}

impl hyper::body::Body for UntilEnded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while self.look.poll_tick(context).is_ready() {
            self.has_ended |= !self.is_good();
        }
        if self.has_ended {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
