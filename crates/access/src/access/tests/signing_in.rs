//! What a browser keeps of a sign-in, and when that holds no more.

use super::*;
use crate::{Shown, SignIn};

fn wanted() -> BTreeSet<String> {
    groups(&["pumps", "staff", "admins"])
}

fn until(sign_in: SignIn) -> SignIn {
    SignIn { until: NOW + 60_000, ..sign_in }
}

fn by_token(access: &Access) -> SignIn {
    let pump = access.identify("pump", "secret", None, NOW).unwrap();
    until(access.sign_in(&pump, &wanted(), NOW).unwrap())
}

#[test]
fn what_is_sealed_is_read_by_whoever_has_the_key_until_it_expires() {
    let access = access(settings(Mode::Tokens));
    let sign_in = by_token(&access);
    let sealed = access.seal(&sign_in).unwrap();
    assert!(!sealed.contains("secret"));
    assert_eq!(access.unseal(&sealed, NOW + 59_999), Some(sign_in.clone()));
    assert_eq!(access.unseal(&sealed, NOW + 60_000), None);
    let key = SigningKey::from_bytes(&[8; 32]);
    let other = Access::new(settings(Mode::Tokens), key, Revocations::in_memory()).unwrap();
    assert_eq!(other.unseal(&sealed, NOW), None);
    assert_ne!(access.word_against_forgery(&sign_in), other.word_against_forgery(&sign_in));
    let again = by_token(&access);
    assert_ne!(access.word_against_forgery(&sign_in), access.word_against_forgery(&again));
}

#[test]
fn a_token_is_no_sign_in_and_a_sign_in_no_token() {
    let access = access(settings(Mode::Tokens));
    let token = access.sign("pump", NOW).unwrap();
    assert_eq!(access.unseal(&token, NOW), None);
    let sealed = access.seal(&by_token(&access)).unwrap();
    assert_eq!(access.client_of(&sealed, NOW), None);
    assert!(access.identify("pump", &sealed, None, NOW).is_err());
}

#[test]
fn a_ban_and_another_token_of_the_settings_end_it() {
    let access = access(settings(Mode::Tokens));
    let sign_in = by_token(&access);
    assert_eq!(access.groups_of(&sign_in, NOW), Some(groups(&["pumps"])));
    let ban = Ban { client: "pump".into(), until: None, reason: String::new() };
    access.ban(ban, NOW).unwrap();
    assert_eq!(access.groups_of(&sign_in, NOW), None);
    access.unban("pump", NOW).unwrap();
    let mut changed = settings(Mode::Tokens);
    changed.presets[0].token = "another".into();
    access.replace(changed).unwrap();
    assert_eq!(access.groups_of(&sign_in, NOW), None);
}

#[test]
fn revoked_tokens_open_nothing_here_either() {
    let access = access(settings(Mode::Tokens));
    let token = access.sign("pump", NOW).unwrap();
    let pump = access.identify("pump", &token, None, NOW).unwrap();
    let sign_in = until(access.sign_in(&pump, &wanted(), NOW).unwrap());
    assert!(access.groups_of(&sign_in, NOW).is_some());
    access.revoke_tokens("pump", NOW).unwrap();
    assert_eq!(access.groups_of(&sign_in, NOW), None);
}

#[test]
fn whoever_has_shown_nothing_cannot_sign_in_and_groups_of_an_application_stay() {
    let access = access(settings(Mode::Open));
    let anybody = access.anybody("eve", NOW).unwrap();
    assert_eq!(access.sign_in(&anybody, &wanted(), NOW), None);
    let (_, open) = access.authenticate(r#"{"client_name":"eve"}"#, None, NOW).unwrap();
    assert_eq!(access.sign_in(&open, &wanted(), NOW), None);
    let pump = access.identify("pump", "secret", None, NOW).unwrap();
    let pump = pump.in_groups(vec!["staff".to_owned(), "unwanted".to_owned()]);
    let sign_in = access.sign_in(&pump, &wanted(), NOW).unwrap();
    assert_eq!(sign_in.groups, groups(&["staff"]));
    assert_eq!(access.groups_of(&sign_in, NOW), Some(groups(&["pumps", "staff"])));
    let guest = Identity::of_application("guest", groups(&["admins"]));
    let sign_in = access.sign_in(&guest, &wanted(), NOW).unwrap();
    assert_eq!(sign_in.shown, Shown::Application);
    assert_eq!(access.groups_of(&sign_in, NOW), Some(groups(&["admins"])));
}
