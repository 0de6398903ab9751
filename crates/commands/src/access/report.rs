//! Decisions as text for people and as JSON for programs.

use std::collections::BTreeSet;

use rialto_access::{DecidedBy, Explanation};
use rialto_config::AccessAction;
use rialto_server::ForcedSubscription;
use serde_json::{Value, json};

/// What was found out about one client.
pub(super) struct Report<'a> {
    pub(super) client: &'a str,
    pub(super) groups: &'a BTreeSet<String>,
    pub(super) subscriptions: Vec<ForcedSubscription>,
    pub(super) decisions: Vec<Decision>,
}

/// What would be decided about one request.
pub(super) struct Decision {
    pub(super) action: AccessAction,
    pub(super) channel: String,
    pub(super) explanation: Explanation,
}

impl Report<'_> {
    pub(super) fn is_all_allowed(&self) -> bool {
        self.decisions.iter().all(|decision| decision.explanation.is_allowed)
    }

    /// One line for each decision, then one for each subscription.
    pub(super) fn to_lines(&self) -> impl Iterator<Item = String> {
        let decisions = self.decisions.iter().map(Decision::to_text);
        let subscriptions = self.subscriptions.iter().map(|subscription| {
            let kept = if subscription.persistent { ", persistent" } else { "" };
            format!("at connect  subscribed to {}{kept}", subscription.channel)
        });
        decisions.chain(subscriptions)
    }

    pub(super) fn to_json(&self) -> String {
        let subscriptions = self.subscriptions.iter().map(|subscription| {
            json!({ "channel": subscription.channel, "persistent": subscription.persistent })
        });
        let report = json!({
            "client": self.client,
            "groups": self.groups,
            "decisions": self.decisions.iter().map(Decision::to_json).collect::<Vec<_>>(),
            "subscriptions": subscriptions.collect::<Vec<_>>(),
        });
        report.to_string()
    }
}

impl Decision {
    fn to_text(&self) -> String {
        let Decision { action, channel, explanation } = self;
        let word = if explanation.is_allowed { "allowed" } else { "denied " };
        let action = action.as_str();
        format!("{word}  {action} {channel}  {}", reason(explanation))
    }

    fn to_json(&self) -> Value {
        let Decision { action, channel, explanation } = self;
        let (by, rule, name) = match &explanation.by {
            DecidedBy::Rule { number, name } => ("rule", Some(number), name.as_deref()),
            DecidedBy::Token => ("token", None, None),
            DecidedBy::Unmatched => ("unmatched", None, None),
            DecidedBy::NoRules => ("no-rules", None, None),
        };
        json!({
            "action": action.as_str(), "channel": channel, "allowed": explanation.is_allowed,
            "by": by, "rule": rule, "name": name, "text": explanation.text,
        })
    }
}

fn reason(explanation: &Explanation) -> String {
    match &explanation.by {
        DecidedBy::Rule { number, name: Some(name) } => format!("by rule {number} \"{name}\""),
        DecidedBy::Rule { number, name: None } => format!("by rule {number}"),
        DecidedBy::Token => "by the rights in its token".to_owned(),
        DecidedBy::Unmatched => "by access.unmatched, as no rule fits".to_owned(),
        DecidedBy::NoRules => "as there are no rules".to_owned(),
    }
}
