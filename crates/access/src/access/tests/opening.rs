//! What opens a session.

use super::*;

#[test]
fn a_token_opens_the_session_of_its_client_only_until_it_expires() {
    // J-27, J-35
    let access = access(settings(Mode::Open));
    let grant = grant(&access, r#"{"client_name":"bob"}"#);
    assert_eq!(grant.client.as_str(), "bob");
    assert_eq!(opens(&access, "bob", &grant.token, NOW), Ok(()));
    assert_eq!(opens(&access, "bob", &grant.token, NOW + 59_000), Ok(()));
    for (client, token, now) in [
        ("bob", grant.token.as_str(), NOW + 60_000),
        ("eve", grant.token.as_str(), NOW),
        ("bob", "garbage", NOW),
        ("bob", "", NOW),
        ("", "", NOW),
    ] {
        assert_eq!(opens(&access, client, token, now), Err(Reject::InvalidToken), "{client}");
    }
}

#[test]
fn a_token_signed_with_another_key_or_none_is_refused() {
    // J-35
    let here = access(settings(Mode::Open));
    let key = SigningKey::from_bytes(&[8; 32]);
    let there = Access::new(settings(Mode::Open), key, Revocations::in_memory()).unwrap();
    let grant = grant(&there, r#"{"client_name":"bob"}"#);
    assert_eq!(opens(&here, "bob", &grant.token, NOW), Err(Reject::InvalidToken));
    // {"alg":"none"}.{"sub":"bob","exp":9999999999}.
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IiLCJleHAiOjk5OTk5OTk5OTl9.";
    assert_eq!(opens(&here, "bob", unsigned, NOW), Err(Reject::InvalidToken));
}

#[test]
fn a_preset_token_opens_its_client_only() {
    // J-36
    let access = access(settings(Mode::Tokens));
    let pump = access.identify("pump", "secret", None, NOW).unwrap();
    assert_eq!(pump.groups(), &groups(&["pumps"]));
    for (client, token) in [("pump", "secreT"), ("pump", "secre"), ("pump", ""), ("bob", "secret")]
    {
        assert_eq!(opens(&access, client, token, NOW), Err(Reject::InvalidToken), "{token}");
    }
}

#[test]
fn each_of_several_preset_tokens_brings_its_own_groups() {
    let preset = |token: &str, group: &str| PresetToken {
        client: "pump".into(),
        token: token.into(),
        groups: groups(&[group]),
    };
    let presets = vec![preset("one", "a"), preset("two", "b")];
    let access = access(Settings { presets, ..settings(Mode::Tokens) });
    let of = |token| access.identify("pump", token, None, NOW).unwrap().groups().clone();
    assert_eq!(of("one"), groups(&["a"]));
    assert_eq!(of("two"), groups(&["b"]));
}

#[test]
fn a_token_of_open_mode_does_not_open_a_name_that_has_become_somebodys() {
    let access = access(Settings { presets: Vec::new(), ..settings(Mode::Open) });
    let pump = grant(&access, r#"{"client_name":"pump"}"#);
    let ada = grant(&access, r#"{"client_name":"ada"}"#);
    access.replace(with_users(Mode::Open)).unwrap();
    assert_eq!(opens(&access, "pump", &pump.token, NOW), Err(Reject::InvalidToken));
    assert_eq!(opens(&access, "ada", &ada.token, NOW), Err(Reject::InvalidToken));
}

#[test]
fn a_token_that_the_application_had_signed_opens_any_name() {
    let access = access(with_users(Mode::Tokens));
    for client in ["ada", "pump", "bob"] {
        let token = access.sign(client, NOW).unwrap();
        assert_eq!(opens(&access, client, &token, NOW), Ok(()), "{client}");
    }
    assert!(access.sign("", NOW).is_err());
    assert_eq!(access.sign("12345678901", NOW).unwrap_err(), "a client id must have 1 to 10 bytes");
}

#[test]
fn a_token_ends_with_its_users_password_and_with_its_user() {
    let access = access(with_users(Mode::Tokens));
    let token = grant(&access, r#"{"client_name":"ada","password":"sesame"}"#).token;
    let changed = Settings { users: users("another", NOW + 1), ..settings(Mode::Tokens) };
    access.replace(changed).unwrap();
    assert_eq!(opens(&access, "ada", &token, NOW), Err(Reject::InvalidToken));
    access.replace(with_users(Mode::Tokens)).unwrap();
    assert_eq!(opens(&access, "ada", &token, NOW), Ok(()));
    access.replace(settings(Mode::Tokens)).unwrap();
    assert_eq!(opens(&access, "ada", &token, NOW), Err(Reject::InvalidToken));
}

#[test]
fn revoked_tokens_open_nothing_and_later_ones_do() {
    let access = access(with_issuer(Mode::Open));
    let signed = grant(&access, r#"{"client_name":"bob"}"#).token;
    access.revoke_tokens("bob", NOW).unwrap();
    assert_eq!(opens(&access, "bob", &signed, NOW), Err(Reject::InvalidToken));
    assert_eq!(opens(&access, "bob", &jwt("bob", 60), NOW), Err(Reject::InvalidToken));
    assert_eq!(opens(&access, "eve", &jwt("eve", 60), NOW), Ok(()));
    let later = access.authenticate(r#"{"client_name":"bob"}"#, None, NOW + 1).unwrap().0;
    assert_eq!(opens(&access, "bob", &later.token, NOW + 1), Ok(()));
}

#[test]
fn whoever_is_banned_is_told_why() {
    let access = access(settings(Mode::Open));
    let bob = grant(&access, r#"{"client_name":"bob"}"#);
    let ban = Ban { client: "bob".into(), until: Some(NOW + 10), reason: "spam".into() };
    access.ban(ban.clone(), NOW).unwrap();
    assert_eq!(access.bans(NOW), [ban]);
    let refused = opens(&access, "bob", &bob.token, NOW);
    assert_eq!(refused, Err(Reject::Denied("banned: spam".into())));
    assert!(access.anybody("bob", NOW).is_none());
    assert_eq!(opens(&access, "bob", &bob.token, NOW + 10), Ok(()));
}

#[test]
fn a_jwt_opens_the_client_it_names_until_it_expires() {
    let access = access(with_issuer(Mode::Tokens));
    let token = jwt("bob", 60);
    assert_eq!(opens(&access, "bob", &token, NOW + 59_999), Ok(()));
    assert_eq!(opens(&access, "bob", &token, NOW + 60_000), Err(Reject::InvalidToken));
    assert_eq!(opens(&access, "eve", &token, NOW), Err(Reject::InvalidToken));
}

#[test]
fn a_jwt_whose_keys_are_awaited_is_refused_for_now() {
    let url = || vec![corp(IssuerKeys::Url("https://corp.example".into()))];
    let access = access(Settings { issuers: url(), ..settings(Mode::Tokens) });
    let named = ("corp".to_owned(), "https://corp.example".to_owned());
    assert_eq!(access.issuers_with_urls(), [named]);
    let refused = opens(&access, "bob", &jwt("bob", 60), NOW).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the keys of issuer \"corp\" have not been fetched yet; try again later"
    );
    assert_eq!(
        access.replace_jwks("other", "{}").unwrap_err(),
        "there is no issuer \"other\" whose keys are fetched"
    );
    assert_eq!(
        access.replace_jwks("corp", "{}").unwrap_err(),
        "issuer \"corp\": its keys are no JWK set: an object with keys, a list"
    );
    assert!(access.issuers_with_unknown_keys().is_empty());
}

#[test]
fn a_jwt_that_fits_no_key_at_hand_may_fit_one_that_is_awaited() {
    let other = IssuerKeys::Secret(b"another secret of the same size.".to_vec());
    let awaited = Issuer { name: "slow".into(), ..corp(IssuerKeys::Url("https://slow".into())) };
    let access = access(Settings { issuers: vec![corp(other), awaited], ..settings(Mode::Tokens) });
    let refused = opens(&access, "bob", &jwt("bob", 60), NOW).unwrap_err();
    assert!(refused.to_string().contains("\"slow\" have not been fetched"), "{refused}");
}

#[test]
fn a_revocation_voids_jwts_of_an_issuer_whose_clock_is_ahead_too() {
    let access = access(with_issuer(Mode::Tokens));
    let issued = |iat: u64| {
        let claims = json!({ "sub": "bob", "iat": iat, "exp": NOW / 1000 + 60 });
        let key = EncodingKey::from_secret(SECRET);
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
    };
    let now = NOW / 1000;
    assert!(opens(&access, "bob", &issued(now + 5), NOW).is_ok());
    access.revoke_tokens("bob", NOW).unwrap();
    for void in [now - 5, now, now + 5, now + 10] {
        assert_eq!(opens(&access, "bob", &issued(void), NOW), Err(Reject::InvalidToken));
    }
    // Neither does one that would outlast it by far come in before its time.
    assert_eq!(opens(&access, "bob", &issued(now + 30), NOW), Err(Reject::InvalidToken));
    assert!(opens(&access, "bob", &issued(now + 11), NOW + 11_000).is_ok());
}

#[test]
fn a_certificate_opens_its_client_without_a_token() {
    let access = access(with_certificates(Mode::Tokens));
    let bob = certificate("bob", NOW + 1000);
    assert!(access.identify("bob", "", Some(&bob), NOW).is_ok());
    let nobody = certificate("", NOW + 1000);
    let ended = certificate("bob", NOW);
    let refused = [("eve", "", &bob), ("bob", "x", &bob), ("", "", &nobody), ("bob", "", &ended)];
    for (client, token, certificate) in refused {
        let reject = access.identify(client, token, Some(certificate), NOW).unwrap_err();
        assert_eq!(reject, Reject::InvalidToken, "{client}");
    }
}

#[test]
fn a_password_opens_a_session_only_where_it_may_stand_for_a_token() {
    let access = access(with_users(Mode::Tokens));
    assert!(access.has_users());
    assert_eq!(opens(&access, "ada", "sesame", NOW), Err(Reject::InvalidToken));
    let with = |client, password| {
        access.identify_by_password(client, password, NOW).map(|found| found.groups().clone())
    };
    assert_eq!(with("ada", "sesame"), Ok(groups(&["staff"])));
    for (client, password) in
        [("ada", "Sesame"), ("ada", ""), ("bob", "sesame"), ("pump", "secret")]
    {
        assert_eq!(with(client, password), Err(Reject::InvalidToken), "{client} {password}");
    }
}

#[test]
fn passwords_and_short_tokens_of_the_settings_can_be_guessed_and_nothing_else_can() {
    let preset = |client: &str, token: &str| PresetToken {
        client: client.into(),
        token: token.into(),
        groups: groups(&[]),
    };
    let access = access(Settings {
        presets: vec![preset("short", "fifteen-letters"), preset("long", "sixteen--letters")],
        users: users("sesame", NOW - 1000),
        accepts_certificates: true,
        ..with_issuer(Mode::Open)
    });
    let bob = certificate("bob", NOW + 1000);
    let signed = access.sign("bob", NOW).unwrap();
    let is_guessable = |client: &str, token: &str| {
        access.identify(client, token, Some(&bob), NOW).unwrap().is_guessable()
    };
    assert!(is_guessable("short", "fifteen-letters"));
    assert!(!is_guessable("long", "sixteen--letters"));
    assert!(!is_guessable("bob", &signed) && !is_guessable("bob", &jwt("bob", 60)));
    assert!(!is_guessable("bob", "") && !access.anybody("bob", NOW).unwrap().is_guessable());
    assert!(access.identify_by_password("ada", "sesame", NOW).unwrap().is_guessable());
}
