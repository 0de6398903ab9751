//! The life of a connection: who it is, which server it gets, and passing its bytes on.

use std::{io, mem, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use parking_lot::Mutex;
use rialto_domain::{AUDIT_TARGET, CloseReason};
use rialto_net::{Arrival, FirstWord, Gate, Patience, Receive, Socket, Stream, Tls, secure};
use rialto_stopwatch::{Moment, timeout};
use tokio::{
    io::AsyncWriteExt as _,
    sync::{mpsc, watch},
    time::sleep,
};

use crate::{
    counts::Refusal,
    entrance::Entrance,
    first_packet::{key_of_address, key_of_client},
    last_word,
    relay::relay,
    route::{Chosen, Route},
    server_name,
    storm::Storm,
    upstream::{self, OnBehalf, Upstream},
};

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

/// What takes the connections of an address.
pub(crate) struct Reception {
    pub(crate) shared: Arc<Shared>,
    pub(crate) entrance: Arc<Entrance>,
}

/// Why a client was turned away that is known.
#[derive(Debug, thiserror::Error)]
enum TurnedAway {
    #[error("the network of the client may not connect")]
    Denied,
    #[error("no route is for the name that the client asked for")]
    UnknownName,
}

/// A client that is known, with what it has said so far.
struct Guest {
    route: Arc<Route>,
    stream: Stream,
    peer: SocketAddr,
    early: Vec<u8>,
    /// What policies that hash go by.
    key: u64,
}

impl Receive for Reception {
    fn receive(&self, arrival: Arrival) {
        let (shared, entrance) = (self.shared.clone(), self.entrance.clone());
        tokio::spawn(async move {
            let _open = shared.open.clone();
            // What comes before is large and short-lived: boxed, so that an idle connection does not carry it.
            let begun = Box::pin(begin(&shared, &entrance, arrival)).await;
            drop((shared, entrance));
            if let Some((guest, server, chosen)) = begun {
                pass(guest, server, chosen).await;
            }
        });
    }

    fn refuse(&self, peer: SocketAddr, reason: CloseReason) -> Vec<u8> {
        let face = self.entrance.face();
        note_refused(&face, peer, Refusal::Limit, &reason.to_string());
        last_word::unasked(face.dialect(), (reason.word(), &reason.to_string()))
    }
}

/// Does all that comes before bytes are passed on; `None` where it comes to nothing, which is counted.
async fn begin(
    shared: &Shared,
    entrance: &Entrance,
    arrival: Arrival,
) -> Option<(Guest, Upstream, Chosen)> {
    let face = entrance.face();
    let terms = face.terms.load_full();
    let peer = arrival.peer;
    let turn =
        shared.storm.lock().turn(Moment::now(), terms.per_second_max, terms.handshake_timeout);
    let Some(wait) = turn else {
        let text = "too many new connections wait for their turn; try again later";
        note_refused(&face, peer, Refusal::Storm, text);
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
    let guest = match patience.wait(pin!(meet(shared, entrance, &face, arrival))).await {
        Ok(guest) => guest,
        Err(error) => {
            note_refused(&face, peer, refusal_of(&error), &error.to_string());
            return None;
        }
    };
    let route = guest.route.clone();
    route.counts.accepted();
    match find_server(&guest).await {
        Some((server, chosen)) => Some((guest, server, chosen)),
        None => {
            note_refused(&route, guest.peer, Refusal::NoServer, "no server is available");
            let Guest { stream, peer, early, .. } = guest;
            let about = (peer, &*shared.gate.proxies);
            let told = last_word::tell(stream, about, early, route.dialect());
            // Whoever does not wait for it does not want it.
            let _ = patience.wait(pin!(told)).await;
            None
        }
    }
}

/// Finds out whose connection it is and for which route, shakes hands, and reads what a policy goes by.
async fn meet(
    shared: &Shared,
    entrance: &Entrance,
    face: &Route,
    arrival: Arrival,
) -> io::Result<Guest> {
    let terms = face.terms.load_full();
    let count = |socket: &mut Socket, client: SocketAddr| socket.count_from(client.ip());
    let refusal = |reason: CloseReason| {
        last_word::unasked(terms.settings.dialect, (reason.word(), &reason.to_string()))
    };
    let (socket, peer) = arrival.identify(&shared.gate.proxies, count, refusal).await?;
    if !terms.access.admits(peer.ip()) {
        return Err(io::Error::other(TurnedAway::Denied));
    }
    let mut early = Vec::new();
    let (mut stream, route) = match &terms.tls {
        // Not looked at without need: the server may be the one that speaks first.
        Tls::Off => {
            let mut stream = Stream::Plain(socket);
            let name = match entrance.goes_by_names() {
                true => server_name::read(&mut stream, &mut early).await?,
                false => None,
            };
            (stream, entrance.route_for(name.as_deref()))
        }
        tls => {
            let stream = secure(socket, tls, FirstWord::Peer).await?;
            let route = entrance.route_for(stream.server_name());
            (stream, route)
        }
    };
    let Some(route) = route else {
        let text = TurnedAway::UnknownName.to_string();
        let word = match &terms.tls {
            Tls::Off => server_name::UNKNOWN_NAME.to_vec(),
            _ => last_word::unasked(face.dialect(), (Refusal::UnknownName.word(), &text)),
        };
        stream.write_all(&word).await?;
        stream.part().await;
        return Err(io::Error::other(TurnedAway::UnknownName));
    };
    let mut key = key_of_address(peer.ip());
    if route.hashes_clients() {
        key = key_of_client(&mut stream, &mut early).await?.unwrap_or(key);
    }
    Ok(Guest { route, stream, peer, early, key })
}

/// Returns the kind of a refusal that came while a client was being met.
fn refusal_of(error: &io::Error) -> Refusal {
    let cause = error.get_ref();
    if cause.is_some_and(|cause| cause.is::<CloseReason>()) {
        return Refusal::Limit;
    }
    match cause.and_then(|cause| cause.downcast_ref()) {
        Some(TurnedAway::Denied) => Refusal::Denied,
        Some(TurnedAway::UnknownName) => Refusal::UnknownName,
        None => Refusal::Handshake,
    }
}

/// Connects to a server, to another one if that fails, and hands over what the client has said.
async fn find_server(guest: &Guest) -> Option<(Upstream, Chosen)> {
    let route = &guest.route;
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
async fn pass(guest: Guest, mut server: Upstream, chosen: Chosen) {
    let Guest { route, mut stream, peer, early, .. } = guest;
    let early_bytes = early.len() as u64;
    drop(early);
    route.counts.passed([early_bytes, 0]);
    let (silence, begun) = (route.terms.load().silence, Moment::now());
    let mut has_answered = false;
    let note = |bytes: [u64; 2]| {
        route.counts.passed(bytes);
        // It is well as soon as it says something, not when a connection ends that may last for days.
        if 0 < bytes[1] && !mem::replace(&mut has_answered, true) {
            route.note_success(chosen.server);
        }
    };
    let passed = relay(&mut stream, &mut server, silence, note).await;
    let [from_client, to_client] = passed.bytes;
    let from_client = from_client + early_bytes;
    // A server that takes what a client says and ends at once without a word is not well.
    let is_mute = to_client == 0 && 0 < from_client && begun.elapsed() < MUTE_WITHIN;
    if is_mute && passed.server_ended_first {
        route.note_failure(chosen.server, &"it ended a connection without a word");
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
        target: AUDIT_TARGET, event = "connection-refused", route = route.label, %client,
        rule = refusal.word(), reason,
    );
}
