//! What the holder of one session may do.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use rialto_domain::{Action, DecidedBy, DeniedBy, Explanation, Reject, Rights, RuleStep, UnixMs};

use crate::{
    Identity, Policy, Proof,
    explanation::explain,
    held::{HeldRules, Verdict},
};

/// The core's [`Rights`] by the rules that were in force when it was made.
#[derive(Debug)]
pub(crate) struct Holder<R> {
    renewing: Weak<R>,
    identity: Arc<Identity>,
    /// For the names of rules, in refusals.
    policy: Arc<Policy>,
    /// Without, everything is allowed.
    rules: Option<Arc<HeldRules>>,
    replication: Replication,
    /// The refusal that was told last: whoever is refused once is mostly refused for the same reason
    /// again, and as often as it likes.
    told: Mutex<Option<Box<Told>>>,
}

/// What the rules in force make of an identity.
pub(crate) trait Renewing: fmt::Debug + Send + Sync + 'static {
    /// Returns the identity's rights as of now, or `None` if it may have no session any more.
    fn renewed(self: Arc<Self>, identity: &Identity, now: UnixMs) -> Option<Arc<dyn Rights>>;
}

/// A refusal in words.
#[derive(Debug)]
struct Told {
    verdict: Verdict,
    action: Action,
    text: Arc<str>,
}

/// What makes the holder a replicant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replication {
    /// Its name, which the settings list.
    pub(crate) by_name: bool,
    /// The address of a host of the cluster, if it has one.
    pub(crate) by_address: bool,
}

impl<R> Holder<R> {
    pub(crate) fn new(
        renewing: Weak<R>,
        identity: Arc<Identity>,
        policy: Arc<Policy>,
        replication: Replication,
    ) -> Self {
        // Whom the address alone makes a replicant could say anything in anybody's name.
        let is_free = matches!(identity.proof(), Proof::Address)
            || policy.is_empty() && identity.grants().is_none();
        let rules = (!is_free).then(|| policy.held_by(&identity)).filter(|rules| !rules.is_free());
        Holder { renewing, identity, policy, rules, replication, told: Mutex::default() }
    }

    /// Returns what is told of a refusal.
    fn text(&self, verdict: Verdict, action: Action) -> Arc<str> {
        let mut told = self.told.lock();
        if let Some(last) = &*told
            && (last.verdict, last.action) == (verdict, action)
        {
            return last.text.clone();
        }
        let explanation = explain(verdict, self.policy.rules(), action);
        let text: Arc<str> = explanation.text.into();
        *told = Some(Box::new(Told { verdict, action, text: text.clone() }));
        text
    }
}

impl<R: Renewing> Rights for Holder<R> {
    #[inline]
    fn decide(&self, action: Action, channel: &str) -> Result<(), Reject> {
        let Some(rules) = &self.rules else { return Ok(()) };
        let verdict = rules.judge(action, channel);
        if verdict.is_allowed() {
            return Ok(());
        }
        Err(Reject::Denied(self.text(verdict, action)))
    }

    fn denied_by(&self, action: Action, channel: &str) -> Option<DeniedBy> {
        let verdict = self.rules.as_ref()?.judge(action, channel);
        match verdict {
            _ if verdict.is_allowed() => None,
            Verdict::Rule(index, _) => {
                Some(DeniedBy::Rule(index + 1, self.policy.rules()[index].name.clone()))
            }
            Verdict::Token(_) => Some(DeniedBy::Token),
            Verdict::Unmatched(_) | Verdict::NoRules => Some(DeniedBy::NoRule),
        }
    }

    fn explain(&self, action: Action, channel: &str) -> Option<(Explanation, Vec<RuleStep>)> {
        if let Proof::Address = self.identity.proof() {
            let text = "allowed: the address is that of a host of the cluster".to_owned();
            let explanation = Explanation { is_allowed: true, by: DecidedBy::NoRules, text };
            return Some((explanation, Vec::new()));
        }
        Some(self.policy.explain_in_steps(&self.identity, action, channel))
    }

    fn shown_by(&self) -> Option<String> {
        Some(self.identity.shown_by())
    }

    fn account(&self) -> &str {
        self.identity.account()
    }

    fn may_replicate(&self, is_listed: bool) -> bool {
        self.replication.by_name || is_listed && self.replication.by_address
    }

    fn groups(&self) -> BTreeSet<String> {
        self.identity.groups().clone()
    }

    fn until(&self) -> Option<UnixMs> {
        self.identity.until()
    }

    fn renewed(&self, now: UnixMs) -> Option<Arc<dyn Rights>> {
        self.renewing.upgrade()?.renewed(&self.identity, now)
    }
}

#[cfg(test)]
mod tests;
