use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    RsaKeySize,
};
use serde_json::json;

use super::*;

const NOW: UnixMs = 1_800_000_000_000;
const NOW_S: u64 = NOW / 1000;
const SECRET: &[u8] = b"thirty-two bytes make a secret..";
const ID_BYTES_MAX: usize = 10;

fn issuer(algorithms: &[Algorithm], keys: IssuerKeys) -> Issuer {
    Issuer {
        name: "corp".to_owned(),
        algorithms: algorithms.to_vec(),
        keys,
        issuer: None,
        audience: Vec::new(),
        client_claim: "sub".to_owned(),
        groups_claim: "groups".to_owned(),
        rights_claim: "rialto".to_owned(),
    }
}

fn with_secret() -> Issuer {
    issuer(&[Algorithm::HS256], IssuerKeys::Secret(SECRET.to_vec()))
}

fn with_url() -> Issuer {
    issuer(&[Algorithm::ES256], IssuerKeys::Url("https://corp.example/jwks".to_owned()))
}

fn claims() -> Value {
    json!({ "sub": "ada", "exp": NOW_S + 60 })
}

/// Returns the usual claims with one of another value.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn claims_without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn token(header: &Header, key: &EncodingKey, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, key).unwrap()
}

fn secret_token(claims: &Value) -> String {
    token(&Header::new(Algorithm::HS256), &EncodingKey::from_secret(SECRET), claims)
}

fn verify(issuer: Issuer, token: &str) -> Result<Identity, JwtError> {
    Verifier::new(issuer).unwrap().verify(token, ID_BYTES_MAX, NOW)
}

fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

/// An issuer's key for ES256, with the id by which its tokens name it.
struct NamedKey {
    id: &'static str,
    key: EncodingKey,
}

impl NamedKey {
    fn new(id: &'static str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        NamedKey { id, key: EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap() }
    }

    fn token(&self) -> String {
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(Algorithm::ES256) };
        token(&header, &self.key, &claims())
    }
}

fn set_of(keys: &[&NamedKey]) -> String {
    let jwk = |key: &&NamedKey| {
        let mut jwk = Jwk::from_encoding_key(&key.key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some(key.id.to_owned());
        jwk
    };
    json!({ "keys": keys.iter().map(jwk).collect::<Vec<_>>() }).to_string()
}

#[test]
fn each_algorithm_is_verified_with_the_public_key() {
    let p256 = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let ed = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let rsa = rsa();
    let private = |pair: &KeyPair| pair.serialize_pem().into_bytes();
    let of_rsa = EncodingKey::from_rsa_pem(&private(&rsa)).unwrap();
    let cases = [
        (Algorithm::RS256, of_rsa.clone(), &rsa),
        (Algorithm::RS512, of_rsa.clone(), &rsa),
        (Algorithm::PS256, of_rsa.clone(), &rsa),
        (Algorithm::PS384, of_rsa, &rsa),
        (Algorithm::ES256, EncodingKey::from_ec_pem(&private(&p256)).unwrap(), &p256),
        (Algorithm::ES384, EncodingKey::from_ec_pem(&private(&p384)).unwrap(), &p384),
        (Algorithm::EdDSA, EncodingKey::from_ed_pem(&private(&ed)).unwrap(), &ed),
    ];
    for (algorithm, key, pair) in cases {
        let issuer = issuer(&[algorithm], IssuerKeys::Pem(pair.public_key_pem()));
        let token = token(&Header::new(algorithm), &key, &claims());
        assert_eq!(verify(issuer, &token).unwrap().account(), "ada", "{algorithm:?}");
    }
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let issuer = issuer(&[algorithm], IssuerKeys::Secret(SECRET.to_vec()));
        let token = token(&Header::new(algorithm), &EncodingKey::from_secret(SECRET), &claims());
        assert_eq!(verify(issuer, &token).unwrap().account(), "ada", "{algorithm:?}");
    }
}

#[test]
fn the_algorithm_is_the_issuers_and_never_the_tokens() {
    let pair = rsa();
    let public = pair.public_key_pem();
    let rs_only = || issuer(&[Algorithm::RS256], IssuerKeys::Pem(public.clone()));
    // The oldest trick: the public key, which all know, as a shared secret.
    let forged = token(
        &Header::new(Algorithm::HS256),
        &EncodingKey::from_secret(public.as_bytes()),
        &claims(),
    );
    assert_eq!(verify(rs_only(), &forged).unwrap_err(), JwtError::WrongAlgorithm);
    let both = issuer(&[Algorithm::RS256, Algorithm::HS256], IssuerKeys::Pem(public.clone()));
    assert_eq!(verify(both, &forged).unwrap_err(), JwtError::WrongAlgorithm);

    let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
    let other = token(&Header::new(Algorithm::RS512), &key, &claims());
    assert_eq!(verify(rs_only(), &other).unwrap_err(), JwtError::WrongAlgorithm);
}

