use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::*;
use crate::{DecidedBy, Grants, Proof, Who};

fn rule(effect: Effect, actions: &[Action], channels: &[&str]) -> Rule {
    Rule {
        name: None,
        who: Who::default(),
        effect,
        actions: actions.iter().copied().collect(),
        channels: channels.iter().map(|&channel| channel.to_owned()).collect(),
    }
}

fn allow(actions: &[Action], channels: &[&str]) -> Rule {
    rule(Effect::Allow, actions, channels)
}

fn deny(actions: &[Action], channels: &[&str]) -> Rule {
    rule(Effect::Deny, actions, channels)
}

fn named(name: &str, rule: Rule) -> Rule {
    Rule { name: Some(name.to_owned()), ..rule }
}

fn of_client(client: &str, rule: Rule) -> Rule {
    Rule { who: Who { client: Some(client.to_owned()), ..Who::default() }, ..rule }
}

fn of_group(group: &str, rule: Rule) -> Rule {
    Rule { who: Who { group: Some(group.to_owned()), ..Who::default() }, ..rule }
}

fn of_claim(name: &str, value: &str, rule: Rule) -> Rule {
    let claim = Some((name.to_owned(), value.to_owned()));
    Rule { who: Who { claim, ..Who::default() }, ..rule }
}

fn identity(account: &str, groups: &[&str]) -> Identity {
    let groups = groups.iter().map(|&group| group.to_owned()).collect();
    Identity::of_application(account, groups)
}

fn with_claims(account: &str, claims: &Value, rights: Option<&Value>) -> Identity {
    let claims: Map<_, _> = claims.as_object().unwrap().clone();
    let grants = rights.map(|rights| Grants::from_claim(rights).unwrap());
    Identity::new(account, Proof::Anybody).with_claims(claims, grants)
}

/// Compares what is said about publishing to each channel, one line for each.
fn check(policy: &Policy, identity: &Identity, expected: &[(&str, &str)]) {
    let mut said = String::new();
    let mut wanted = String::new();
    for (channel, text) in expected {
        let explanation = policy.explain(identity, Action::Publish, channel);
        assert_eq!(explanation.is_allowed, explanation.text.starts_with("allowed"));
        writeln!(said, "{channel}: {}", explanation.text).unwrap();
        writeln!(wanted, "{channel}: {text}").unwrap();
    }
    assert_eq!(said, wanted);
}

#[test]
fn without_rules_everything_is_allowed_whatever_happens_to_the_rest() {
    let policy = Policy::new(Vec::new(), Effect::Deny);
    let explanation = policy.explain(&identity("ada", &[]), Action::Publish, "a");
    assert_eq!(explanation.by, DecidedBy::NoRules);
    assert_eq!(explanation.text, "allowed: there are no rules");
}

#[test]
fn the_first_rule_that_fits_decides() {
    let publish = [Action::Publish];
    let rules = vec![
        deny(&publish, &["a/secret"]),
        named("all of a", allow(&publish, &["a/*"])),
        named("never reached", deny(&publish, &["a/x"])),
        deny(&publish, &["b"]),
    ];
    check(
        &Policy::new(rules, Effect::Allow),
        &identity("ada", &[]),
        &[
            ("a/secret", "not allowed: rule 1 denies publishing to this channel"),
            ("a/x", "allowed: rule 2 \"all of a\" allows publishing to this channel"),
            ("b", "not allowed: rule 4 denies publishing to this channel"),
            ("c", "allowed: no rule denies publishing to this channel"),
        ],
    );
}

