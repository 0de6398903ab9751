//! What must hold on for a session to go on.

use super::*;

#[test]
fn a_session_goes_on_as_long_as_its_preset_token_is_there() {
    let access = access(settings(Mode::Tokens));
    let pump = access.identify("pump", "secret", None, NOW).unwrap();
    assert!(stays(&access, &pump));
    let token = "another".into();
    let other = PresetToken { client: "pump".into(), token, groups: groups(&[]) };
    access.replace(Settings { presets: vec![other], ..settings(Mode::Tokens) }).unwrap();
    assert!(!stays(&access, &pump));
}

#[test]
fn a_session_of_a_password_ends_with_the_password_and_with_the_user() {
    let access = access(with_users(Mode::Tokens));
    let data = r#"{"client_name":"ada","password":"sesame"}"#;
    let (grant, shown) = access.authenticate(data, None, NOW).unwrap();
    let signed = access.identify("ada", &grant.token, None, NOW).unwrap();
    assert!(stays(&access, &shown) && stays(&access, &signed));
    let changed = Settings { users: users("another", NOW + 1), ..settings(Mode::Tokens) };
    access.replace(changed).unwrap();
    assert!(!stays(&access, &shown) && !stays(&access, &signed));
    access.replace(settings(Mode::Tokens)).unwrap();
    assert!(!stays(&access, &shown) && !stays(&access, &signed));
}

#[test]
fn a_session_of_a_signed_token_outlives_its_expiry_and_not_its_revocation() {
    let access = access(settings(Mode::Open));
    let token = grant(&access, r#"{"client_name":"bob"}"#).token;
    let bob = access.identify("bob", &token, None, NOW).unwrap();
    assert!(stays_until(&access, &bob, NOW + 3_600_000));
    access.replace(settings(Mode::Tokens)).unwrap();
    assert!(stays(&access, &bob), "tokens that were given stay valid");
    access.revoke_tokens("bob", NOW + 3_600_000).unwrap();
    assert!(!stays(&access, &bob));
}

#[test]
fn a_session_of_a_jwt_ends_with_its_expiry_its_issuer_and_its_revocation() {
    let access = access(with_issuer(Mode::Tokens));
    let bob = access.identify("bob", &jwt("bob", 60), None, NOW).unwrap();
    assert!(stays(&access, &bob));
    assert_eq!(access.admission(bob.clone()).rights.unwrap().until(), Some(NOW + 60_000));
    assert!(stays_until(&access, &bob, NOW + 59_999));
    assert!(!stays_until(&access, &bob, NOW + 60_000));
    access.replace(settings(Mode::Tokens)).unwrap();
    assert!(!stays(&access, &bob));
    access.replace(with_issuer(Mode::Tokens)).unwrap();
    assert!(stays(&access, &bob));
    access.revoke_tokens("bob", NOW).unwrap();
    assert!(!stays(&access, &bob));
}

#[test]
fn a_session_of_a_certificate_ends_when_they_are_not_accepted_any_more() {
    let access = access(with_certificates(Mode::Tokens));
    let shown = certificate("bob", NOW + 60_000);
    let bob = access.identify("bob", "", Some(&shown), NOW).unwrap();
    let (grant, _) = access.authenticate("{}", Some(&shown), NOW).unwrap();
    let signed = access.identify("bob", &grant.token, Some(&shown), NOW).unwrap();
    assert!(stays(&access, &bob) && stays(&access, &signed));
    access.replace(settings(Mode::Tokens)).unwrap();
    assert!(!stays(&access, &bob) && !stays(&access, &signed));
}

#[test]
fn a_session_ends_with_the_certificate_that_it_depends_on() {
    let access = access(with_certificates(Mode::Tokens));
    let shown = Arc::new(TestCertificate::new("bob", NOW + 60_000));
    let as_shown: Arc<dyn Certificate> = shown.clone();
    let by_itself = access.identify("bob", "", Some(&as_shown), NOW).unwrap();
    let (grant, given) = access.authenticate("{}", Some(&as_shown), NOW).unwrap();
    let by_token = access.identify("bob", &grant.token, Some(&as_shown), NOW).unwrap();
    for bob in [&by_itself, &given, &by_token] {
        assert_eq!(access.admission(Arc::clone(bob)).rights.unwrap().until(), Some(NOW + 60_000));
        assert!(stays_until(&access, bob, NOW + 59_999));
        assert!(!stays_until(&access, bob, NOW + 60_000));
    }
    // Its authority is trusted no more.
    shown.until.store(0, Ordering::Relaxed);
    assert!(!stays(&access, &by_itself) && !stays(&access, &given) && !stays(&access, &by_token));
}

#[test]
fn whom_the_application_let_in_stays_until_banned() {
    let access = access(settings(Mode::Tokens));
    let bob = Arc::new(Identity::of_application("bob", groups(&["guests"])));
    assert!(stays(&access, &bob));
    let ban = Ban { client: "bob".into(), until: None, reason: String::new() };
    access.ban(ban, NOW).unwrap();
    assert!(!stays(&access, &bob));
    assert!(access.unban("bob", NOW).unwrap());
    assert!(stays(&access, &bob));
}

#[test]
fn renewed_rights_go_by_the_groups_that_the_user_has_by_now() {
    let rule = crate::Rule {
        name: None,
        who: crate::Who { group: Some("admins".into()), ..crate::Who::default() },
        effect: Effect::Allow,
        actions: BTreeSet::new(),
        channels: Vec::new(),
    };
    let with_groups = |names: &[&str]| {
        let directory = tempfile::tempdir().unwrap();
        let mut file = UsersFile::read_or_new(&directory.path().join("users.toml")).unwrap();
        file.add("ada", "sesame", groups(names), NOW - 1000).unwrap();
        let rules = vec![rule.clone()];
        Settings { users: file.users().clone(), rules, ..settings(Mode::Tokens) }
    };
    let access = access(with_groups(&["staff"]));
    let ada = access.identify_by_password("ada", "sesame", NOW).unwrap();
    let rights = access.admission(ada).rights.unwrap();
    assert!(rights.decide(Action::Publish, "a").is_err());
    access.replace(with_groups(&["staff", "admins"])).unwrap();
    assert_eq!(rights.renewed(NOW).unwrap().decide(Action::Publish, "a"), Ok(()));
}