#[test]
fn a_token_without_a_signature_is_none() {
    // {"alg":"none"}.{"sub":"bob","exp":9999999999}.
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IiLCJleHAiOjk5OTk5OTk5OTl9.";
    for text in [unsigned, "", ".", "..", "a.b.c", "sesame"] {
        assert_eq!(verify(with_secret(), text).unwrap_err(), JwtError::NoJwt, "{text}");
    }
    let good = secret_token(&claims());
    let (start, _) = good.rsplit_once('.').unwrap();
    let cut = verify(with_secret(), &format!("{start}.")).unwrap_err();
    assert_eq!(cut, JwtError::WrongSignature);
}

#[test]
fn a_token_of_another_key_is_refused() {
    let key = EncodingKey::from_secret(b"another secret of the same size.");
    let other = token(&Header::new(Algorithm::HS256), &key, &claims());
    assert_eq!(verify(with_secret(), &other).unwrap_err(), JwtError::WrongSignature);
}

#[test]
fn what_a_token_calls_critical_is_not_understood() {
    let header = Header { crit: Some(vec!["exp".to_owned()]), ..Header::new(Algorithm::HS256) };
    let token = token(&header, &EncodingKey::from_secret(SECRET), &claims());
    assert_eq!(verify(with_secret(), &token).unwrap_err(), JwtError::NoJwt);
}

#[test]
fn a_token_needs_an_expiry_that_is_not_over() {
    let at = |exp: Value| verify(with_secret(), &secret_token(&claims_with("exp", exp)));
    assert!(at(json!(NOW_S + 1)).is_ok());
    assert!(at(json!(NOW_S as f64 + 0.5)).is_ok());
    assert!(at(json!(1e300)).is_ok());
    assert_eq!(at(json!(NOW_S)).unwrap_err(), JwtError::Expired);
    assert_eq!(at(json!(-1)).unwrap_err(), JwtError::Expired);
    let without = verify(with_secret(), &secret_token(&claims_without("exp")));
    assert_eq!(without.unwrap_err(), JwtError::NoExpiry);
}

#[test]
fn a_token_is_not_valid_before_its_time_but_for_clocks_that_differ_a_little() {
    let from = |nbf: u64| verify(with_secret(), &secret_token(&claims_with("nbf", json!(nbf))));
    assert!(from(NOW_S + 10).is_ok());
    assert_eq!(from(NOW_S + 11).unwrap_err(), JwtError::NotYet);
}

#[test]
fn a_token_that_is_issued_in_the_future_is_not_valid_yet() {
    let issued = |iat: u64| verify(with_secret(), &secret_token(&claims_with("iat", json!(iat))));
    assert!(issued(NOW_S + 10).is_ok());
    assert_eq!(issued(NOW_S + 11).unwrap_err(), JwtError::NotYet);
}

#[test]
fn times_issuer_and_audience_of_another_type_are_refused_whether_they_are_asked_for_or_not() {
    let of = |name: &str, value: &Value| {
        verify(with_secret(), &secret_token(&claims_with(name, value.clone()))).map(|_| ())
    };
    let a_number = "a number of seconds";
    for name in ["exp", "nbf", "iat"] {
        for wrong in [json!((NOW_S + 5).to_string()), json!("soon"), json!(""), Value::Null] {
            let expected = Err(JwtError::WrongType(name, a_number));
            assert_eq!(of(name, &wrong), expected, "{name} {wrong}");
        }
        // Some of these the library cannot read at all.
        for wrong in [json!(true), json!([NOW_S]), json!({})] {
            assert!(of(name, &wrong).is_err(), "{name} {wrong}");
        }
    }
    for wrong in [json!(7), json!(["corp"]), Value::Null] {
        assert_eq!(of("iss", &wrong), Err(JwtError::WrongType("iss", "a text")), "{wrong}");
    }
    for wrong in [json!(7), json!(["rialto", 7]), json!({}), Value::Null] {
        let expected = Err(JwtError::WrongType("aud", "a text or a list of texts"));
        assert_eq!(of("aud", &wrong), expected, "{wrong}");
    }
    let error = of("nbf", &json!("1800000005")).unwrap_err().to_string();
    assert_eq!(error, "the token's claim \"nbf\" must be a number of seconds");
}

#[test]
fn issuer_and_audience_are_compared_where_they_are_configured() {
    let corp = || Issuer {
        issuer: Some("corp".to_owned()),
        audience: vec!["rialto".to_owned(), "broker".to_owned()],
        ..with_secret()
    };
    let of = |iss: Value, aud: Value| {
        let mut claims = claims_with("iss", iss);
        claims["aud"] = aud;
        verify(corp(), &secret_token(&claims)).map(|_| ())
    };
    assert_eq!(of(json!("corp"), json!("rialto")), Ok(()));
    assert_eq!(of(json!("corp"), json!(["shop", "broker"])), Ok(()));
    assert_eq!(of(json!("evil"), json!("rialto")), Err(JwtError::WrongIssuer));
    assert_eq!(of(Value::Null, json!("rialto")), Err(JwtError::WrongIssuer));
    assert_eq!(of(json!("corp"), json!("shop")), Err(JwtError::WrongAudience));
    assert_eq!(of(json!("corp"), json!([])), Err(JwtError::WrongAudience));
    let unasked = verify(with_secret(), &secret_token(&claims_with("aud", json!("shop"))));
    assert!(unasked.is_ok());
}

