//! All rules: who may do what on which channels.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use rialto_domain::{Action, DecidedBy, Explanation, RuleStep};

use crate::{
    Effect, Identity, Rule,
    explanation::explain,
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
        explain(verdict, &self.rules, action)
    }

    /// Returns the rules up to the first that fits, each with what it does or why it does not fit.
    fn steps(&self, identity: &Identity, action: Action, channel: &str) -> Vec<RuleStep> {
        let mut steps = Vec::new();
        for (number, rule) in (1..).zip(&self.rules) {
            let misfit = rule.misfit(identity, action, channel);
            let fits = misfit.is_none();
            let does =
                if rule.effect == Effect::Allow { "it allows this" } else { "it denies this" };
            let why = misfit.unwrap_or_else(|| does.to_owned());
            steps.push(RuleStep { number, name: rule.name.clone(), fits, why });
            if fits {
                break;
            }
        }
        steps
    }

    /// Says what is decided, and why, with each rule on the way to it. Where a token has rights of its own these are
    /// asked first, and no rule is where they do not include it.
    #[must_use]
    pub fn explain_in_steps(
        &self,
        identity: &Identity,
        action: Action,
        channel: &str,
    ) -> (Explanation, Vec<RuleStep>) {
        let explanation = self.explain(identity, action, channel);
        let is_denied_first = explanation.by == DecidedBy::Token && !explanation.is_allowed;
        let steps = match is_denied_first {
            true => Vec::new(),
            false => self.steps(identity, action, channel),
        };
        (explanation, steps)
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
