//! All rules: who may do what on which channels.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use rialto_domain::Action;

use crate::{
    Effect, Explanation, Identity, Rule,
    held::{Draft, HeldRules},
};

/// How many sets of compiled rules are kept for the next identity that the same rules concern.
const SHARED_COUNT_MAX: usize = 256;

/// All rules. The first one that fits decides.
#[derive(Debug)]
pub struct Policy {
    rules: Vec<Rule>,
    unmatched: Effect,
    /// Compiled rules that are the same for all whom the same rules concern, by these rules' indices.
    shared: Mutex<HashMap<Vec<usize>, Arc<HeldRules>>>,
}

impl Policy {
    /// Makes a policy. `unmatched` is what happens where no rule fits; without any rules,
    /// everything is allowed.
    #[must_use]
    pub fn new(rules: Vec<Rule>, unmatched: Effect) -> Self {
        Policy { rules, unmatched, shared: Mutex::default() }
    }

    /// Returns whether there are no rules, so that everybody may do everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the rules in their order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Says what is decided, and why.
    #[must_use]
    pub fn explain(&self, identity: &Identity, action: Action, channel: &str) -> Explanation {
        let verdict = self.held_by(identity).judge(action, channel);
        Explanation::new(verdict, &self.rules, action)
    }

    /// Compiles what concerns this identity.
    pub(crate) fn held_by(&self, identity: &Identity) -> Arc<HeldRules> {
        let concerning = self.concerning(identity);
        let is_shared = identity.grants().is_none()
            && !concerning.iter().any(|&index| self.rules[index].has_placeholder());
        if !is_shared {
            return Arc::new(self.compile(&concerning, identity));
        }
        let mut shared = self.shared.lock();
        if let Some(held) = shared.get(&concerning) {
            return Arc::clone(held);
        }
        let held = Arc::new(self.compile(&concerning, identity));
        if shared.len() < SHARED_COUNT_MAX {
            shared.insert(concerning, Arc::clone(&held));
        }
        held
    }

    fn concerning(&self, identity: &Identity) -> Vec<usize> {
        let rules = self.rules.iter().enumerate();
        rules.filter(|(_, rule)| rule.who.includes(identity)).map(|(index, _)| index).collect()
    }

    fn compile(&self, concerning: &[usize], identity: &Identity) -> HeldRules {
        let mut draft = Draft::default();
        for &index in concerning {
            let rule = &self.rules[index];
            draft.add(index, rule.effect, rule.actions(), rule.patterns(identity.account()));
        }
        let unmatched = (!self.is_empty()).then_some(self.unmatched);
        draft.finish(unmatched, identity)
    }
}

#[cfg(test)]
mod tests;
