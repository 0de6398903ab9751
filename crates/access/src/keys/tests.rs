use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use serde_json::json;

use super::*;

const SECRET: &[u8] = b"thirty-two bytes make a secret..";
const ALL: [Algorithm; 12] = [
    Algorithm::HS256,
    Algorithm::HS384,
    Algorithm::HS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

fn algorithms(set: Result<KeySet, String>) -> Vec<Algorithm> {
    set.unwrap().0.into_iter().flat_map(|key| key.algorithms).collect()
}

fn reason(set: Result<KeySet, String>) -> String {
    set.err().expect("the keys are refused")
}

fn secret_jwk(id: &str) -> Value {
    // Base64 of 33 bytes.
    json!({ "kty": "oct", "kid": id, "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2Vj" })
}

#[test]
fn a_key_is_only_for_the_algorithms_of_its_kind_and_curve() {
    let pem = |algorithm| KeyPair::generate_for(algorithm).unwrap().public_key_pem();
    let of_pem = |pem: &str| algorithms(KeySet::of_pem(pem, &ALL));
    assert_eq!(algorithms(KeySet::of_secret(SECRET, &ALL)), ALL[..3]);
    assert_eq!(of_pem(&pem(&PKCS_ECDSA_P256_SHA256)), [Algorithm::ES256]);
    assert_eq!(of_pem(&pem(&PKCS_ECDSA_P384_SHA384)), [Algorithm::ES384]);
    assert_eq!(of_pem(&pem(&PKCS_ED25519)), [Algorithm::EdDSA]);
}

#[test]
fn keys_that_cannot_be_used_are_refused_without_being_shown() {
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    assert_eq!(
        reason(KeySet::of_secret(b"short", &ALL)),
        "its secret has 5 bytes; at least 32 are needed"
    );
    assert_eq!(
        reason(KeySet::of_secret(SECRET, &[Algorithm::RS256])),
        "its key fits none of its algorithms"
    );
    assert_eq!(
        reason(KeySet::of_pem(&pair.public_key_pem(), &[Algorithm::HS256])),
        "its key fits none of its algorithms"
    );
    assert_eq!(
        reason(KeySet::of_pem(&pair.serialize_pem(), &ALL)),
        "its PEM file holds a private key; give the public one"
    );
    assert_eq!(
        reason(KeySet::of_pem("sesame", &ALL)),
        "its PEM file holds no public RSA, EC or Ed25519 key"
    );
    let no_set = "its keys are no JWK set: an object with keys, a list";
    for json in ["", "[]", "{}", r#"{"keys":7}"#] {
        assert_eq!(reason(KeySet::of_jwks(json, &ALL, Secrets::Allowed)), no_set, "{json}");
    }
}

#[test]
fn keys_of_unknown_kinds_are_left_out_of_a_set() {
    let with_use = |usage: &str| {
        let mut jwk = secret_jwk("b");
        jwk["use"] = json!(usage);
        jwk
    };
    let set = json!({ "keys": [
        { "kty": "new", "kid": "a" },
        { "kty": "RSA" },
        with_use("enc"),
        with_use("sig"),
        7,
    ] });
    let set = KeySet::of_jwks(&set.to_string(), &ALL, Secrets::Allowed).unwrap();
    assert_eq!(set.0.len(), 1);
    let none = json!({ "keys": [{ "kty": "new" }] }).to_string();
    assert_eq!(
        reason(KeySet::of_jwks(&none, &ALL, Secrets::Allowed)),
        "none of its keys fits its algorithms"
    );
}

#[test]
fn a_jwk_that_names_its_algorithm_is_for_no_other() {
    let mut jwk = secret_jwk("a");
    jwk["alg"] = json!("HS384");
    let set = json!({ "keys": [jwk] }).to_string();
    assert_eq!(algorithms(KeySet::of_jwks(&set, &ALL, Secrets::Allowed)), [Algorithm::HS384]);
}

#[test]
fn a_secret_in_a_published_set_is_none() {
    let set = json!({ "keys": [secret_jwk("a")] }).to_string();
    assert!(KeySet::of_jwks(&set, &ALL, Secrets::Allowed).is_ok());
    assert!(KeySet::of_jwks(&set, &ALL, Secrets::Ignored).is_err());
}

#[test]
fn a_key_is_chosen_by_its_id_and_one_without_may_be_meant_by_any() {
    let mut nameless = secret_jwk("");
    nameless.as_object_mut().unwrap().remove("kid");
    let set = json!({ "keys": [secret_jwk("a"), secret_jwk("b"), nameless] }).to_string();
    let set = KeySet::of_jwks(&set, &ALL, Secrets::Allowed).unwrap();
    let ids = |named| set.candidates(named).map(|key| key.id.as_deref()).collect::<Vec<_>>();
    assert_eq!(ids(Some("a")), [Some("a"), None]);
    assert_eq!(ids(Some("z")), [None]);
    assert_eq!(ids(None), [Some("a"), Some("b"), None]);
}
