//! The life of a connection: who it is, which server it gets, and passing its bytes on.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use parking_lot::Mutex;
use rialto_domain::CloseReason;
use rialto_net::{Arrival, FirstWord, Gate, Patience, Receive, Socket, Stream, Tls, secure};
use rialto_stopwatch::{Moment, timeout};
use tokio::{
    io::AsyncWriteExt as _,
    sync::{mpsc, watch},
    time::sleep,
};

use crate::{
    counts::Refusal,
    first_packet::{key_of_address, key_of_client},
    last_word,
    relay::relay,
    route::{Chosen, Route},
    storm::Storm,
    upstream::{self, OnBehalf, Upstream},
};

/// The target of lines about clients that were refused.
const AUDIT: &str = "rialto::audit";

/// A server that ends a connection within this time without a word has failed.
const MUTE_WITHIN: Duration = Duration::from_secs(1);

/// What all routes share.
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    pub(crate) storm: Mutex<Storm>,
    /// Becomes true when the balancer stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Held by each connection, so that its receiver knows when none is left.
    pub(crate) open: mpsc::Sender<()>,
}

/// What takes the connections of a route.
pub(crate) struct Reception {
    pub(crate) shared: Arc<Shared>,
    pub(crate) route: Arc<Route>,
}

/// A client that is known, with what it has said so far.
struct Guest {
    stream: Stream,
    peer: SocketAddr,
    early: Vec<u8>,
    /// What policies that hash go by.
    key: u64,
}

impl Receive for Reception {
    fn receive(&self, arrival: Arrival) {
        let (shared, route) = (self.shared.clone(), self.route.clone());
        tokio::spawn(async move {
            let _open = shared.open.clone();
            // What comes before is large and short-lived: boxed, so that an idle connection does not carry it.
            let begun = Box::pin(begin(&shared, &route, arrival)).await;
            drop(shared);
            if let Some((guest, server, chosen)) = begun {
                pass(guest, server, chosen, &route).await;
            }
        });
    }

    fn refuse(&self, peer: SocketAddr, reason: CloseReason) -> Vec<u8> {
        note_refused(&self.route, peer, Refusal::Limit, &reason.to_string());
        last_word::unasked(self.route.dialect(), (reason.word(), &reason.to_string()))
    }
}

/// Does all that comes before bytes are passed on; `None` where it comes to nothing, which is counted.
async fn begin(
    shared: &Shared,
    route: &Arc<Route>,
    arrival: Arrival,
) -> Option<(Guest, Upstream, Chosen)> {
    let terms = route.terms.load_full();
    let peer = arrival.peer;
    let turn =
        shared.storm.lock().turn(Moment::now(), terms.per_second_max, terms.handshake_timeout);
    let Some(wait) = turn else {
        let text = "too many new connections wait for their turn; try again later";
        note_refused(route, peer, Refusal::Storm, text);
        let mut socket = arrival.socket;
        // The socket's buffer is empty: this goes out at once or never.
        let word = last_word::unasked(terms.settings.dialect, (Refusal::Storm.word(), text));
        let _ = socket.write_all(&word).await;
        return None;
    };
    if !wait.is_zero() {
        sleep(wait).await;
    }
    let patience = Patience {
        deadline: Moment::now() + terms.handshake_timeout,
        stopping: shared.stopping.clone(),
        silent: Arc::default(),
    };
    let guest = match patience.wait(pin!(meet(shared, route, arrival))).await {
        Ok(guest) => guest,
        Err(error) => {
            let refusal = match error.kind() {
                io::ErrorKind::PermissionDenied => Refusal::Denied,
                _ => Refusal::Handshake,
            };
            note_refused(route, peer, refusal, &error.to_string());
            return None;
        }
    };
    route.counts.accepted();
    match find_server(route, &guest).await {
        Some((server, chosen)) => Some((guest, server, chosen)),
        None => {
            note_refused(route, guest.peer, Refusal::NoServer, "no server is available");
            let Guest { stream, peer, early, .. } = guest;
            let told = last_word::tell(
                stream,
                (peer, &shared.gate.proxies),
                early,
                terms.settings.dialect,
            );
            // Whoever does not wait for it does not want it.
            let _ = patience.wait(pin!(told)).await;
            None
        }
    }
}

