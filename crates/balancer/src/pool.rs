//! The servers of a route: which of them can take connections, and which one gets the next.
//!
//! Pure: time, what became of connections and of checks, and chance are told to it.

mod member;
mod policy;
mod terms;

use std::net::SocketAddr;

use rialto_config::BalancingPolicy;
use rialto_stopwatch::Moment;

pub use member::State;
use member::{Candidate, Member};
pub use terms::{Spec, Terms};

/// The servers of a route.
#[derive(Debug)]
pub struct Pool {
    terms: Terms,
    members: Vec<Member>,
}

impl Pool {
    /// Takes servers of which nothing is known yet: they count as up.
    pub fn new(terms: Terms, specs: &[Spec]) -> Self {
        let members = specs.iter().map(|spec| Member::new(*spec)).collect();
        Pool { terms, members }
    }

    /// Takes up other terms and servers. What is known of those that stay is kept; those that go get no
    /// more connections, and are forgotten when their last one ends.
    pub fn replace(&mut self, terms: Terms, specs: &[Spec]) {
        self.terms = terms;
        for spec in specs {
            match self.members.iter_mut().find(|member| member.spec.address == spec.address) {
                Some(member) => member.stay(*spec),
                None => self.members.push(Member::new(*spec)),
            }
        }
        let is_named = |member: &Member| specs.iter().any(|it| it.address == member.spec.address);
        self.members.iter_mut().filter(|member| !is_named(member)).for_each(Member::leave);
        self.forget_those_that_left();
    }

    /// Returns the server for a new connection, and counts the connection as its; `None` if none can take
    /// it besides those that were `tried` for it.
    ///
    /// `key` is what a policy that hashes goes by, `chance` any number.
    pub fn choose(
        &mut self,
        now: Moment,
        (key, chance): (u64, u64),
        tried: &[SocketAddr],
    ) -> Option<SocketAddr> {
        let slow_start = self.terms.slow_start;
        let mut candidates: Vec<Candidate> = Vec::with_capacity(self.members.len());
        for is_backup in [false, true] {
            let members = self.members.iter().enumerate();
            candidates.extend(members.filter_map(|(index, member)| {
                let spec = &member.spec;
                let is_one = spec.is_backup == is_backup && member.takes_connections(now);
                (is_one && !tried.contains(&spec.address))
                    .then(|| member.candidate(index, now, slow_start))
            }));
            if !candidates.is_empty() {
                break;
            }
        }
        let index = match self.terms.policy {
            BalancingPolicy::LeastConnections => policy::least_connections(&candidates),
            BalancingPolicy::RoundRobin => policy::round_robin(&candidates, &mut self.members),
            BalancingPolicy::RandomOfTwo => policy::random_of_two(&candidates, chance),
            BalancingPolicy::HashAddress | BalancingPolicy::HashClient => {
                policy::by_key(&candidates, key)
            }
        }?;
        let member = &mut self.members[index];
        member.open += 1;
        Some(member.spec.address)
    }

    /// Notes that a server took a connection that it was chosen for.
    pub fn succeeded(&mut self, address: SocketAddr) {
        self.with(address, Member::succeeded);
    }

    /// Notes that a server failed a connection, or a check; returns whether it was ejected for that.
    pub fn failed(&mut self, address: SocketAddr, now: Moment) -> bool {
        let terms = self.terms;
        self.with(address, |member| member.failed(now, &terms)).unwrap_or_default()
    }

    /// Notes that a check of a server went well; returns whether it was ejected until then.
    pub fn checked(&mut self, address: SocketAddr, now: Moment) -> bool {
        self.with(address, |member| member.checked(now)).unwrap_or_default()
    }

    /// Notes that a connection of a server is over.
    pub fn closed(&mut self, address: SocketAddr) {
        self.with(address, |member| member.open = member.open.saturating_sub(1));
        self.forget_those_that_left();
    }

    /// Gives a server no new connections, or does again; returns whether there is such a server.
    pub fn drain(&mut self, address: SocketAddr, is_draining: bool, now: Moment) -> bool {
        self.with(address, |member| member.drain(is_draining, now)).is_some()
    }

    /// Says whether any server can take a connection.
    pub fn is_ready(&self, now: Moment) -> bool {
        self.members.iter().any(|member| member.takes_connections(now))
    }

    /// Returns each server with what is known of it.
    pub fn servers(&self, now: Moment) -> impl Iterator<Item = (Spec, State, u32)> {
        self.members.iter().map(move |member| (member.spec, member.state(now), member.open))
    }

    /// Returns the servers to check: all but those that left.
    pub fn to_check(&self) -> Vec<SocketAddr> {
        let here = self.members.iter().filter(|member| !member.is_leaving);
        here.map(|member| member.spec.address).collect()
    }

    fn with<T>(&mut self, address: SocketAddr, act: impl FnOnce(&mut Member) -> T) -> Option<T> {
        self.members.iter_mut().find(|member| member.spec.address == address).map(act)
    }

    fn forget_those_that_left(&mut self) {
        self.members.retain(|member| !member.is_leaving || 0 < member.open);
    }
}

#[cfg(test)]
mod tests;
