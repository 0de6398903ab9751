//! Who comes in, and with which rights.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use rialto_domain::{Action, Admission, Rights, UnixMs};
use serde_json::{Map, Value};

use crate::{
    AccessError, Changes, Explanation, Identity, Proof, Revocations, RuleStep, Settings,
    SigningKey,
    changes::Before,
    holder::{Holder, Renewing, Replication},
    jwt::Verifier,
    state::State,
};

mod authenticate;
mod identify;
mod operate;
mod sign_in;

/// Rialto's own answer to who a client is and what it may do.
///
/// All settings can be replaced while sessions are open. A signed token carries the client id, when
/// it was issued, when it expires and what it was given for; it is valid on every server that has
/// the same key.
///
/// # Spec
/// J-27 to J-29, J-35 and J-36.
pub struct Access {
    state: ArcSwap<State>,
    key: SigningKey,
    revocations: Revocations,
}

impl Access {
    /// Makes the gate. The key signs tokens; it must be kept, or all tokens end with the process.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(
        settings: Settings,
        key: SigningKey,
        revocations: Revocations,
    ) -> Result<Arc<Self>, AccessError> {
        let state = ArcSwap::from_pointee(State::new(settings, None)?);
        Ok(Arc::new(Access { state, key, revocations }))
    }

    /// Puts other settings in the place of the present ones, all of them or none. Open sessions go
    /// on with the rights they have until these are [renewed](rialto_domain::Rights::renewed). Keys
    /// that were fetched stay, if their address does. Returns what is different in the files that the
    /// settings name.
    ///
    /// # Errors
    /// What is wrong with the new settings; the present ones stay.
    pub fn replace(&self, settings: Settings) -> Result<Changes, AccessError> {
        let present = self.state();
        let issuers = present.issuers().iter().map(Verifier::settings).collect();
        let changes = Changes::between(&Before { users: &present.users, issuers }, &settings);
        let state = State::new(settings, Some(&present))?;
        self.state.store(Arc::new(state));
        Ok(changes)
    }

    /// Says what a session of that identity begins with.
    #[must_use]
    pub fn admission(self: &Arc<Self>, identity: Arc<Identity>) -> Admission {
        let subscriptions = self.state().subscriptions(&identity);
        Admission { rights: Some(self.rights(identity)), subscriptions, ..Admission::default() }
    }

    /// Says what opens the session of a replicant that shows nothing but the address of a host of the
    /// cluster, if that is enough. `id` is the name its session goes by.
    #[must_use]
    pub fn replicant_by_address(self: &Arc<Self>, id: &str) -> Option<Admission> {
        let may = self.state().lets_hosts_replicate();
        may.then(|| self.admission(Arc::new(Identity::new(id, Proof::Address))))
    }

    /// Says what would be decided, and by what.
    #[must_use]
    pub fn explain(&self, identity: &Identity, action: Action, channel: &str) -> Explanation {
        self.state().policy.explain(identity, action, channel)
    }

    /// Says what would be decided, and by what, with each rule on the way to it.
    #[must_use]
    pub fn explain_in_steps(
        &self,
        identity: &Identity,
        action: Action,
        channel: &str,
    ) -> (Explanation, Vec<RuleStep>) {
        self.state().policy.explain_in_steps(identity, action, channel)
    }

    /// Returns the identity that a client of that name would have, for trying rules out: with these
    /// groups, those of its user and those of its preset tokens, and with these claims of a JWT.
    /// What a JWT limits its holder to is not among them.
    #[must_use]
    pub fn identity_for_test(
        &self,
        client: &str,
        groups: &[String],
        claims: Map<String, Value>,
    ) -> Identity {
        let mut all = self.state().all_groups_of(client);
        all.extend(groups.iter().cloned());
        Identity::of_application(client, all).with_claims(claims, None)
    }

    fn rights(self: &Arc<Self>, identity: Arc<Identity>) -> Arc<dyn Rights> {
        let state = self.state();
        let replication = Replication {
            by_name: state.names_replicant(&identity),
            by_address: state.lets_hosts_replicate(),
        };
        let policy = Arc::clone(&state.policy);
        Arc::new(Holder::new(Arc::downgrade(self), identity, policy, replication))
    }

    fn state(&self) -> arc_swap::Guard<Arc<State>> {
        self.state.load()
    }
}

impl Renewing for Access {
    fn renewed(self: Arc<Self>, identity: &Identity, now: UnixMs) -> Option<Arc<dyn Rights>> {
        let may_stay = self.refusal_of(identity, now).is_none();
        let identity = self.state().renewed(identity, now).filter(|_| may_stay)?;
        Some(self.rights(Arc::new(identity)))
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
