//! What has to be well for the server to be ready, and how each of it is: for `health.rs`, for metrics, and
//! for whoever asks for the nodes.

use crate::{
    asked::Asked, bus::BusLink, cluster::standing::LinkState, lease::Lease, store::StoreState,
};

/// One thing that is looked at.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// How it is, in a word or two.
    pub(crate) state: &'static str,
    pub(crate) passes: bool,
}

/// Looks at everything that a server needs in order to be ready.
pub(crate) fn checks(asked: &Asked) -> Vec<Check> {
    let links = asked.handle.settings().cluster.ready_when_linked.then(|| links(asked));
    let lease = asked.handle.hub().lease.as_ref().map(|lease| self::lease(lease));
    let bus = asked.handle.hub().bus.as_ref().map(|bus| self::bus(bus));
    let optional = links.into_iter().chain(lease).chain(bus);
    [broker(asked), store(asked), stopping(asked)].into_iter().chain(optional).collect()
}

/// Looks whether the broker's lock is let go of, and its threads run.
pub(crate) fn broker(asked: &Asked) -> Check {
    let passes = asked.pulse.is_felt();
    Check { name: "broker", state: if passes { "ok" } else { "does not tick" }, passes }
}

/// Looks whether the store takes what is written. One that is slow does: publishers wait for it.
fn store(asked: &Asked) -> Check {
    let (state, passes) = match asked.commit_watch.state() {
        StoreState::Ok => ("ok", true),
        StoreState::Slow => ("slow", true),
        StoreState::Failing => ("refuses writes", false),
    };
    Check { name: "store", state, passes }
}

/// Looks whether the messages of all other servers come.
fn links(asked: &Asked) -> Check {
    let passes = asked.handle.hub().links.get(LinkState::Trying) == 0;
    let state = if passes { "ok" } else { "a cluster node is not connected" };
    Check { name: "links", state, passes }
}

/// Looks whether this node may serve, where several share the store.
fn lease(lease: &Lease) -> Check {
    let passes = !lease.is_over();
    let state = if passes { "ok" } else { "is over" };
    Check { name: "lease", state, passes }
}

/// Looks whether the bus between nodes is there. Without it messages come later, and those with QoS 0 not at all, but clients
/// are served: where no node has it, none would be better.
fn bus(bus: &BusLink) -> Check {
    let state = if bus.state().is_up { "ok" } else { "is away" };
    Check { name: "bus", state, passes: true }
}

/// Looks whether the server is about to end.
fn stopping(asked: &Asked) -> Check {
    let is_stopping = *asked.stopping.borrow();
    let state = if is_stopping { "has begun" } else { "ok" };
    Check { name: "stopping", state, passes: !is_stopping }
}