#[test]
fn claims_say_who_the_client_is_and_what_it_may() {
    let claims = json!({
        "sub": "ada", "exp": NOW_S + 60, "iat": NOW_S - 5, "tenant": 7,
        "groups": ["staff", "admins"], "rialto": { "publish": ["a/*"] },
    });
    let identity = verify(with_secret(), &secret_token(&claims)).unwrap();
    assert_eq!(identity.groups().iter().collect::<Vec<_>>(), ["admins", "staff"]);
    assert_eq!(identity.claims()["tenant"], 7);
    let grants = identity.grants().unwrap();
    assert_eq!(grants.patterns(rialto_domain::Action::Publish), ["a/*"]);
    let Proof::Jwt { issuer, issued_at, expires } = identity.proof() else { panic!("no JWT") };
    assert_eq!((issuer.as_str(), *issued_at, *expires), ("corp", NOW - 15_000, NOW + 60_000));

    let plain = verify(with_secret(), &secret_token(&claims_with("groups", json!("staff"))));
    let plain = plain.unwrap();
    assert_eq!(plain.groups().iter().collect::<Vec<_>>(), ["staff"]);
    assert!(plain.grants().is_none());
}

#[test]
fn claims_of_another_form_are_refused_by_name() {
    let of = |name: &str, value: Value| {
        let token = secret_token(&claims_with(name, value));
        verify(with_secret(), &token).unwrap_err().to_string()
    };
    let no_client = "the token names no client: its claim \"sub\" must be a text of 1 to 10 bytes";
    for client in [json!(7), json!(""), json!("elevenbytes"), Value::Null] {
        assert_eq!(of("sub", client), no_client);
    }
    for groups in [json!(7), json!(["staff", 7]), json!({}), Value::Null] {
        assert_eq!(of("groups", groups), "the token's claim \"groups\" must be a list of texts");
    }
    for rights in [json!({ "publish": 7 }), json!({ "publish": null }), json!([]), Value::Null] {
        assert_eq!(
            of("rialto", rights),
            "the token's claim \"rialto\" must be an object of lists of patterns: publish, subscribe, control, \
             p2p, history"
        );
    }
}

#[test]
fn keys_of_a_url_are_awaited_and_replaced() {
    let (old, new) = (NamedKey::new("old"), NamedKey::new("new"));
    let verifier = Verifier::new(with_url()).unwrap();
    let verify = |token: &str| verifier.verify(token, ID_BYTES_MAX, NOW).map(|_| ());
    let awaited = verify(&old.token()).unwrap_err();
    assert_eq!(
        awaited.to_string(),
        "the keys of issuer \"corp\" have not been fetched yet; try again later"
    );

    verifier.replace_keys(&set_of(&[&old])).unwrap();
    assert_eq!(verify(&old.token()), Ok(()));
    assert!(!verifier.take_unknown_key());
    assert_eq!(verify(&new.token()), Err(JwtError::UnknownKey));
    assert!(verifier.take_unknown_key() && !verifier.take_unknown_key());

    verifier.replace_keys(&set_of(&[&new])).unwrap();
    assert_eq!(verify(&new.token()), Ok(()));
    assert_eq!(verify(&old.token()), Err(JwtError::UnknownKey));

    verifier.replace_keys("{}").unwrap_err();
    assert_eq!(verify(&new.token()), Ok(()), "the present keys stay");
}

#[test]
fn a_token_with_anothers_key_id_is_refused() {
    let (one, other) = (NamedKey::new("one"), NamedKey::new("other"));
    let verifier = Verifier::new(with_url()).unwrap();
    verifier.replace_keys(&set_of(&[&one, &other])).unwrap();
    let forged = NamedKey { id: "other", key: one.key.clone() };
    let refused = verifier.verify(&forged.token(), ID_BYTES_MAX, NOW).unwrap_err();
    assert_eq!(refused, JwtError::WrongSignature);
}

#[test]
fn fetched_keys_are_inherited_from_the_same_address_only() {
    let key = NamedKey::new("a");
    let earlier = Verifier::new(with_url()).unwrap();
    earlier.replace_keys(&set_of(&[&key])).unwrap();
    let same = Verifier::new(with_url()).unwrap();
    same.inherit_keys(&earlier);
    assert!(same.verify(&key.token(), ID_BYTES_MAX, NOW).is_ok());

    let keys = IssuerKeys::Url("https://elsewhere.example/jwks".to_owned());
    let other = Verifier::new(Issuer { keys, ..with_url() }).unwrap();
    other.inherit_keys(&earlier);
    let refused = other.verify(&key.token(), ID_BYTES_MAX, NOW).unwrap_err();
    assert_eq!(refused, JwtError::NotFetched("corp".to_owned()));
}

#[test]
fn keys_are_not_in_debug() {
    let shown = format!("{:?}", with_secret());
    assert!(shown.contains("corp") && !shown.contains("116"), "{shown}");
}
