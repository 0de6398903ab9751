//! A decision in words.

use rialto_domain::{Action, DecidedBy, Explanation};

use crate::{Rule, actions, held::Verdict};

/// Says what a verdict on this action rests on.
pub(crate) fn explain(verdict: Verdict, rules: &[Rule], action: Action) -> Explanation {
    let is_allowed = verdict.is_allowed();
    let by = match verdict {
        Verdict::Rule(index, _) => {
            DecidedBy::Rule { number: index + 1, name: rules[index].name.clone() }
        }
        Verdict::Token(_) => DecidedBy::Token,
        Verdict::Unmatched(_) => DecidedBy::Unmatched,
        Verdict::NoRules => DecidedBy::NoRules,
    };
    let text = sentence(is_allowed, &by, actions::phrase(action));
    Explanation { is_allowed, by, text }
}

fn sentence(is_allowed: bool, by: &DecidedBy, phrase: &str) -> String {
    let decision = if is_allowed { "allowed" } else { "not allowed" };
    let reason = match (by, is_allowed) {
        (DecidedBy::Rule { number, name }, _) => {
            let name = name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
            let verb = if is_allowed { "allows" } else { "denies" };
            format!("rule {number}{name} {verb} {phrase}")
        }
        (DecidedBy::Token, true) => format!("the token's rights include {phrase}"),
        (DecidedBy::Token, false) => format!("the token's rights do not include {phrase}"),
        (DecidedBy::Unmatched, true) => format!("no rule denies {phrase}"),
        (DecidedBy::Unmatched, false) => format!("no rule allows {phrase}"),
        (DecidedBy::NoRules, _) => "there are no rules".to_owned(),
    };
    format!("{decision}: {reason}")
}