#[test]
fn a_rule_speaks_of_its_actions_only_and_without_any_of_all() {
    let rules = vec![
        named("sensors read only", deny(&[Action::Publish], &["sensors/*"])),
        allow(&[], &["sensors/*"]),
    ];
    let policy = Policy::new(rules, Effect::Deny);
    let said = |action, channel| policy.explain(&identity("ada", &[]), action, channel).text;
    assert_eq!(
        said(Action::Publish, "sensors/1"),
        "not allowed: rule 1 \"sensors read only\" denies publishing to this channel"
    );
    assert_eq!(
        said(Action::Subscribe, "sensors/1"),
        "allowed: rule 2 allows subscribing to this channel"
    );
    assert_eq!(
        said(Action::Subscribe, "x"),
        "not allowed: no rule allows subscribing to this channel"
    );
    assert_eq!(
        said(Action::Control, "$x"),
        "not allowed: no rule allows asking this control channel"
    );
    assert_eq!(said(Action::Direct, "#x"), "not allowed: no rule allows sending to this client");
    assert_eq!(
        said(Action::History, "x"),
        "not allowed: no rule allows reading the history of this channel"
    );
}

#[test]
fn a_rule_for_all_channels_settles_its_actions_and_leaves_the_others() {
    let rules = vec![
        allow(&[Action::Publish], &["*"]),
        deny(&[Action::Publish, Action::Subscribe], &[]),
        allow(&[], &["x"]),
    ];
    let policy = Policy::new(rules, Effect::Allow);
    let by = |action| policy.explain(&identity("ada", &[]), action, "x").by;
    let number = |number| DecidedBy::Rule { number, name: None };
    assert_eq!(by(Action::Publish), number(1));
    assert_eq!(by(Action::Subscribe), number(2));
    assert_eq!(by(Action::History), number(3));
}

