//! What ties a server to whatever started its process.

use std::{
    collections::BTreeMap,
    future::{Future, pending},
    net::SocketAddr,
    pin::Pin,
};

type TellReady = Box<dyn FnOnce(&BTreeMap<String, SocketAddr>) + Send>;
type Ended = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who is told that a server serves, and what ends it besides signals.
#[derive(Default)]
pub(crate) struct Starter {
    pub(crate) tell_ready: Option<TellReady>,
    /// Why it is to end, and when.
    pub(crate) ended: Option<(&'static str, Ended)>,
}

impl Starter {
    /// Tells that the server serves; not again.
    pub(crate) fn tell_ready(&mut self, addresses: &BTreeMap<String, SocketAddr>) {
        if let Some(tell) = self.tell_ready.take() {
            tell(addresses);
        }
    }

    /// Waits until the server is to end, and returns why.
    pub(crate) async fn ended(self) -> &'static str {
        let Some((why, ended)) = self.ended else { return pending().await };
        ended.await;
        why
    }
}
