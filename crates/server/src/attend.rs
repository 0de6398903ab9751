//! What of a server's life its service manager hears: that it serves, reads its settings anew, waits for
//! its disk, stops; and, again and again, that it works.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle};

use crate::{hub::TICK, lasting, server::Server, store::CommitWatch, supervisor::Supervisor};

/// Tells a service manager of one server. Without a manager it does nothing.
pub(crate) struct Attendant {
    told: Option<Told>,
}

struct Told {
    supervisor: Arc<Supervisor>,
    /// Where the server listens, for people.
    listening: String,
    watching: JoinHandle<()>,
}

impl Attendant {
    /// Says that the server serves, and from then on that it works.
    pub(crate) fn begin(supervisor: Option<Arc<Supervisor>>, server: &Server) -> Self {
        let told = supervisor.map(|supervisor| {
            let listening = listening(server.addresses());
            supervisor.ready(&listening);
            let watched = Watched {
                supervisor: supervisor.clone(),
                ticked: server.ticker().ticked(),
                commits: server.commit_watch(),
                listening: listening.clone(),
            };
            let watching = lasting::spawn("watchdog", move || watched.clone().keep());
            Told { supervisor, listening, watching }
        });
        Attendant { told }
    }

    /// Says that settings are being read anew.
    pub(crate) fn reloading(&self) {
        if let Some(Told { supervisor, .. }) = &self.told {
            supervisor.reloading();
        }
    }

    /// Says that this is over, and how it ended.
    pub(crate) fn reloaded(&self, result: Result<(), &str>) {
        let Some(Told { supervisor, listening, .. }) = &self.told else { return };
        match result {
            Ok(()) => supervisor.ready(listening),
            Err(error) => supervisor.ready(&format!(
                "{listening}; the changed settings were refused, all stays as it was: {error}"
            )),
        }
    }

    /// Says that the server stops, which takes so long at most.
    pub(crate) fn stopping(self, time: Duration) {
        if let Some(Told { supervisor, watching, .. }) = self.told {
            watching.abort();
            supervisor.stopping(time);
        }
    }
}

/// What shows whether a server works.
///
/// A tick takes the broker's lock and lets it go: a broker that is stuck does not tick, and neither does
/// one whose threads are. A tick does not wait for the store. So a disk that hangs ends no process: QoS 0
/// goes on meanwhile, and a new process would have the same disk.
#[derive(Clone)]
struct Watched {
    supervisor: Arc<Supervisor>,
    ticked: watch::Receiver<()>,
    commits: Arc<CommitWatch>,
    listening: String,
}

impl Watched {
    async fn keep(mut self) {
        let within = self.supervisor.watchdog().map(|watchdog| watchdog / 2);
        let mut told: Option<Instant> = None;
        let mut was_slow = false;
        while self.ticked.changed().await.is_ok() {
            // Not a tick too late.
            let is_due = |within| told.is_none_or(|told| within <= told.elapsed() + TICK);
            // One that could not be told is told at the next tick.
            if within.is_some_and(is_due) && self.supervisor.alive().is_ok() {
                told = Some(Instant::now());
            }
            let is_slow = self.commits.is_slow();
            if std::mem::replace(&mut was_slow, is_slow) != is_slow {
                self.tell_of_disk(is_slow);
            }
        }
    }

    fn tell_of_disk(&self, is_slow: bool) {
        let listening = &self.listening;
        if is_slow {
            self.supervisor.status(&format!(
                "{listening}; waiting for the disk, QoS 1 publishes wait with it"
            ));
        } else {
            self.supervisor.status(listening);
        }
    }
}

/// Returns where a server listens, in a line.
fn listening(addresses: &BTreeMap<String, SocketAddr>) -> String {
    let mut text = "listening:".to_owned();
    for (index, (name, address)) in addresses.iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        let _ = write!(text, "{separator} {name} {address}");
    }
    text
}
