use super::*;

const NOW: UnixMs = 1_800_000_000_000;

fn access(mode: Mode) -> Access {
    let settings = Settings {
        mode,
        token_lifetime: Duration::from_secs(60),
        presets: vec![PresetToken { client: "pump".into(), token: "secret".into() }],
        client_id_bytes_max: 10,
    };
    Access::new(settings, SigningKey::from_bytes(&[7; 32]))
}

#[test]
fn a_token_opens_the_session_of_its_client_only_until_it_expires() {
    // J-27, J-35
    let access = access(Mode::Open);
    let grant = access.authenticate(r#"{"client_name":"bob"}"#, NOW).unwrap();
    assert_eq!(grant.client.as_str(), "bob");
    assert_eq!(access.admit("bob", &grant.token, NOW), Ok(()));
    assert_eq!(access.admit("bob", &grant.token, NOW + 59_000), Ok(()));
    assert_eq!(access.admit("bob", &grant.token, NOW + 60_000), Err(Reject::InvalidToken));
    assert_eq!(access.admit("eve", &grant.token, NOW), Err(Reject::InvalidToken));
    assert_eq!(access.admit("bob", "garbage", NOW), Err(Reject::InvalidToken));
}

#[test]
fn a_token_signed_with_another_key_or_none_is_refused() {
    // J-35
    let access = access(Mode::Open);
    let other = Access::new(access.settings.clone(), SigningKey::from_bytes(&[8; 32]));
    let grant = other.authenticate(r#"{"client_name":"bob"}"#, NOW).unwrap();
    assert_eq!(access.admit("bob", &grant.token, NOW), Err(Reject::InvalidToken));
    // {"alg":"none"}.{"sub":"bob","exp":9999999999}.
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IiLCJleHAiOjk5OTk5OTk5OTl9.";
    assert_eq!(access.admit("bob", unsigned, NOW), Err(Reject::InvalidToken));
}

#[test]
fn a_preset_token_opens_its_client_and_cannot_be_got_by_asking() {
    // J-36
    let access = access(Mode::Open);
    assert_eq!(access.admit("pump", "secret", NOW), Ok(()));
    assert_eq!(access.admit("pump", "secreT", NOW), Err(Reject::InvalidToken));
    let refusal = access.authenticate(r#"{"client_name":"pump"}"#, NOW).unwrap_err();
    assert_eq!(refusal.reject, Reject::NotAllowed);
}

#[test]
fn every_refusal_says_why() {
    // J-28, J-29
    let open = access(Mode::Open);
    let unknown =
        [r#""ada""#, "null", "{}", r#"["ada"]"#, r#"{"client_name":""}"#, r#"{"client_name":7}"#];
    for data in unknown {
        let refusal = open.authenticate(data, NOW).unwrap_err();
        assert_eq!(refusal.reject, Reject::InvalidPacket, "{data}");
        assert!(!refusal.message.is_empty(), "{data}");
    }
    let too_long = open.authenticate(r#"{"client_name":"12345678901"}"#, NOW).unwrap_err();
    assert_eq!(too_long.message, "client_name must have 1 to 10 bytes");
    let closed = access(Mode::Tokens).authenticate(r#"{"client_name":"bob"}"#, NOW).unwrap_err();
    assert_eq!(closed.reject, Reject::NotAllowed);
}
