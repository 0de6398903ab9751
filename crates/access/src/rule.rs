//! One rule: whom it concerns, and what it decides.

use std::collections::BTreeSet;

use rialto_domain::Action;
use serde_json::Value;

use crate::{
    Identity, Pattern,
    actions::{self, Actions},
};

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

impl Rule {
    pub(crate) fn actions(&self) -> Actions {
        match self.actions.is_empty() {
            true => Actions::all(),
            false => self.actions.iter().copied().collect(),
        }
    }

    pub(crate) fn patterns(&self, client: &str) -> Vec<Pattern> {
        match self.channels.is_empty() {
            true => vec![Pattern::new("*", client)],
            false => self.channels.iter().map(|text| Pattern::new(text, client)).collect(),
        }
    }

    /// Says why it does not decide on a request; `None` if it does.
    pub(crate) fn misfit(
        &self,
        identity: &Identity,
        action: Action,
        channel: &str,
    ) -> Option<String> {
        if let Some(misfit) = self.who.misfit(identity) {
            return Some(misfit);
        }
        if !self.actions().contains(action) {
            let named: Vec<_> = self.actions.iter().map(|&action| actions::name(action)).collect();
            return Some(format!("it is about {} only", named.join(", ")));
        }
        let fits = self.patterns(identity.account()).iter().any(|pattern| pattern.fits(channel));
        (!fits).then(|| format!("its channels are {}", self.channels.join(", ")))
    }

    pub(crate) fn has_placeholder(&self) -> bool {
        self.channels.iter().any(|text| Pattern::has_placeholder(text))
    }
}

impl Who {
    /// Returns whether all that is given fits this identity.
    #[must_use]
    pub fn includes(&self, identity: &Identity) -> bool {
        self.is_client(identity) && self.is_group(identity) && self.is_claim(identity)
    }

    /// Says why it does not concern this identity; `None` if it does.
    fn misfit(&self, identity: &Identity) -> Option<String> {
        let Who { client, group, claim } = self;
        match (client, group, claim) {
            (Some(client), _, _) if !self.is_client(identity) => {
                Some(format!("it is for the clients {client}"))
            }
            (_, Some(group), _) if !self.is_group(identity) => {
                Some(format!("it is for the group {group}"))
            }
            (_, _, Some((name, value))) if !self.is_claim(identity) => {
                Some(format!("it is for those with the claim {name}={value}"))
            }
            _ => None,
        }
    }

    fn is_client(&self, identity: &Identity) -> bool {
        let account = identity.account();
        self.client.as_ref().is_none_or(|text| Pattern::new(text, account).fits(account))
    }

    fn is_group(&self, identity: &Identity) -> bool {
        self.group.as_ref().is_none_or(|group| identity.groups().contains(group))
    }

    fn is_claim(&self, identity: &Identity) -> bool {
        self.claim.as_ref().is_none_or(|(name, value)| {
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
