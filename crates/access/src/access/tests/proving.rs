//! What gives a client a token.

use super::*;

#[test]
fn every_refusal_says_why() {
    // J-28, J-29
    let open = access(settings(Mode::Open));
    let unknown = [
        r#""ada""#,
        "null",
        "{}",
        r#"["ada"]"#,
        r#"{"client_name":7}"#,
        r#"{"login":{"email":"a@b","password":"p"}}"#,
        r#"{"jwt":"a.b.c"}"#,
    ];
    for data in unknown {
        let refusal = refusal(&open, data);
        assert_eq!(refusal.reject, Reject::InvalidPacket, "{data}");
        assert_eq!(refusal.message, "dt must be an object with client_name, a text", "{data}");
    }
    for data in [r#"{"client_name":""}"#, r#"{"client_name":"12345678901"}"#] {
        let refusal = refusal(&open, data);
        assert_eq!(refusal.reject, Reject::InvalidPacket, "{data}");
        assert_eq!(refusal.message, "client_name must have 1 to 10 bytes", "{data}");
    }
    let closed = refusal(&access(settings(Mode::Tokens)), r#"{"client_name":"bob"}"#);
    assert_eq!(closed.reject, Reject::NotAllowed);
    assert_eq!(
        closed.message,
        "this server gives no tokens: connect with the client id and token you were given"
    );
}

#[test]
fn open_mode_gives_no_token_for_names_that_must_be_proved() {
    // J-36
    let access = access(with_users(Mode::Open));
    let preset = refusal(&access, r#"{"client_name":"pump"}"#);
    assert_eq!(preset.reject, Reject::NotAllowed);
    assert_eq!(preset.message, "this client id has a preset token: use that");
    let user = refusal(&access, r#"{"client_name":"ada"}"#);
    assert_eq!(user.reject, Reject::NotAllowed);
    assert_eq!(user.message, "this client id is a user's: send its password");
    assert!(access.anybody("pump", NOW).is_none() && access.anybody("ada", NOW).is_none());
    assert!(access.anybody("bob", NOW).is_some());
}

#[test]
fn a_password_gives_its_user_a_token_in_either_mode() {
    let forms = [
        r#"{"client_name":"ada","password":"sesame"}"#,
        r#"{"login":{"email":"ada","password":"sesame"}}"#,
        r#"{"login":{"user":"ada","password":"sesame"}}"#,
    ];
    for mode in [Mode::Open, Mode::Tokens] {
        let access = access(with_users(mode));
        for data in forms {
            let (grant, identity) = access.authenticate(data, None, NOW).unwrap();
            assert_eq!(grant.client.as_str(), "ada");
            assert_eq!(identity.groups(), &groups(&["staff"]));
            assert!(matches!(identity.proof(), Proof::Password { shown_at: NOW }));
            let opened = access.identify("ada", &grant.token, None, NOW).unwrap();
            let Proof::Signed { origin, .. } = opened.proof() else { panic!("not signed") };
            assert_eq!(*origin, TokenOrigin::Password);
        }
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_refused_alike() {
    let access = access(with_users(Mode::Open));
    let wrong = [
        r#"{"client_name":"ada","password":"Sesame"}"#,
        r#"{"client_name":"ada","password":""}"#,
        r#"{"client_name":"bob","password":"sesame"}"#,
        r#"{"login":{"email":"pump","password":"secret"}}"#,
    ];
    for data in wrong {
        let refusal = refusal(&access, data);
        assert_eq!(refusal.reject, Reject::Failed("name or password is wrong".into()), "{data}");
        assert_eq!(refusal.message, "name or password is wrong", "{data}");
    }
}

#[test]
fn where_there_are_no_users_a_password_beside_the_name_means_nothing() {
    let open = access(settings(Mode::Open));
    assert_eq!(grant(&open, r#"{"client_name":"bob","password":"x"}"#).client.as_str(), "bob");
}

#[test]
fn only_data_with_a_password_takes_long() {
    assert!(Access::has_password(r#"{"client_name":"ada","password":"x"}"#));
    assert!(Access::has_password(r#"{"login":{"name":"ada","password":"x"}}"#));
    for data in ["{}", "", r#"{"client_name":"ada"}"#, r#"{"jwt":"a"}"#] {
        assert!(!Access::has_password(data), "{data}");
    }
}

#[test]
fn data_claims_the_name_it_has() {
    let of = |data| Access::claimed_name(data);
    assert_eq!(of(r#"{"client_name":"ada","password":"x"}"#).as_deref(), Some("ada"));
    assert_eq!(of(r#"{"login":{"email":"a@b","password":"x"}}"#).as_deref(), Some("a@b"));
    assert_eq!(of(r#"{"client_name":"ada"}"#).as_deref(), Some("ada"));
    for data in ["", "{}", r#"{"jwt":"a.b.c"}"#] {
        assert_eq!(of(data), None, "{data}");
    }
}

#[test]
fn a_jwt_is_given_back_as_the_token_of_the_client_it_names() {
    let access = access(with_issuer(Mode::Tokens));
    let token = jwt("bob", 60);
    let (grant, identity) =
        access.authenticate(&json!({ "jwt": token }).to_string(), None, NOW).unwrap();
    assert_eq!(grant, Grant { client: "bob".to_owned().into(), token: token.clone() });
    assert_eq!(identity.groups(), &groups(&["guests"]));
    assert_eq!(opens(&access, "bob", &token, NOW), Ok(()));
}

#[test]
fn a_wrong_jwt_is_refused_with_the_reason_and_without_the_token() {
    let access = access(with_issuer(Mode::Tokens));
    let of = |token: String| refusal(&access, &json!({ "jwt": token }).to_string());
    let expired = of(jwt("bob", 0));
    assert_eq!(expired.reject, Reject::Failed("the token has expired".into()));
    assert_eq!(expired.message, "the token has expired");
    let none = of("sesame".to_owned());
    assert_eq!(none.message, "the token is no JWT, or is signed in no way that is known here");
}

#[test]
fn a_certificate_gives_its_client_a_token_for_connections_that_have_it() {
    let access = access(with_certificates(Mode::Tokens));
    let bob = certificate("bob", NOW + 3_600_000);
    for data in ["{}", r#"{"client_name":"bob"}"#] {
        let (grant, identity) = access.authenticate(data, Some(&bob), NOW).unwrap();
        assert_eq!(grant.client.as_str(), "bob");
        assert!(matches!(identity.proof(), Proof::Certificate));
        assert!(access.identify("bob", &grant.token, Some(&bob), NOW).is_ok());
        assert_eq!(opens(&access, "bob", &grant.token, NOW), Err(Reject::InvalidToken));
    }
    let other = access.authenticate(r#"{"client_name":"eve"}"#, Some(&bob), NOW).unwrap_err();
    assert_eq!(other.reject, Reject::NotAllowed);
    let long = certificate("12345678901", NOW + 1000);
    let long = access.authenticate("{}", Some(&long), NOW).unwrap_err();
    assert_eq!(long.reject, Reject::InvalidPacket);
}

#[test]
fn a_token_that_a_certificate_gave_does_not_outlive_it() {
    let access = access(with_certificates(Mode::Tokens));
    let (short, long) = (certificate("bob", NOW + 6_000), certificate("bob", NOW + 3_600_000));
    let token = access.authenticate("{}", Some(&short), NOW).unwrap().0.token;
    let opens = |now| access.identify("bob", &token, Some(&long), now).is_ok();
    assert!(opens(NOW + 5_999));
    assert!(!opens(NOW + 6_000), "not even on a connection with a later certificate");
    let token = access.authenticate("{}", Some(&long), NOW).unwrap().0.token;
    assert!(access.identify("bob", &token, Some(&long), NOW + 59_999).is_ok());
    assert!(access.identify("bob", &token, Some(&long), NOW + 60_000).is_err(), "its own lifetime");
}

#[test]
fn what_nobody_can_guess_shows_who_somebody_is_and_a_name_alone_or_a_password_does_not() {
    let users = users("sesame", NOW - 1000);
    let access = access(Settings { accepts_certificates: true, users, ..with_issuer(Mode::Open) });
    let bob = certificate("bob", NOW + 1000);
    let shows = |data: &str, certificate| access.shows_proof(data, certificate, NOW);
    assert!(shows(&format!(r#"{{"jwt":"{}"}}"#, jwt("ada", 60)), None));
    assert!(!shows(r#"{"jwt":"a.b.c"}"#, None));
    assert!(shows("{}", Some(&bob)) && shows(r#"{"client_name":"bob"}"#, Some(&bob)));
    assert!(!shows("{}", None) && !shows(r#"{"client_name":"bob"}"#, None));
    assert!(!shows(r#"{"client_name":"ada"}"#, Some(&bob)));
    assert!(!shows(r#"{"client_name":"bob","password":"x"}"#, Some(&bob)));
    assert!(Access::is_trial(r#"{"jwt":"a.b.c"}"#));
    assert!(Access::is_trial(r#"{"client_name":"bob","password":"x"}"#));
    assert!(!Access::is_trial(r#"{"client_name":"bob"}"#) && !Access::is_trial("{}"));
}

#[test]
fn a_certificate_shows_nothing_where_it_is_not_configured() {
    let access = access(settings(Mode::Tokens));
    let bob = certificate("bob", NOW + 1000);
    let refused = access.authenticate("{}", Some(&bob), NOW).unwrap_err();
    assert_eq!(refused.reject, Reject::InvalidPacket);
    assert_eq!(access.identify("bob", "", Some(&bob), NOW).unwrap_err(), Reject::InvalidToken);
}

#[test]
fn whoever_is_banned_is_told_so_only_after_showing_who_it_is() {
    let access = access(with_users(Mode::Open));
    let ban = Ban { client: "ada".into(), until: None, reason: "spam".into() };
    access.ban(ban, NOW).unwrap();
    let right = refusal(&access, r#"{"client_name":"ada","password":"sesame"}"#);
    assert_eq!(right.reject, Reject::Denied("banned: spam".into()));
    assert_eq!(right.message, "banned: spam");
    let wrong = refusal(&access, r#"{"client_name":"ada","password":"x"}"#);
    assert_eq!(wrong.message, "name or password is wrong");
}
