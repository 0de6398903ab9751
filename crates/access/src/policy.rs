//! Rules: who may do what on which channels.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use parking_lot::Mutex;
use rialto_domain::Action;
use serde_json::Value;

use crate::{
    Explanation, Identity, Pattern,
    actions::Actions,
    held::{Draft, HeldRules},
};

/// How many sets of compiled rules are kept for the next identity that the same rules concern.
const SHARED_COUNT_MAX: usize = 256;

/// What a rule does with a request that fits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request is allowed.
    Allow,
    /// The request is refused.
    Deny,
}

/// One rule. What it leaves empty, it does not ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it is called in refusals.
    pub name: Option<String>,
    /// Whom it concerns.
    pub who: Who,
    /// What it decides.
    pub effect: Effect,
    /// On which actions; empty, on all.
    pub actions: BTreeSet<Action>,
    /// On which channels, as patterns, marks included; empty, on all.
    pub channels: Vec<String>,
}

/// Whom a rule concerns: those whom all that is given fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// A pattern of client ids.
    pub client: Option<String>,
    /// A group.
    pub group: Option<String>,
    /// A claim of the JWT and its value: that text, that number in digits, `true` or `false`, or a
    /// list that has it.
    pub claim: Option<(String, String)>,
}

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

impl Rule {
    fn actions(&self) -> Actions {
        match self.actions.is_empty() {
            true => Actions::all(),
            false => self.actions.iter().copied().collect(),
        }
    }

    fn patterns(&self, client: &str) -> Vec<Pattern> {
        match self.channels.is_empty() {
            true => vec![Pattern::new("*", client)],
            false => self.channels.iter().map(|text| Pattern::new(text, client)).collect(),
        }
    }

    fn has_placeholder(&self) -> bool {
        self.channels.iter().any(|text| Pattern::has_placeholder(text))
    }
}

impl Who {
    /// Returns whether all that is given fits this identity.
    #[must_use]
    pub fn includes(&self, identity: &Identity) -> bool {
        let account = identity.account();
        self.client.as_ref().is_none_or(|text| Pattern::new(text, account).fits(account))
            && self.group.as_ref().is_none_or(|group| identity.groups().contains(group))
            && self.claim.as_ref().is_none_or(|(name, value)| {
                identity.claims().get(name).is_some_and(|claim| has_value(claim, value))
            })
    }
}

fn has_value(claim: &Value, value: &str) -> bool {
    match claim {
        Value::String(text) => text == value,
        Value::Array(list) => list.iter().any(|one| !one.is_array() && has_value(one, value)),
        Value::Number(number) => number.to_string() == value,
        Value::Bool(flag) => value == if *flag { "true" } else { "false" },
        Value::Null | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests;
