//! Which hosts are the cluster's, where their addresses say who may have the messages of all
//! channels: by name, looked up again and again, because a name may come to have another address.
//!
//! An address that was found for a host stays allowed until the server stops.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::Duration};

use parking_lot::RwLock;
use tokio::{net::lookup_host, time::sleep};

/// How often names are looked up.
const LOOK_UP_EVERY: Duration = Duration::from_secs(30);

/// The addresses of the cluster's hosts.
#[derive(Debug, Default)]
pub(crate) struct Replicants {
    addresses: RwLock<BTreeSet<IpAddr>>,
}

impl Replicants {
    /// Says whether a peer's address is that of one of the hosts.
    pub(crate) fn allow(&self, peer: IpAddr) -> bool {
        self.addresses.read().contains(&peer.to_canonical())
    }

    /// Learns those of `hosts` that are addresses already, so that nobody who comes early is refused.
    pub(crate) fn know(&self, hosts: &[String]) {
        let addresses = hosts.iter().filter_map(|host| host.parse::<IpAddr>().ok());
        self.addresses.write().extend(addresses.map(|address| address.to_canonical()));
    }

    /// Goes on learning the addresses of `hosts` until the task is aborted.
    pub(crate) async fn keep(self: Arc<Self>, hosts: Vec<String>) {
        let mut failing = BTreeSet::new();
        loop {
            self.look_up(&hosts, &mut failing).await;
            sleep(LOOK_UP_EVERY).await;
        }
    }

    /// Looks all names up and adds what is found; logs a host once that has no address.
    pub(crate) async fn look_up(&self, hosts: &[String], failing: &mut BTreeSet<String>) {
        for host in hosts {
            match lookup_host((host.as_str(), 0)).await {
                Ok(found) => {
                    let found = found.map(|address| address.ip().to_canonical());
                    self.addresses.write().extend(found);
                    failing.remove(host);
                }
                Err(error) => {
                    if failing.insert(host.clone()) {
                        tracing::warn!(
                            host,
                            %error,
                            "the name of a cluster host cannot be resolved: the host may not attach as a replicant until it can"
                        );
                    }
                }
            }
        }
    }
}
