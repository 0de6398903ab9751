use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::{
    Access, Ban, Effect, Mode, PresetToken, Replicants, Revocations, Rule, Secret, Settings,
    SigningKey, Users, Who,
};

const NOW: u64 = 1_800_000_000_000;

fn settings(rules: Vec<Rule>) -> Settings {
    Settings {
        mode: Mode::Open,
        token_lifetime: Duration::from_secs(60),
        presets: Vec::new(),
        client_id_bytes_max: 20,
        users: Users::default(),
        rules,
        unmatched: Effect::Deny,
        subscribe: Vec::new(),
        issuers: Vec::new(),
        accepts_certificates: true,
        replicants: Replicants::default(),
    }
}

fn access(settings: Settings) -> Arc<Access> {
    let key = SigningKey::from_bytes(&[7; 32]);
    Access::new(settings, key, Revocations::in_memory()).unwrap()
}

fn only_news() -> Rule {
    Rule {
        name: Some("news".to_owned()),
        who: Who::default(),
        effect: Effect::Allow,
        actions: BTreeSet::new(),
        channels: vec!["news".to_owned()],
    }
}

fn rights_of(access: &Arc<Access>, client: &str) -> Arc<dyn Rights> {
    access.admission(access.anybody(client, NOW).unwrap()).rights.unwrap()
}

#[test]
fn without_rules_nothing_is_looked_up() {
    let access = access(settings(Vec::new()));
    let policy = Arc::new(Policy::new(Vec::new(), Effect::Deny));
    let nobody = Replication { by_name: false, by_address: false };
    let ada = access.anybody("ada", NOW).unwrap();
    let holder = Holder::new(Arc::downgrade(&access), ada, policy, nobody);
    assert!(holder.rules.is_none());
    assert_eq!(holder.decide(Action::Publish, "any"), Ok(()));
    assert_eq!(holder.account(), "ada");
}

#[test]
fn a_denial_names_the_rule() {
    let rights = rights_of(&access(settings(vec![only_news()])), "ada");
    assert_eq!(rights.decide(Action::Publish, "news"), Ok(()));
    let denied = rights.decide(Action::Publish, "other").unwrap_err();
    assert_eq!(denied.to_string(), "not allowed: no rule allows publishing to this channel");
}

#[test]
fn renewed_rights_are_those_of_the_rules_in_force() {
    let access = access(settings(Vec::new()));
    let before = rights_of(&access, "ada");
    access.replace(settings(vec![only_news()])).unwrap();
    assert_eq!(before.decide(Action::Publish, "other"), Ok(()));
    let after = before.renewed(NOW).unwrap();
    assert!(after.decide(Action::Publish, "other").is_err());
    assert_eq!(after.decide(Action::Publish, "news"), Ok(()));
}

#[test]
fn nobody_stays_when_open_mode_ends_or_the_name_becomes_somebodys() {
    let access = access(settings(Vec::new()));
    let rights = rights_of(&access, "ada");
    assert!(rights.renewed(NOW).is_some());
    access.replace(Settings { mode: Mode::Tokens, ..settings(Vec::new()) }).unwrap();
    assert!(rights.renewed(NOW).is_none());
    let token = Secret::from("secret");
    let preset = PresetToken { client: "ada".to_owned(), token, groups: BTreeSet::new() };
    access.replace(Settings { presets: vec![preset], ..settings(Vec::new()) }).unwrap();
    assert!(rights.renewed(NOW).is_none());
}

#[test]
fn whoever_is_banned_does_not_stay_until_the_ban_is_over() {
    let access = access(settings(Vec::new()));
    let rights = rights_of(&access, "ada");
    let ban = Ban { client: "ada".to_owned(), until: Some(NOW + 10), reason: String::new() };
    access.ban(ban, NOW).unwrap();
    assert!(rights.renewed(NOW).is_none());
    assert!(rights.renewed(NOW + 10).is_some());
}

#[test]
fn rights_are_not_renewed_when_there_is_nobody_to_ask() {
    let access = access(settings(Vec::new()));
    let rights = rights_of(&access, "ada");
    drop(access);
    assert!(rights.renewed(NOW).is_none());
}
