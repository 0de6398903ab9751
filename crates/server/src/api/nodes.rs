//! The nodes, by HTTP: how each stands, and what goes through it.

mod words;

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{Json, extract::State};
use rialto_config::digest;
use rialto_domain::UnixMs;
use tokio::{task, time::timeout};

use crate::{
    asked::Asked,
    cluster::standing::LinkState,
    history::History,
    machine::{self, Disk},
    readiness,
};

use self::words::{CheckJson, Figures, NodeJson, NodesJson, PeerJson};

/// How long the disk may take to say how full it is.
const DISK_PATIENCE: Duration = Duration::from_millis(500);

/// Shows the nodes
///
/// Each with the checks of `/readyz?verbose`, and figures that are means over the last five seconds.
#[utoipa::path(
    get, path = "/v1/nodes", operation_id = "nodes", tag = "server",
    responses((status = 200, description = "This node first, then those it knows of", body = NodesJson))
)]
pub(crate) async fn nodes(State(asked): State<Arc<Asked>>) -> Json<NodesJson> {
    Json(NodesJson { nodes: vec![this_node(&asked).await] })
}

async fn this_node(asked: &Asked) -> NodeJson {
    let settings = asked.handle.settings();
    let disk = disk(settings.server.data_dir.clone()).await;
    let hub = asked.handle.hub();
    let checks = readiness::checks(asked);
    let is_ready = checks.iter().all(|check| check.passes);
    let (stats, uptime, peers) = hub.round(|broker| {
        let peers = PeerJson::all(broker.linked(), broker.observers());
        (broker.stats(), broker.now().uptime, peers)
    });
    NodeJson {
        name: asked.server.address.to_string(),
        state: if is_ready { "ready" } else { "not ready" },
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: uptime.as_secs(),
        checks: checks.iter().map(CheckJson::from).collect(),
        digest: digest(&settings),
        connections: stats.connections,
        connections_max: asked.connections_max as u64,
        sessions: stats.sessions,
        channels: stats.channels,
        figures: Figures::of(&asked.history, hub.steady_ms()),
        memory_bytes: machine::resident_bytes(),
        memory_bytes_max: machine::memory_bytes(),
        waiting_bytes: stats.waiting_bytes,
        waiting_bytes_max: hub.memory.bytes_max() as u64,
        store: settings.store.kind.as_str(),
        log_messages: stats.log_held,
        log_bytes: stats.log_bytes,
        disk_bytes: disk.map(|disk| disk.used_bytes),
        disk_free_bytes: disk.map(|disk| disk.free_bytes),
        certificate_expires_ms: asked.handle.certificate_ends(),
        peers,
        peers_missing: hub.links.get(LinkState::Trying),
    }
}

/// Returns how full the disk is; `None` where it does not say, or hangs.
async fn disk(directory: PathBuf) -> Option<Disk> {
    let looking = task::spawn_blocking(move || machine::disk(&directory));
    timeout(DISK_PATIENCE, looking).await.ok()?.ok()?
}

impl Figures {
    fn of(history: &History, now_ms: UnixMs) -> Self {
        let [in_rate, out_rate, in_byte_rate, out_byte_rate] =
            ["in_rate", "out_rate", "in_byte_rate", "out_byte_rate"]
                .map(|name| history.latest(now_ms, name));
        let [ack_p50_ms, ack_p99_ms] =
            ["ack_p50_ms", "ack_p99_ms"].map(|name| history.latest(now_ms, name));
        let [commit_rate, commit_changes, commit_p50_ms, commit_p99_ms] =
            ["commit_rate", "commit_changes", "commit_p50_ms", "commit_p99_ms"]
                .map(|name| history.latest(now_ms, name));
        let [lock_held_p99_ms, lock_waited_p99_ms, slow_consumers] =
            ["lock_held_p99_ms", "lock_waited_p99_ms", "slow_consumers"]
                .map(|name| history.latest(now_ms, name));
        Figures {
            in_rate,
            out_rate,
            in_byte_rate,
            out_byte_rate,
            ack_p50_ms,
            ack_p99_ms,
            commit_rate,
            commit_changes,
            commit_p50_ms,
            commit_p99_ms,
            lock_held_p99_ms,
            lock_waited_p99_ms,
            slow_consumers,
        }
    }
}
