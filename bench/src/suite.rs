//! Runs workloads, repetition by repetition, the servers taking turns.

use anyhow::{Result, anyhow};

use crate::kind::Kind;
use crate::outcome::Outcome;
use crate::server::{Places, Server};
use crate::workload::{Size, Workload};

/// One run of one workload against one server.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) workload: &'static Workload,
    pub(crate) kind: Kind,
    /// Counted from 1.
    pub(crate) repetition: usize,
    pub(crate) outcome: Outcome,
}

/// Which servers a workload is run against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    Both,
    RialtoOnly,
    PeerOnly,
}

/// How workloads are run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) places: Places,
    pub(crate) repetitions: usize,
    pub(crate) size: Size,
    pub(crate) against: Against,
    /// More servers, for workloads that store.
    pub(crate) also: Vec<Kind>,
}

/// Runs one workload as often as the settings say.
///
/// Each run has a server process of its own. `on_sample` sees each sample as it comes, `on_failure`
/// what went wrong in a run that yielded none.
pub(crate) fn run(
    workload: &'static Workload,
    settings: &Settings,
    mut on_sample: impl FnMut(Sample),
    mut on_failure: impl FnMut(String),
) {
    for repetition in 1..=settings.repetitions {
        let mut kinds = order(workload.peer(), settings.against, repetition);
        if workload.peer() == Kind::JetStream {
            kinds.extend(&settings.also);
            // Nobody always runs on the heels of the same one.
            let count = kinds.len();
            kinds.rotate_left((repetition - 1) % count);
        }
        for kind in kinds {
            match run_once(workload, kind, settings) {
                Ok(outcome) => on_sample(Sample { workload, kind, repetition, outcome }),
                Err(error) => {
                    on_failure(format!("{} {}: {error:#}", workload.name, kind.name()));
                }
            }
        }
    }
}

fn order(peer: Kind, against: Against, repetition: usize) -> Vec<Kind> {
    match against {
        Against::RialtoOnly => vec![Kind::Rialto],
        Against::PeerOnly => vec![peer],
        // Neither always runs on the heels of the other.
        Against::Both if repetition % 2 == 1 => vec![Kind::Rialto, peer],
        Against::Both => vec![peer, Kind::Rialto],
    }
}

fn run_once(workload: &Workload, kind: Kind, settings: &Settings) -> Result<Outcome> {
    let server = Server::start(kind, &settings.places)?;
    workload.run(&server, settings.size).map_err(|error| match server.last_words() {
        words if words.is_empty() => error,
        words => anyhow!("{error:#}; the server's log ends: {words}"),
    })
}
