//! The rules that concern one identity, compiled to be asked at every publish.

use rialto_domain::Action;

use crate::{
    Effect, Identity, Pattern,
    actions::{self, ACTION_COUNT, Actions},
};

/// What decided, in the least a refusal needs to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The rule with that index.
    Rule(usize, Effect),
    /// The rights in the token.
    Token(Effect),
    /// No rule fits.
    Unmatched(Effect),
    /// There are no rules at all.
    NoRules,
}

/// Rules compiled for one identity, or for all whom the same rules concern.
#[derive(Debug)]
pub(crate) struct HeldRules {
    /// In the order of the rules.
    checks: Box<[Check]>,
    /// Actions that any check speaks of.
    checked: Actions,
    /// What is decided where no check fits.
    otherwise: [Verdict; ACTION_COUNT],
    /// What the token limits its holder to.
    grants: Option<Box<[Vec<Pattern>; ACTION_COUNT]>>,
}

/// One pattern of one rule.
#[derive(Debug)]
struct Check {
    pattern: Pattern,
    actions: Actions,
    verdict: Verdict,
}

/// Rules on their way into [`HeldRules`].
#[derive(Debug, Default)]
pub(crate) struct Draft {
    checks: Vec<Check>,
    /// What a rule for all channels decides; nothing behind it is ever asked.
    settled: [Option<Verdict>; ACTION_COUNT],
}

impl HeldRules {
    /// Returns whether nothing is ever denied.
    pub(crate) fn is_free(&self) -> bool {
        self.grants.is_none()
            && self.checks.is_empty()
            && self.otherwise.iter().all(|verdict| verdict.is_allowed())
    }

    /// Decides, without allocating.
    pub(crate) fn judge(&self, action: Action, channel: &str) -> Verdict {
        let Some(grants) = &self.grants else { return self.judge_by_rules(action, channel) };
        let granted = &grants[actions::index(action)];
        if !granted.iter().any(|pattern| pattern.fits(channel)) {
            return Verdict::Token(Effect::Deny);
        }
        match self.judge_by_rules(action, channel) {
            by_rule @ Verdict::Rule(..) => by_rule,
            Verdict::Token(_) | Verdict::Unmatched(_) | Verdict::NoRules => {
                Verdict::Token(Effect::Allow)
            }
        }
    }

    fn judge_by_rules(&self, action: Action, channel: &str) -> Verdict {
        if self.checked.contains(action) {
            let mut checks = self.checks.iter();
            let fits =
                |check: &&Check| check.actions.contains(action) && check.pattern.fits(channel);
            if let Some(check) = checks.find(fits) {
                return check.verdict;
            }
        }
        self.otherwise[actions::index(action)]
    }
}

impl Verdict {
    pub(crate) fn is_allowed(self) -> bool {
        match self {
            Verdict::Rule(_, effect) | Verdict::Token(effect) | Verdict::Unmatched(effect) => {
                effect == Effect::Allow
            }
            Verdict::NoRules => true,
        }
    }
}

impl Draft {
    /// Adds the next rule, as far as those before it leave anything to decide.
    pub(crate) fn add(&mut self, index: usize, effect: Effect, on: Actions, is: Vec<Pattern>) {
        let settled =
            actions::ALL.into_iter().filter(|&of| self.settled[actions::index(of)].is_some());
        let open = on.without(settled.collect());
        if open.is_empty() {
            return;
        }
        let verdict = Verdict::Rule(index, effect);
        if is.iter().any(Pattern::fits_all) {
            open.iter().for_each(|action| self.settled[actions::index(action)] = Some(verdict));
            return;
        }
        self.checks.extend(is.into_iter().map(|pattern| Check { pattern, actions: open, verdict }));
    }

    /// Completes the rules. Without `unmatched` there are none.
    pub(crate) fn finish(self, unmatched: Option<Effect>, identity: &Identity) -> HeldRules {
        let unmatched = unmatched.map_or(Verdict::NoRules, Verdict::Unmatched);
        let checked = self.checks.iter().map(|check| check.actions);
        HeldRules {
            checked: checked.fold(Actions::default(), Actions::or),
            checks: self.checks.into(),
            otherwise: self.settled.map(|settled| settled.unwrap_or(unmatched)),
            grants: granted(identity),
        }
    }
}

fn granted(identity: &Identity) -> Option<Box<[Vec<Pattern>; ACTION_COUNT]>> {
    let grants = identity.grants()?;
    let compile = |text: &String| Pattern::new(text, identity.account());
    Some(Box::new(actions::ALL.map(|action| grants.patterns(action).iter().map(compile).collect())))
}