/// Finds out whose connection it is, shakes hands, and reads what a policy goes by.
async fn meet(shared: &Shared, route: &Route, arrival: Arrival) -> io::Result<Guest> {
    let terms = route.terms.load_full();
    let count = |socket: &mut Socket, client: SocketAddr| socket.count_from(client.ip());
    let refusal = |reason: CloseReason| {
        last_word::unasked(terms.settings.dialect, (reason.word(), &reason.to_string()))
    };
    let (socket, peer) = arrival.identify(&shared.gate.proxies, count, refusal).await?;
    if !terms.access.admits(peer.ip()) {
        let text = "the network of the client may not connect";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    let mut stream = match &terms.tls {
        // Not looked at: the server may be the one that speaks first.
        Tls::Off => Stream::Plain(socket),
        tls => secure(socket, tls, FirstWord::Peer).await?,
    };
    let (mut key, mut early) = (key_of_address(peer.ip()), Vec::new());
    if route.hashes_clients() {
        key = key_of_client(&mut stream, &mut early).await?.unwrap_or(key);
    }
    Ok(Guest { stream, peer, early, key })
}

/// Connects to a server, to another one if that fails, and hands over what the client has said.
async fn find_server(route: &Arc<Route>, guest: &Guest) -> Option<(Upstream, Chosen)> {
    let terms = route.terms.load_full();
    let local = guest.stream.socket().local_addr().ok()?;
    let on_behalf = OnBehalf { client: guest.peer, local };
    let mut tried = Vec::new();
    while tried.len() < terms.tries_max {
        let chosen = route.choose(guest.key, &tried)?;
        let server = chosen.server;
        let host = route.host(server);
        let connecting = async {
            let mut connected =
                upstream::connect(server, &host, &terms.manner, Some(on_behalf)).await?;
            connected.write_all(&guest.early).await?;
            io::Result::Ok(connected)
        };
        let connected = timeout(terms.connect_timeout, connecting).await;
        match connected.unwrap_or_else(|elapsed| Err(elapsed.into())) {
            Ok(connected) => return Some((connected, chosen)),
            Err(error) => route.note_failure(server, &error),
        }
        tried.push(server);
    }
    None
}

/// Passes bytes on until the connection is over.
async fn pass(guest: Guest, mut server: Upstream, chosen: Chosen, route: &Route) {
    let Guest { mut stream, peer, early, .. } = guest;
    let early_bytes = early.len() as u64;
    drop(early);
    route.counts.passed([early_bytes, 0]);
    let (silence, begun) = (route.terms.load().silence, Moment::now());
    let note = |bytes| route.counts.passed(bytes);
    let passed = relay(&mut stream, &mut server, silence, note).await;
    let [from_client, to_client] = passed.bytes;
    let from_client = from_client + early_bytes;
    // A server that takes what a client says and ends at once without a word is not well.
    let is_mute = to_client == 0 && 0 < from_client && begun.elapsed() < MUTE_WITHIN;
    if is_mute && passed.server_ended_first {
        route.note_failure(chosen.server, &"it ended a connection without a word");
    } else {
        route.note_success(chosen.server);
    }
    tracing::debug!(
        route = route.label, client = %peer, server = %chosen.server, from_client, to_client,
        ended = ?passed.ended.err().map(|error| error.to_string()),
        "a connection is over"
    );
}

fn note_refused(route: &Route, client: SocketAddr, refusal: Refusal, reason: &str) {
    route.counts.refused(refusal);
    tracing::info!(
        target: AUDIT, event = "connection-refused", route = route.label, %client,
        rule = refusal.word(), reason,
    );
}