#[test]
fn a_rule_concerns_the_clients_groups_and_claims_it_names_and_all_of_them_at_once() {
    let rules = vec![
        of_client("pump-*", allow(&[], &["pumps"])),
        of_group("staff", allow(&[], &["staff"])),
        of_claim("tenant", "7", allow(&[], &["seven"])),
        Rule {
            who: Who {
                client: Some("ada".to_owned()),
                group: Some("staff".to_owned()),
                claim: None,
            },
            ..allow(&[], &["both"])
        },
    ];
    let policy = Policy::new(rules, Effect::Deny);
    let may = |identity: &Identity| {
        let channels = ["pumps", "staff", "seven", "both"];
        let may = |channel: &&str| policy.explain(identity, Action::Publish, channel).is_allowed;
        channels.into_iter().filter(may).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(may(&identity("pump-1", &[])), "pumps");
    assert_eq!(may(&identity("ada", &["staff"])), "staff both");
    assert_eq!(may(&identity("ada", &["admins"])), "");
    assert_eq!(may(&identity("bob", &["staff"])), "staff");
    assert_eq!(may(&with_claims("bob", &json!({"tenant": 7}), None)), "seven");
    assert_eq!(may(&with_claims("bob", &json!({"tenant": ["6", "7"]}), None)), "seven");
    assert_eq!(may(&with_claims("bob", &json!({"tenant": {"7": 7}}), None)), "");
}

#[test]
fn odd_client_ids_open_no_more_than_their_own_channels() {
    let policy = Policy::new(vec![allow(&[], &["to/{client}/*"])], Effect::Deny);
    for odd in ["*", "{client}", "a/b", "?", "**"] {
        let may = |channel: &str| {
            policy.explain(&identity(odd, &[]), Action::Publish, channel).is_allowed
        };
        assert!(may(&format!("to/{odd}/x")), "{odd}");
        assert!(!may("to/ada/x") && !may("to/"), "{odd}");
    }
}

#[test]
fn a_tokens_rights_limit_it_rules_may_deny_more_and_where_none_fits_they_allow() {
    let rules =
        vec![named("closed", deny(&[], &["*/closed"])), allow(&[], &["public", "{client}/open"])];
    let policy = Policy::new(rules, Effect::Deny);
    let rights = json!({ "publish": ["{client}/*"], "unknown": 7 });
    let ada = with_claims("ada", &json!({}), Some(&rights));
    check(
        &policy,
        &ada,
        &[
            ("ada/x", "allowed: the token's rights include publishing to this channel"),
            ("ada/open", "allowed: rule 2 allows publishing to this channel"),
            ("ada/closed", "not allowed: rule 1 \"closed\" denies publishing to this channel"),
            ("public", "not allowed: the token's rights do not include publishing to this channel"),
            ("bob/x", "not allowed: the token's rights do not include publishing to this channel"),
        ],
    );
    assert!(!policy.explain(&ada, Action::Subscribe, "ada/x").is_allowed, "it is not listed");
}

#[test]
fn a_tokens_rights_limit_it_where_there_are_no_rules() {
    let policy = Policy::new(Vec::new(), Effect::Allow);
    let ada = with_claims("ada", &json!({}), Some(&json!({ "publish": ["a"] })));
    check(
        &policy,
        &ada,
        &[
            ("a", "allowed: the token's rights include publishing to this channel"),
            ("b", "not allowed: the token's rights do not include publishing to this channel"),
        ],
    );
}

#[test]
fn rights_of_another_form_are_no_rights() {
    for claim in [json!(7), json!([]), json!({"publish": "a"}), json!({"publish": [7]})] {
        assert_eq!(Grants::from_claim(&claim), None, "{claim}");
    }
}

#[test]
fn those_whom_the_same_rules_concern_share_them_unless_the_client_is_named_in_one() {
    let rules = vec![
        allow(&[], &["a"]),
        of_group("staff", allow(&[], &["b"])),
        of_group("own", allow(&[], &["{client}"])),
    ];
    let policy = Policy::new(rules, Effect::Deny);
    let held = |account, groups: &[&str]| policy.held_by(&identity(account, groups));
    assert!(Arc::ptr_eq(&held("ada", &[]), &held("bob", &["guests"])));
    assert!(!Arc::ptr_eq(&held("ada", &[]), &held("ada", &["staff"])));
    assert!(!Arc::ptr_eq(&held("ada", &["own"]), &held("bob", &["own"])));
}

#[test]
fn each_rule_before_the_one_that_decides_says_why_it_does_not_fit() {
    let rules = vec![
        of_client("pump-*", deny(&[], &["a"])),
        of_group("staff", allow(&[], &["a"])),
        of_claim("tenant", "acme", allow(&[], &["a"])),
        deny(&[Action::Subscribe, Action::History], &["a"]),
        deny(&[], &["b", "{client}/*"]),
        named("the rest", allow(&[], &[])),
        named("never reached", deny(&[], &[])),
    ];
    let policy = Policy::new(rules, Effect::Deny);
    let (explanation, steps) = policy.explain_in_steps(&identity("ada", &[]), Action::Publish, "a");
    assert_eq!(explanation, policy.explain(&identity("ada", &[]), Action::Publish, "a"));
    let said: Vec<_> = steps.iter().map(|step| (step.number, step.fits, &*step.why)).collect();
    let expected = [
        (1, false, "it is for the clients pump-*"),
        (2, false, "it is for the group staff"),
        (3, false, "it is for those with the claim tenant=acme"),
        (4, false, "it is about subscribe, history only"),
        (5, false, "its channels are b, {client}/*"),
        (6, true, "it allows this"),
    ];
    assert_eq!(said, expected);
    assert_eq!(steps[5].name.as_deref(), Some("the rest"));
    let staff = identity("pump-7", &["staff"]);
    let (_, steps) = policy.explain_in_steps(&staff, Action::Publish, "a");
    assert_eq!((steps.len(), &*steps[0].why), (1, "it denies this"));
}

#[test]
fn no_rule_is_asked_where_a_token_does_not_include_it() {
    let policy = Policy::new(vec![allow(&[], &[])], Effect::Deny);
    let claims = json!({});
    let rights = json!({"publish": ["b"]});
    let limited = with_claims("ada", &claims, Some(&rights));
    let (explanation, steps) = policy.explain_in_steps(&limited, Action::Publish, "a");
    assert_eq!((explanation.by, explanation.is_allowed), (DecidedBy::Token, false));
    assert_eq!(steps, []);
    let (explanation, steps) = policy.explain_in_steps(&limited, Action::Publish, "b");
    assert_eq!((explanation.is_allowed, steps.len()), (true, 1));
}
